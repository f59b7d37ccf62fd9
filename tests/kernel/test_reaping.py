from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from paddock.kernel import reaping
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest

ECHO = "echo up; sleep 60"


def in_reaper(task: Callable[[], str]) -> str:
    """Run `task` in a child that is a subreaper."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "died"
        try:
            reaping.be_reaper()
            said = task()
        except BaseException as error:  # noqa: BLE001 - the parent must hear of it
            said = repr(error)
        finally:
            os.write(into, said.encode())
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said_all = pipe.read().decode()
    os.waitpid(pid, 0)
    return said_all


def daemon(generations: int) -> int:
    """Fork, start a session, and again; the last one pauses. Gives back the pid of the last."""
    out, into = os.pipe()
    if os.fork() == 0:
        for _ in range(generations):
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(into, str(os.getpid()).encode())
        os.close(into)
        signal.pause()
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        return int(pipe.read())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class InOrder(set[int]):
    """Numbers from the lowest to the highest."""

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(super().__iter__()))

    def difference(self, *others: Iterable[Any]) -> InOrder:
        return InOrder(super().difference(*others))


@contextmanager
def deadline() -> Iterator[None]:
    """For what waits for ever when it is wrong: an alarm ends this process."""
    signal.alarm(90)
    yield
    signal.alarm(0)


def test_a_daemon_that_forked_away_is_ended():
    def task() -> str:
        pids = [daemon(generations) for generations in (1, 2, 5)]
        before = [alive(pid) for pid in pids]
        reaping.end_all()
        return repr((before, [alive(pid) for pid in pids], reaping.children()))

    assert in_reaper(task) == "([True, True, True], [False, False, False], set())"


def test_a_family_that_keeps_forking_is_ended():
    """Each process forks its successor and exits, for ever: nobody ever lives long enough to be listed twice."""

    def task() -> str:
        if os.fork() == 0:
            while True:
                if os.fork() != 0:
                    os._exit(0)
        reaping.end_all()
        return repr(reaping.children())

    assert in_reaper(task) == "set()"


def test_who_is_to_stay_stays():
    def task() -> str:
        stays = os.fork()
        if stays == 0:
            os._exit(7)
        os.waitid(os.P_PID, stays, os.WEXITED | os.WNOWAIT)
        gone = daemon(1)
        reaping.reap_orphans(stays)
        reaping.end_all(stays)
        _, status = os.waitpid(stays, 0)
        return repr((alive(gone), os.waitstatus_to_exitcode(status)))

    assert in_reaper(task) == "(False, 7)"


def test_children_are_found_without_the_kernels_list_too(monkeypatch):
    import builtins

    real = builtins.open

    def without(path, *args, **kwargs):
        if str(path).endswith("/children"):
            raise FileNotFoundError(path)
        return real(path, *args, **kwargs)

    def task() -> str:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        monkeypatch.setattr(builtins, "open", without)
        found = reaping.children()
        monkeypatch.undo()
        reaping.end_all()
        return repr(found == {pid})

    assert in_reaper(task) == "True"


@needs("userns")
def test_a_namespace_that_somebody_had_joined_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first process waits for all others in it to be reaped, the one among them that is our own child included."""
    known = reaping.children

    def task() -> str:
        first = subprocess.Popen(["unshare", "--user", "--map-root-user", "--pid", "--fork", "sh", "-c", ECHO],
                                 stdout=subprocess.PIPE)  # fmt: skip
        assert first.stdout is not None
        first.stdout.readline()
        (init,) = children_of(first.pid)
        entering = ["nsenter", "--target", str(init), "--user", "--pid", "--preserve-credentials", "sh", "-c", ECHO]
        joined = subprocess.Popen(entering, stdout=subprocess.PIPE)
        assert joined.stdout is not None
        joined.stdout.readline()
        (inside,) = children_of(joined.pid)
        # As when their parents are killed: both are ours then. PID 1 has the lower number, and comes first.
        for one in (first, joined):
            one.kill()
            one.wait()
        monkeypatch.setattr(reaping, "children", lambda: InOrder(known()))
        with deadline():
            reaping.end_all()
        return str([alive(init), alive(inside)])

    assert in_reaper(task) == "[False, False]"
