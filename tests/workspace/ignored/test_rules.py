from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.ignored.rules import Rules, under_git
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground, write

pytestmark = needs("git")

ODD = ["a\n.pyc", "\udcff.pyc", ":(top)x.pyc", "*?[a].pyc", "-n.pyc", " .pyc", "back\\slash.pyc", "é.pyc", "!x.pyc"]


def test_files_and_directories_that_need_not_be_there(ground: Ground) -> None:
    rules = Rules(ground.path)
    asked = [
        "a.pyc",
        "new/b.pyc",
        "node_modules/",
        "new/node_modules/",
        "node_modules",
        "dist",
        "src/dist",
        "src/main.py",
    ]
    assert rules.ignored(asked) == {"a.pyc", "new/b.pyc", "node_modules/", "new/node_modules/", "dist"}
    assert rules.ignored([]) == set()


def test_names_of_any_bytes(ground: Ground) -> None:
    assert Rules(ground.path).ignored([*ODD, "plain"]) == set(ODD)


def test_tracked_is_what_git_has_or_what_is_above_or_below_it(ground: Ground) -> None:
    ground.lab.write(**{"dist__a__b": "x", "dist.txt": "x"})
    ground.git("add", "--force", "dist/a/b", "dist.txt")
    rules = Rules(ground.path)
    assert [rules.tracks(path) for path in ("dist", "dist/a", "dist/a/b", "dist/a/b/c", "dist.txt")] == [True] * 5
    assert [rules.tracks(path) for path in ("dis", "dist/a/bb", "dist/c", "dist/a/b.c")] == [False] * 4


@pytest.mark.parametrize("where", ["repository", "home", "config", "exclude"])
def test_every_place_for_rules_of_the_host_counts(ground: Ground, where: str, tmp_path: Path) -> None:
    if where == "repository":
        ground.lab.write(**{"src__.gitignore": "*.log\n"})
    elif where == "exclude":
        write(Path(ground.path, ".git/info/exclude"), "*.log\n")
    elif where == "home":
        write(tmp_path / ".config/git/ignore", "*.log\n")
    else:
        write(tmp_path / "rules", "*.log\n")
        write(tmp_path / ".gitconfig", f"[core]\n\texcludesFile = {tmp_path}/rules\n")
    rules = Rules(ground.path)
    assert rules.ignored(["src/a.log"]) == {"src/a.log"}
    files = {"repository": "src/.gitignore", "exclude": ".git/info/exclude"}
    expected = {"home": f"{tmp_path}/.config/git/ignore", "config": f"{tmp_path}/rules"}
    source = expected.get(where) or f"{ground.path}/{files[where]}"
    assert source in rules.sources() or where == "repository", "the search notes .gitignore files itself"


def test_nothing_is_executed(ground: Ground, tmp_path: Path) -> None:
    """The configuration of a cloned repository is not always a person's own work."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\n")
    program.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "alias.check-ignore",
        "pager.check-ignore",
    ):
        ground.git("config", key, str(program))
    ground.git("config", "core.hooksPath", str(tmp_path))
    (tmp_path / "post-index-change").symlink_to(program)
    rules = Rules(ground.path)
    assert rules.ignored(["a.pyc"]) == {"a.pyc"}
    assert rules.tracks("src/main.py")
    rules.sources()
    assert not (tmp_path / "executed").exists()


def test_the_hosts_index_is_left_alone(ground: Ground) -> None:
    index = Path(ground.path, ".git/index")
    os.utime(Path(ground.path, "src/main.py"))  # a status would write the index anew
    before = (index.stat().st_mtime_ns, index.stat().st_ino, sorted(os.listdir(index.parent)))
    rules = Rules(ground.path)
    rules.ignored(["a.pyc"])
    rules.tracks("a")
    assert (index.stat().st_mtime_ns, index.stat().st_ino, sorted(os.listdir(index.parent))) == before


def test_where_there_is_no_repository_git_refuses(lab) -> None:
    assert not under_git(str(lab.repository))
    with pytest.raises(WorkspaceError, match="check-ignore"):
        Rules(str(lab.repository)).ignored(["a"])


@pytest.mark.root
def test_somebody_elses_repository_is_asked_as_its_owner(ground: Ground) -> None:
    """As root git would refuse it, or obey its configuration with root's rights (CVE-2022-24765)."""
    with tempfile.TemporaryDirectory() as base:  # where that owner can reach it
        os.chmod(base, 0o711)
        repository = shutil.copytree(ground.path, f"{base}/repository", symlinks=True)
        for path in (Path(repository), *Path(repository).rglob("*")):
            os.chown(path, 4242, 4343, follow_symlinks=False)
        rules = Rules(repository)
        assert rules.ignored(["a.pyc"]) == {"a.pyc"}
        assert rules.tracks("src/main.py")
        assert not rules.tracks("other")


def test_git_has_nothing_to_say_of_a_repository_that_is_lost(tmp_path: Path) -> None:
    """Without an end, `paddock changes --all` once looked above nothing for ever."""
    assert not under_git("")
    assert not under_git(str(tmp_path))
