from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from paddock.workspace.descent import stat_in
from paddock.workspace.ignored import finding
from paddock.workspace.ignored.finding import Search
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground, install, write

pytestmark = needs("git")


@pytest.fixture
def tree(ground: Ground) -> Path:
    """A layer, written as an overlay would have."""
    made = ground.lab.base / "layer"
    made.mkdir()
    return made


def search(ground: Ground, tree: Path, **options: bool) -> Search:
    upper, lower = (os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (tree, ground.path))
    return Search(upper, lower, ground.path, **options)


def found(ground: Ground, tree: Path) -> dict[str, str]:
    """Every entry: ignored, or not, or unknown."""
    entries = search(ground, tree).entries()
    return {one.path: "ignored" if one.ignored else "unknown" if one.unknown else "" for one in entries}


def whiteout(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(path, stat.S_IFCHR, 0)


def test_the_topmost_ignored_paths_and_nothing_below_them(ground: Ground, tree: Path) -> None:
    install(tree, "one", "two")
    write(tree / "src/main.py")
    write(tree / "src/main.pyc")
    write(tree / "new/deep/x.pyc")
    write(tree / "new/node_modules/x")
    assert found(ground, tree) == {
        "node_modules": "ignored", "src": "", "src/main.py": "", "src/main.pyc": "ignored", "new": "", "new/deep": "",
        "new/deep/x.pyc": "ignored", "new/node_modules": "ignored",
    }  # fmt: skip
    own = {one.path for one in search(ground, tree).entries() if one.ignored and not one.over_host}
    assert own == {"new/deep/x.pyc", "new/node_modules"}


def test_what_is_below_an_ignored_directory_is_hardly_looked_at(
    ground: Ground, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3000):
        write(tree / f"node_modules/p{number}/index.js")
    looked: list[str] = []

    def look(place: int, name: str) -> os.stat_result | None:
        looked.append(name)
        return stat_in(place, name)

    monkeypatch.setattr(finding, "stat_in", look)
    assert found(ground, tree) == {"node_modules": "ignored"}
    assert len(looked) < 3000


def test_git_itself_is_never_looked_at(ground: Ground, tree: Path) -> None:
    write(tree / ".git/info/x.pyc")
    write(tree / "sub/.GIT/x.pyc")
    assert found(ground, tree) == {"sub": ""}


def test_a_file_of_the_hosts_is_not_hidden_by_an_ignored_directory_of_its_name(ground: Ground, tree: Path) -> None:
    """`node_modules/` does not match a file."""
    ground.lab.write(node_modules="a file of the host's", dist="ignored in either form")
    write(tree / "node_modules/x")
    write(tree / "dist/x")
    assert found(ground, tree) == {"node_modules": "", "dist": "ignored"}


def test_below_a_file_or_link_of_the_hosts_nothing_is_asked(ground: Ground, tree: Path) -> None:
    """Git ends at once when a path leads through a link of the host's."""
    os.symlink("src", f"{ground.path}/link")
    write(tree / "link/x.pyc")
    write(tree / "package.json/x.pyc")
    write(tree / "src/x.pyc")
    assert found(ground, tree) == {"link": "", "package.json": "", "src": "", "src/x.pyc": "ignored"}


def test_marks_of_deletion_count_as_what_they_delete(ground: Ground, tree: Path) -> None:
    install(Path(ground.path), "one")
    ground.lab.write(src__kept="x", **{"src__host.pyc": "x"})
    for path in ("node_modules", "src/kept", "src/host.pyc", "src/gone.pyc", "src/node_modules", "src/other"):
        whiteout(tree / path)
    ignored = {path for path, what in found(ground, tree).items() if what == "ignored"}
    assert ignored == {"node_modules", "src/host.pyc", "src/gone.pyc", "src/node_modules"}


def test_tracked_files_and_what_leads_to_them_are_not_ignored(ground: Ground, tree: Path) -> None:
    ground.lab.write(dist__deep__kept="x")
    ground.git("add", "--force", "dist")
    write(tree / "dist/deep/kept")
    write(tree / "dist/deep/new")
    write(tree / "dist/other")
    assert found(ground, tree) == {
        "dist": "", "dist/deep": "", "dist/deep/kept": "", "dist/deep/new": "ignored", "dist/other": "ignored"
    }  # fmt: skip


def test_a_repository_within_has_rules_of_its_own(ground: Ground, tree: Path) -> None:
    """A submodule may track what the outer repository ignores."""
    inner = f"{ground.path}/inner"
    ground.lab.write(**{"inner__.gitignore": "*.log\n", "inner__tracked.pyc": "x"})
    ground.git("init", "-q", cwd=inner)
    ground.git("add", "--all", cwd=inner)
    for name in ("tracked.pyc", "new.pyc", "a.log", "deep/b.log"):
        write(tree / "inner" / name)
    write(tree / "a.log")
    assert found(ground, tree) == {
        "a.log": "", "inner": "", "inner/tracked.pyc": "", "inner/new.pyc": "", "inner/a.log": "ignored",
        "inner/deep": "", "inner/deep/b.log": "ignored",
    }  # fmt: skip


def test_an_agents_own_repository_within_has_no_say(ground: Ground, tree: Path) -> None:
    write(tree / "inner/.git/HEAD", "ref: refs/heads/main\n")
    write(tree / "inner/.gitignore", "*\n")
    write(tree / "inner/evil.py")
    assert found(ground, tree) == {"inner": "", "inner/.gitignore": "", "inner/evil.py": ""}


def test_where_git_refuses_nothing_is_known(ground: Ground, tree: Path) -> None:
    write(Path(ground.path, "broken/.git"), "gitdir: /nowhere\n")
    write(tree / "broken/x.pyc")
    write(tree / "src/x.pyc")
    assert found(ground, tree) == {"broken": "", "broken/x.pyc": "unknown", "src": "", "src/x.pyc": "ignored"}
    assert not search(ground, tree).refused
    os.rename(f"{ground.path}/.git", f"{ground.path}/away")
    refused = search(ground, tree)
    assert {one.unknown for one in refused.entries()} == {True}
    assert refused.refused


def test_names_of_any_bytes_and_trees_of_any_depth(ground: Ground, tree: Path) -> None:
    for name in ("a\n.pyc", "\udcff.pyc", ":(top).pyc", "-n.pyc"):
        write(tree / "odd" / name, "x")
    place = os.open(tree, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=place)
        inner = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("bottom.pyc", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    entries = found(ground, tree)
    assert {path for path in entries if entries[path]} == {f"odd/{name}" for name in os.listdir(tree / "odd")}
    assert max(map(len, entries)) < 4096


def test_it_notes_where_the_rules_came_from(ground: Ground, tree: Path) -> None:
    ground.lab.write(**{"src__.gitignore": "*.o\n"})
    write(tree / "src/x.o")
    looked = search(ground, tree, watching=True)
    assert [one.path for one in looked.entries() if one.ignored] == ["src/x.o"]
    for path in (".gitignore", "src/.gitignore", ".git/index", ".git/config"):
        assert looked.sources[f"{ground.path}/{path}"], path
    assert looked.sources[f"{ground.path}/.git/info/exclude"] is not None
