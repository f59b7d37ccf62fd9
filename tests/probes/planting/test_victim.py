"""The second process of the host: it hears what is done to it, and takes everything away when it goes."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside.effects import libc
from paddock.probes.planting import victim
from paddock.probes.planting.ground import Ground
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("git")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with Ground(str(tmp_path / "ground")) as made:
        yield made


def heard(ground: Ground, name: str) -> bool:
    """Whether that effect is seen in time: a signal is handled when Python comes to it."""
    for _ in range(1200):
        if name in dict(victim.effects(ground)):
            return True
        ground.victim.wait(0.05)
    return False


def test_nothing_is_told_where_nothing_was_done(ground: Ground) -> None:
    assert list(victim.effects(ground)) == []


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGUSR1, "PK-03 signal-host"), (signal.SIGUSR2, "PK-03 signal-by-descriptor")],
)
def test_a_signal_is_heard_by_the_name_of_who_sends_it(ground: Ground, number: int, name: str) -> None:
    os.kill(ground.victim.pid, number)
    assert heard(ground, name)


def test_a_limit_and_a_priority_are_seen(ground: Ground) -> None:
    pid = ground.victim.pid
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (77, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    assert set(dict(victim.effects(ground))) == {"PK-03 prlimit-host", "RS-16 priority-of-host"}


def test_it_tells_where_its_secret_is_and_not_what_it_is(ground: Ground) -> None:
    with open(f"/proc/{ground.victim.pid}/mem", "rb", buffering=0) as file:
        file.seek(ground.given["victim address"])
        assert file.read(39).decode() in ground.canaries


def test_what_it_shared_is_gone_with_it(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground")) as ground:
        key, planted = ground.given["shm key"], ground.given["planted"]
        assert (libc.shmget(key, ctypes.c_size_t(64), 0) >= 0) is planted["shm"]
        assert (libc.msgget(key, 0) >= 0) is planted["sysv queue"]
    assert libc.shmget(key, ctypes.c_size_t(64), 0) < 0
    assert libc.msgget(key, 0) < 0
