"""What arrives in a watched directory is heard of, and a queue that was too short says so."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import inotify
from paddock.kernel.inotify import Inotify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def queue() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def watch(queue: Inotify, directory: Path) -> int:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return queue.add(descriptor)
    finally:
        os.close(descriptor)


def heard(queue: Inotify, watch: int) -> set[str]:
    return {event.name for event in queue.read() if event.watch == watch}


def test_every_way_for_a_content_to_come_to_a_name_is_heard(queue: Inotify, tmp_path: Path) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside"
    place.mkdir()
    for name in ("moved", "linked"):
        (tmp_path / name).touch()
    outside.mkdir()
    (place / "old").touch()
    number = watch(queue, place)
    (place / "new").touch()
    os.rename(tmp_path / "moved", place / "moved")
    os.link(tmp_path / "linked", place / "linked")
    os.symlink("anywhere", place / "symlink")
    (place / "old").write_text("changed")
    (place / "odd\udcff\n").mkdir()
    assert heard(queue, number) == {"new", "moved", "linked", "symlink", "old", "odd\udcff\n"}
    (place / "old").chmod(0o755)
    events = list(queue.read())
    assert [(event.name, event.arrived) for event in events] == [("old", False)]


def test_what_goes_away_is_of_no_interest(queue: Inotify, tmp_path: Path) -> None:
    (tmp_path / "gone").touch()
    number = watch(queue, tmp_path)
    (tmp_path / "gone").unlink()
    assert heard(queue, number) == set()


def test_a_new_directory_is_told_from_a_file(queue: Inotify, tmp_path: Path) -> None:
    number = watch(queue, tmp_path)
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    assert {event.name: event.directory for event in queue.read() if event.watch == number} == {
        "directory": True,
        "file": False,
    }


def test_a_directory_has_one_number_however_often_it_is_added_and_whatever_it_is_called(
    queue: Inotify, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    number = watch(queue, tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    assert watch(queue, tmp_path / "two") == number
    assert watch(queue, tmp_path) != number


def test_a_file_cannot_be_watched(queue: Inotify, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with open(tmp_path / "file") as file, pytest.raises(NotADirectoryError):
        queue.add(file.fileno())


def test_a_queue_that_was_too_short_and_a_watch_that_ended_say_so() -> None:
    overflow = struct.pack("iIII", -1, inotify.OVERFLOW, 0, 0)
    named = struct.pack("iIII", 3, inotify.CREATE, 0, 16) + b"name".ljust(16, b"\0")
    ended = struct.pack("iIII", 3, inotify.IGNORED, 0, 0)
    made, gone, lost = inotify.events(named + ended + overflow)
    assert (made.name, made.arrived, made.gone, made.lost) == ("name", True, False, False)
    assert (gone.watch, gone.arrived, gone.gone, gone.lost) == (3, False, True, False)
    assert (lost.arrived, lost.gone, lost.lost) == (False, False, True)


def test_a_removed_directory_ends_its_watch(queue: Inotify, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    number = watch(queue, tmp_path / "one")
    (tmp_path / "one").rmdir()
    assert [event.watch for event in queue.read() if event.gone] == [number]


def test_nothing_heard_does_not_wait(queue: Inotify, tmp_path: Path) -> None:
    watch(queue, tmp_path)
    assert list(queue.read()) == []
