"""Somebody who looks for what is left just when a directory of ours has a name and no lock yet."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest


def look_at_new_ones(
    monkeypatch: pytest.MonkeyPatch, is_one: Callable[[str], bool], look: Callable[[], Sequence[object]]
) -> list[int]:
    """How each look at a directory for which `is_one` holds ends, from now on: 0 where it waits for a lock.

    Else by one more than the number of things that it takes for left.
    """
    real, seen = os.mkdir, []

    def lock(held: int, _: int, real: Callable[[int, int], None] = fcntl.flock) -> None:
        try:
            real(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os._exit(0)  # it would wait

    def mkdir(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(path, mode, dir_fd=dir_fd)
        if is_one(path):
            pid = os.fork()
            if pid == 0:
                monkeypatch.setattr("fcntl.flock", lock)
                os._exit(1 + len(look()))
            seen.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    monkeypatch.setattr("os.mkdir", mkdir)
    return seen
