from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock import sources
from paddock.errors import PolicyError
from paddock.host import Machine
from paddock.plan.patterns import components, matches
from paddock.plan.view import View
from paddock.plan.workspace import masks as resolved
from paddock.policy.model import BUILT_IN, Layer, Text
from paddock.preflight import masks
from paddock.preflight.masks import pattern, read, write
from paddock.state import preflight_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

PARTS = (
    st.binary(min_size=1, max_size=10)
    .map(lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_")))
    .filter(lambda name: name not in (".", ".."))
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(PATHS)
def test_a_pattern_matches_its_path(path: str) -> None:
    found = components(Text(pattern(path), BUILT_IN), "/repo")
    assert len(found) == path.count("/") + 1
    assert all(matches(name, part) for name, part in zip(path.split("/"), found, strict=True))


@given(PATHS, PATHS)
def test_a_pattern_matches_no_other_path(path: str, other: str) -> None:
    found = components(Text(pattern(path), BUILT_IN), "/repo")
    names = other.split("/")
    same = len(names) == len(found) and all(map(matches, names, found))
    assert same == (path == other)


@settings(max_examples=25)  # each waits for the disk
@given(st.lists(PATHS, max_size=5))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, paths: list[str]) -> None:
    environ = {"HOME": str(tmp_path_factory.mktemp("home"))}
    assert write("/repo", paths, environ) == tuple(sorted(set(paths)))
    assert read("/repo", environ) == tuple(sorted(set(paths)))
    assert read("/other", environ) == ()


@pytest.mark.parametrize("content", [b"", b"paddock masks 1", b"paddock masks 1\n.env", b"something else\n.env\0"])
def test_a_damaged_list_stops_a_run_instead_of_showing_what_it_hid(person: Person, repo: Path, content: bytes) -> None:
    write(str(repo), [".npmrc"], person.environ)
    file = f"{preflight_directory(str(repo), person.environ)}/masks"
    with open(file, "wb") as target:
        target.write(content)
    with pytest.raises(PolicyError, match="masks that were chosen"):
        sources.load(str(repo), None, person.environ)


def test_a_link_or_a_directory_in_its_place_is_no_list(person: Person, repo: Path, tmp_path: Path) -> None:
    write(str(repo), [".npmrc"], person.environ)
    file = f"{preflight_directory(str(repo), person.environ)}/masks"
    os.rename(file, tmp_path / "real")
    os.symlink(tmp_path / "real", file)
    with pytest.raises(PolicyError):
        read(str(repo), person.environ)
    os.unlink(file)
    os.mkdir(file)
    with pytest.raises(PolicyError):
        read(str(repo), person.environ)


def test_more_than_a_plan_takes_are_refused_before_anything_is_written(person: Person) -> None:
    with pytest.raises(PolicyError, match="1001 masked files"):
        write("/repo", map(str, range(masks.MOST + 1)), person.environ)
    assert read("/repo", person.environ) == ()


def test_the_masks_are_a_layer_of_the_person_that_says_where_it_is_from(person: Person, repo: Path) -> None:
    (repo / "deep").mkdir()
    (repo / "deep/a[1]*.txt").write_text("x")
    (repo / "deep/a1.txt").write_text("x")
    write(str(repo), ["deep/a[1]*.txt"], person.environ)
    policy = sources.load(os.path.realpath(repo), None, person.environ)
    found = resolved(policy.mask, View(Machine(person.environ), os.path.realpath(repo)))
    assert [(mask.target, str(mask.origin)) for mask in found] == [
        (f"{os.path.realpath(repo)}/deep/a[1]*.txt", "person paddock scan")
    ]


def test_no_masks_are_no_layer(person: Person) -> None:
    assert masks.layer("/repo", person.environ) is None
    write("/repo", [], person.environ)
    assert masks.layer("/repo", person.environ) is None
    write("/repo", ["a"], person.environ)
    assert isinstance(masks.layer("/repo", person.environ), Layer)


def test_between_reading_and_writing_nobody_else_changes_the_masks(person: Person, repo: Path) -> None:
    """Else of two who mask at the same time one would show again what the other one hid."""

    def more(now: tuple[str, ...]) -> tuple[str, ...]:
        other = os.open(preflight_directory(str(repo), person.environ), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        return (*now, "more")

    write(str(repo), ["one"], person.environ)
    assert masks.change(str(repo), more, person.environ) == ("more", "one")
    assert read(str(repo), person.environ) == ("more", "one")
