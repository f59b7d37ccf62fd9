"""Namespaces of a running process are held open, entered, and left without a trace."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import libc, namespaces
from paddock.kernel.namespaces import FLAGS, Namespaces, enter, namespaces_of, within
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PR_GET_DUMPABLE = 3
ENTERED = ("net", "uts", "mnt")

pytestmark = needs("userns", "unshare")


def traces() -> tuple[list[str], str]:
    """Our descriptors and our children."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return sorted(os.listdir("/proc/self/fd")), file.read()


@pytest.fixture
def target() -> Iterator[int]:
    """A process in namespaces of its own, until its input ends."""
    argv = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--uts", "sh", "-c"]
    script = "hostname inside && mount -t tmpfs none /mnt && echo mark >/mnt/mark && echo && exec cat"
    with subprocess.Popen([*argv, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"\n"
        yield process.pid


@pytest.fixture
def held(target: int) -> Iterator[Namespaces]:
    found = namespaces_of(target)
    yield found
    found.close()


def test_all_namespaces_are_held_and_not_inherited(target: int):
    before = traces()
    found = namespaces_of(target)
    for name in ("user", *FLAGS):
        descriptor = getattr(found, name)
        assert os.readlink(f"/proc/self/fd/{descriptor}") == os.readlink(f"/proc/{target}/ns/{name}")
        assert not os.get_inheritable(descriptor)
    assert os.fstat(found.owner).st_ino == os.fstat(found.user).st_ino
    assert not os.get_inheritable(found.owner)
    found.close()
    assert traces() == before


def test_a_process_that_is_gone_has_none(target: int):
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    before = traces()
    with pytest.raises(FileNotFoundError):
        namespaces_of(gone)
    assert traces() == before


@pytest.mark.user
def test_a_process_that_is_not_ours_keeps_its_own():
    with pytest.raises(PermissionError):
        namespaces_of(1)


def test_entering_is_being_there_with_all_capabilities(held: Namespaces):
    def task() -> tuple[str, str, str, int]:
        enter(held, ENTERED)
        with open("/mnt/mark") as file:
            mark = file.read()
        libc.call("mount", b"none", b"/mnt", b"tmpfs", 0, None)
        return os.uname().nodename, mark, str(os.listdir("/mnt")), libc.call("prctl", PR_GET_DUMPABLE, 0, 0, 0, 0)

    assert forked(task) == ("inside", "mark\n", "[]", 0)
    assert os.uname().nodename != "inside"
    # The mount stays: it was made in the target's own namespace, and nowhere else.
    assert within(held, ("mnt",), lambda: (str(os.listdir("/mnt")).encode(), ())) == (b"[]", [])


def test_root_keeps_its_own_user_namespace_and_a_user_takes_the_owners(held: Namespaces):
    def task() -> int:
        enter(held, ("net",))
        return os.stat("/proc/self/ns/user").st_ino

    wanted = os.stat("/proc/self/ns/user").st_ino if os.geteuid() == 0 else os.fstat(held.owner).st_ino
    assert forked(task) == wanted


def test_the_tasks_bytes_come_back_and_nothing_is_left(held: Namespaces):
    before = traces()
    where = os.readlink(f"/proc/self/fd/{held.net}").encode()
    payload = bytes(range(256)) * 200
    assert within(held, ENTERED, lambda: (os.readlink("/proc/self/ns/net").encode() + payload, ())) == (
        where + payload,
        [],
    )
    assert traces() == before


@pytest.mark.parametrize("count", [1, 253, 254, 600])
def test_more_descriptors_come_back_than_fit_into_one_message(held: Namespaces, count: int):
    def task() -> tuple[bytes, list[int]]:
        made = []
        for number in range(count):
            made.append(os.memfd_create("one"))
            os.pwrite(made[-1], str(number).encode(), 0)
        return b"made", made

    before = traces()
    payload, found = within(held, ENTERED, task)
    contents = [int(os.pread(descriptor, 10, 0)) for descriptor in found]
    inherited = [descriptor for descriptor in found if os.get_inheritable(descriptor)]
    for descriptor in found:
        os.close(descriptor)
    assert (payload, contents, inherited) == (b"made", list(range(count)), [])
    assert traces() == before


def test_an_error_comes_back_with_its_number_and_its_text(held: Namespaces):
    def task() -> tuple[bytes, list[int]]:
        raise OSError(errno.ENOSPC, "no room", "/there")

    before = traces()
    with pytest.raises(OSError, match=r"no room \(/there\)") as caught:
        within(held, ENTERED, task)
    assert caught.value.errno == errno.ENOSPC
    assert traces() == before


def raises_odd() -> tuple[bytes, list[int]]:
    raise ValueError("odd \udcff" + "x" * 10_000)


def leaves() -> tuple[bytes, list[int]]:
    sys.exit(3)


def dies() -> tuple[bytes, list[int]]:
    os.kill(os.getpid(), signal.SIGKILL)
    return b"", []


@pytest.mark.parametrize(
    ("task", "said"), [(raises_odd, "^ValueError: odd .x{1000}"), (leaves, "^SystemExit: 3$"), (dies, "died$")]
)
def test_whatever_else_happens_there_is_heard(held: Namespaces, task: Callable[[], tuple[bytes, list[int]]], said: str):
    before = traces()
    with pytest.raises(RuntimeError, match=said):
        within(held, ENTERED, task)
    assert traces() == before


def test_nothing_can_be_imported_inside(held: Namespaces):
    def task() -> tuple[bytes, list[int]]:
        warnings.simplefilter("ignore")  # Python warns of the missing finders
        sys.modules.pop("colorsys", None)
        import colorsys

        return str(colorsys).encode(), []

    with pytest.raises(RuntimeError, match="ModuleNotFoundError"):
        within(held, (), task)
    import colorsys

    assert colorsys.__file__


def test_a_process_dies_with_its_parent():
    read, write = os.pipe()

    def task() -> None:
        ready, tell = os.pipe()
        if os.fork() == 0:
            os.close(read)
            namespaces.die_with_parent(signal.SIGKILL)
            os.write(tell, b"!")
            time.sleep(10)  # only if it does not die
            os.write(write, b"alive")
            os._exit(1)
        os.read(ready, 1)

    forked_parent = os.fork()
    if forked_parent == 0:
        try:
            task()
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(forked_parent, 0)
    assert os.read(read, 1) == b""  # nobody holds the other end any more
    os.close(read)
