"""Limits are lowered for good, and bind."""

from __future__ import annotations

import errno
import os
import resource
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import rlimits
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path


def limited(name: str, value: int, hard: int | None = None) -> tuple[int, int]:
    which = rlimits.RESOURCES[name]

    def task() -> tuple[int, int]:
        if hard is not None:
            resource.setrlimit(which, (hard, hard))
        rlimits.set_limits({name: value})
        return resource.getrlimit(which)

    return forked(task)


@pytest.mark.parametrize("name", ["processes", "open_files", "file_size", "memory"])
def test_soft_and_hard_are_lowered_alike(name: str):
    assert limited(name, 600 << 20 if name == "memory" else 300) == (
        (600 << 20,) * 2 if name == "memory" else (300, 300)
    )


def test_no_core_files():
    assert limited("core", 0) == (0, 0)


@pytest.mark.parametrize("name", ["processes", "open_files", "file_size"])
def test_a_limit_is_never_raised_not_even_for_root(name: str):
    assert limited(name, 400, hard=200) == (200, 200)


def test_the_lowered_limits_bind(tmp_path: Path):
    def write() -> None:
        rlimits.set_limits({"file_size": 1000})
        with open(tmp_path / "long", "wb", buffering=0) as file:
            file.write(b"x" * 1000)
            file.write(b"y")

    def open_many() -> None:
        rlimits.set_limits({"open_files": 40})
        for _ in range(40):
            os.open("/dev/null", os.O_RDONLY)

    def allocate() -> str:
        rlimits.set_limits({"memory": 600 << 20})
        try:
            return str(len(bytearray(1 << 30)))
        except MemoryError:
            return "refused"

    with pytest.raises(OSError) as caught:
        forked(write)
    assert caught.value.errno == errno.EFBIG
    assert (tmp_path / "long").stat().st_size == 1000
    with pytest.raises(OSError) as caught:
        forked(open_many)
    assert caught.value.errno == errno.EMFILE
    assert forked(allocate) == "refused"


def test_an_unknown_limit_is_an_error():
    with pytest.raises(KeyError):
        rlimits.set_limits({"patience": 1})
