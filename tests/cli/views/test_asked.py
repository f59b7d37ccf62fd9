from __future__ import annotations

import argparse
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.cli.views import asked
from paddock.workspace import shelf, store
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.outcome import Outcome
    from tests.conftest import Person

pytestmark = [needs("bubblewrap", "overlay", "git")]
WORK = "mkdir -p dist node_modules/.bin; echo app > dist/app.txt; echo x > dist/more.txt; echo x > node_modules/.bin/tool; chmod +x node_modules/.bin/tool"


@pytest.fixture
def built(person: Person, repo: Path) -> Path:
    """A sandbox has left ignored files."""
    (repo / ".gitignore").write_text("node_modules/\n/dist/\n")
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.test")
    for words in (("add", "--all"), ("commit", "-q", "-m", "state")):
        subprocess.run(["git", *settings, *words], cwd=repo, check=True, capture_output=True)
    done = person.call("run", "--json", "--", "sh", "-c", WORK, cwd=repo)
    data = json.loads(done.stdout)
    assert sorted(data["ignored"]) == ["dist/", "node_modules/"]
    assert (data["changes"], data["change_set"]) == (0, None)
    return repo


def test_what_is_asked_for_by_path_comes_and_nothing_else(person: Person, built: Path) -> None:
    done = person.call("apply", "--ignored", "--yes", "app.txt", cwd=built)
    assert done.returncode == 125
    assert "no ignored file is kept at 'app.txt'" in done.stderr
    done = person.call("apply", "--ignored", "--yes", "dist/app.txt", cwd=built)
    assert done.returncode == 0, done.stderr
    assert (built / "dist/app.txt").read_text() == "app\n"
    assert sorted(os.listdir(built / "dist")) == ["app.txt"]
    assert not (built / "node_modules").exists()
    assert "no changes are held" in person.call("changes", cwd=built).stdout
    assert person.call("undo", cwd=built).returncode == 0
    assert not (built / "dist").exists()


def test_what_is_a_hazard_waits_for_a_word_as_everything(person: Person, built: Path) -> None:
    done = person.call("apply", "--ignored", "--yes", "node_modules", cwd=built)
    assert done.returncode == 2, done.stdout
    assert "tool" in done.stdout
    assert not (built / "node_modules/.bin/tool").exists()
    assert "node_modules/.bin/tool" in person.call("diff", "--name-only", cwd=built).stdout
    assert person.call("apply", "--yes", "--hazards=all", cwd=built).returncode == 0
    assert (built / "node_modules/.bin/tool").exists()


def test_to_look_only_leaves_nothing(person: Person, built: Path) -> None:
    done = person.call("apply", "--ignored", "--dry-run", "dist", cwd=built)
    assert done.returncode == 0
    assert "would be applied" in done.stdout
    assert not (built / "dist").exists()
    assert "no changes are held" in person.call("changes", cwd=built).stdout


def test_paths_must_be_given_and_files_kept(person: Person, built: Path, tmp_path: Path) -> None:
    assert person.call("apply", "--ignored", "--yes", cwd=built).returncode == 125
    assert person.call("apply", "--ignored", "--yes", "../dist", cwd=built).returncode == 125
    assert "no ignored files are kept here" in person.call("apply", "--ignored", "dist", cwd=tmp_path).stderr
    assert "no changes are held" in person.call("changes", cwd=built).stdout


def test_ctrl_c_after_all_is_applied_is_heard_as_such(
    person: Person, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def applied(directory: store.ChangeSetDirectory, _: argparse.Namespace) -> Outcome:
        shelf.discard(store.lock(directory))
        raise KeyboardInterrupt

    monkeypatch.setenv("XDG_STATE_HOME", person.environ["XDG_STATE_HOME"])
    monkeypatch.chdir(built)
    with pytest.raises(KeyboardInterrupt):
        asked.perform(argparse.Namespace(paths=["dist"], name=None, dry_run=False), applied)
