"""The repository is walked by descriptor: completely, and never out of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.live import tree
from tests.workspace.live.trees import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def root(repository: Path) -> Iterator[int]:
    descriptor = os.open(repository, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def walked(root: int, start: str = "") -> list[str]:
    return sorted(listing.path for listing in tree.walk(root, start))


def test_every_directory_is_walked_but_gits_objects(repository: Path, root: int) -> None:
    (repository / "objects/inner").mkdir(parents=True)
    found = walked(root)
    assert {"", ".git", ".git/hooks", ".git/refs/heads", ".vscode", "src", "objects", "objects/inner"} <= set(found)
    assert not [path for path in found if path.startswith(".git/objects")]
    assert walked(root, ".git/refs") == [".git/refs", ".git/refs/heads"]


def test_links_are_not_followed(repository: Path, root: int, tmp_path: Path) -> None:
    write(tmp_path / "outside/file")
    (repository / "away").symlink_to(tmp_path / "outside")
    (repository / "round").symlink_to(".")
    assert not {"away", "round"} & set(walked(root))
    with pytest.raises(NotADirectoryError):
        tree.open_directory(root, "away")
    with tree.looking(root, "away") as place:
        assert place is None
    assert walked(root, "away") == []


def test_nothing_outside_is_opened(root: int) -> None:
    for path in ("..", "../..", "/etc", "src/../.."):
        with pytest.raises(OSError, match="cross-device"):
            tree.open_directory(root, path)


def test_a_tree_that_is_deeper_than_any_path_ends_the_walk_there(repository: Path, root: int) -> None:
    place = os.open(repository, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 200, dir_fd=place)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    depth = max(path.count("/") for path in walked(root))
    assert 15 < depth < 25


def test_what_vanishes_meanwhile_is_no_error(repository: Path, root: int) -> None:
    write(repository / "last")
    for number in range(5):
        (repository / f"gone{number}").mkdir()
    for listing in tree.walk(root):
        if listing.path == "":
            for number in range(5):
                (repository / f"gone{number}").rmdir()
            (repository / "last").unlink()
            found = {entry.name: tree.stat_entry(entry) for entry in listing.entries}
            assert found["last"] is None
            assert found["Makefile"] is not None


@pytest.mark.user
def test_what_cannot_be_read_is_passed_over(repository: Path, root: int) -> None:
    (repository / "closed").mkdir(mode=0o000)
    assert "closed" not in walked(root)
    (repository / "closed").chmod(0o700)
