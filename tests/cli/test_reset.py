from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from paddock.workspace import shelf
from paddock.workspace.ignored import layers
from tests.capabilities import needs


@pytest.fixture
def kept(monkeypatch, person, repo) -> Path:
    """A layer with two files, one of them in a directory with an odd name."""
    monkeypatch.setenv("XDG_STATE_HOME", person.environ["XDG_STATE_HOME"])
    tree = Path(person.environ["XDG_STATE_HOME"]) / "tree"
    (tree / "node_modules/\x1b[31m").mkdir(parents=True)
    (tree / "node_modules/a").write_text("a" * 5000)
    (tree / "node_modules/\x1b[31m/b").write_text("b")
    assert layers.publish(str(repo), os.stat(repo), str(tree))
    return Path(shelf.ignored_home_of(str(repo)))


def test_nothing_kept_is_no_failure(person, repo) -> None:
    done = person.call("reset", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "no ignored files are kept\n")


def test_how_much_is_kept_is_told_and_nothing_dropped(person, repo, kept) -> None:
    (repo / "below").mkdir()
    done = person.call("reset", "--dry-run", cwd=repo / "below")
    assert done.stdout == f"would drop the ignored files kept for {repo} (2 files, 12.0 KiB)\n"
    assert len(layers.names_in(str(kept))) == 1
    shown = person.call("changes", cwd=repo).stdout
    assert (
        shown
        == "no changes are held\nignored files kept for all sandboxes here: 2 files, 12.0 KiB; paddock reset drops them\n"
    )


def test_without_anybody_to_ask_it_needs_a_yes(person, repo, kept) -> None:
    done = person.call("reset", cwd=repo)
    assert done.returncode == 125
    assert "--yes" in done.stderr
    assert kept.exists()


def test_dropped_it_is_gone(person, repo, kept) -> None:
    data = json.loads(person.call("reset", "--yes", "--json", cwd=repo).stdout)
    wanted = {"schema": 1, "repository": str(repo), "files": 2, "size_bytes": 12288, "complete": True, "dropped": True}
    assert data == wanted
    assert not kept.exists()
    assert os.listdir(kept.parent) == []


@needs("bubblewrap", "overlay")
def test_what_a_sandbox_has_mounted_is_not_dropped(person, repo, kept) -> None:
    held = layers.hold(str(repo), os.stat(repo))
    assert held is not None
    done = person.call("reset", "--yes", cwd=repo)
    assert done.returncode == 125
    assert "in use" in done.stderr
    assert "paddock ps" in done.stderr
    held.close()
    assert person.call("reset", "--yes", cwd=repo).returncode == 0


def test_of_a_repository_that_is_not_there_any_more(person, repo, kept, tmp_path) -> None:
    repo.rename(tmp_path / "moved")
    line = person.call("changes", "--all", cwd=tmp_path).stdout.splitlines()[-1]
    assert line == f"ignored files kept: 2 files, 12.0 KiB  {repo}"
    assert person.call("reset", "--yes", str(repo), cwd=tmp_path).returncode == 0
    assert not kept.exists()
