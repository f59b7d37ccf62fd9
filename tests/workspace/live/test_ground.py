"""What a live run keeps aside is found again, whatever happens to the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.workspace.live import ground
from tests.workspace.live.trees import Run, looked, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_what_was_noted_at_the_start_is_read_again(run: Callable[[], Run], repository: Path) -> None:
    write(repository / "odd\udcff\n0/Makefile")
    began = run()
    found = began.ground.beginning()
    assert found == replace(began.beginning, places={})
    assert found.known["odd\udcff\n0/Makefile"] == began.survey.known["odd\udcff\n0/Makefile"]
    assert found.begun_ns == began.survey.begun_ns


def test_a_torn_note_is_an_error(run: Callable[[], Run]) -> None:
    began = run()
    with open(f"{began.ground.path}/start", "r+b") as file:
        file.truncate(10)
    with pytest.raises(ValueError, match=r"unpack|enough"):
        began.ground.beginning()


def test_notes_of_what_is_on_its_way_are_read_in_their_order(run: Callable[[], Run]) -> None:
    began = run()
    assert list(began.ground.noted()) == []
    began.ground.note("temporary", "a/b\udcff\n")
    began.ground.note("other", "c")
    assert list(began.ground.noted()) == [("temporary", "a/b\udcff\n"), ("other", "c")]


def test_a_ground_is_gone_when_it_is_removed(repository: Path) -> None:
    made, _ = ground.create("run", looked(repository))
    made.remove()
    made.close()
    assert os.listdir(ground.home()) == []


def test_alike_compares_contents_and_links(tmp_path: Path) -> None:
    write(tmp_path / "one", "same")
    write(tmp_path / "two", "same")
    write(tmp_path / "three", "else")
    for name, target in (("l1", "x"), ("l2", "x"), ("l3", "y")):
        (tmp_path / name).symlink_to(target)
    place = os.open(tmp_path, os.O_RDONLY)
    pairs = [("one", "two"), ("one", "three"), ("l1", "l2"), ("l1", "l3")]
    assert [ground.alike(place, one, place, other) for one, other in pairs] == [True, False, True, False]
    with pytest.raises(OSError, match=r"Invalid|symbolic"):
        ground.alike(place, "l1", place, "one")
    os.close(place)
