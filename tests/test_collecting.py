"""What a test leaves in a circle is not collected in the middle of the next, which may count what is open."""

from __future__ import annotations

import gc
import os


class Circle:
    """Refers to itself, and holds a descriptor until it is collected."""

    def __init__(self) -> None:
        self.itself = self
        self.descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        os.close(self.descriptor)


def test_this_one_leaves_a_circle() -> None:
    Circle()


def test_this_one_finds_as_many_open_after_a_collection_as_before() -> None:
    before = os.listdir("/proc/self/fd")
    gc.collect()
    assert os.listdir("/proc/self/fd") == before


def test_within_a_test_circles_are_collected() -> None:
    before = os.listdir("/proc/self/fd")
    Circle()
    gc.collect()
    assert os.listdir("/proc/self/fd") == before
