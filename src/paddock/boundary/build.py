"""Bubblewrap's process: started, waited for, ended. Imported before all else of the way to a command.

Bubblewrap takes a few milliseconds to build namespaces and root, on another processor if there is one; the
rest of Paddock is imported meanwhile (`paddock.session`), ctypes and signal among it. It runs a keeper (`cat`
on a pipe of ours) and nothing else, which echoes one byte when the root is complete.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress

from paddock.boundary import bubblewrap, steps
from paddock.errors import BoundaryUnavailable
from paddock.process import close_all_but

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from paddock.boundary.bubblewrap import Compiled
    from paddock.kernel.namespaces import Namespaces

KEEPER = "/usr/bin/cat"
_START_TIMEOUT_S = 20.0
_SIGKILL, _SIGSTOP = 9, 19  # the module signal comes with enum, and those are for later


class Build:
    """Bubblewrap's process and the pipes to it. With `stand_in` (Paddock as root) it runs under an unused id.

    `owner` is the directory of the person's live sandboxes, by which `boundary.orphans` knows whose it was.
    """

    def __init__(self, program: str, compiled: Compiled, *, stand_in: bool, owner: str = "") -> None:
        self.compiled = compiled
        opened: list[int] = []
        try:
            self._start(program, opened, stand_in=stand_in, owner=owner)
        except BaseException:  # who tells of it may need one to be free
            for descriptor in opened:
                os.close(descriptor)
            raise

    def _start(self, program: str, opened: list[int], *, stand_in: bool, owner: str) -> None:
        """What is `opened` before bubblewrap is there is noted."""
        # No pipe: where its reader is gone, bubblewrap dies of its first word there (SIGPIPE) and leaves PID 1 behind,
        # which waits for leave to begin for ever (bubblewrap 0.8). So it goes on, and ends with the keeper.
        opened.append(os.memfd_create("status"))
        for _ in range(3):
            opened += os.pipe()
        self._status, keep_in, self._hold, self._echo, keep_out, self._complaints, complain = opened
        descriptors = [_memory_file(mark(owner), entry.content, opened) for entry in self.compiled.data]
        words = _fill_in(self.compiled.arguments, descriptors)
        arguments = _memory_file("arguments", b"".join(os.fsencode(word) + b"\0" for word in words), opened)
        self.pid = os.fork()
        if self.pid == 0:
            _become_bubblewrap(
                program, (keep_in, keep_out, complain), arguments, self._status, descriptors, stand_in=stand_in
            )
        opened.clear()
        for descriptor in (keep_in, keep_out, complain, arguments, *descriptors):
            os.close(descriptor)

    def wait_until_complete(self) -> int:
        """PID 1 of the sandbox, in our numbering, once its root is complete."""
        with suppress(BrokenPipeError):  # it has ended already
            os.write(self._hold, b"!")
        self._hear_the_keeper()
        line = os.pread(self._status, 4096, 0).partition(b"\n")[0]
        _, found, rest = line.partition(b'"child-pid":')  # json would take a millisecond to import
        digits = rest.lstrip().partition(b",")[0].rstrip(b" }\n")
        if not found or not digits.isdigit():
            raise BoundaryUnavailable("bubblewrap did not say which process it started", why=repr(line))
        return int(digits)

    def _hear_the_keeper(self) -> None:
        said = b""
        while b"!" not in said:
            ready, _, _ = select.select([self._echo], [], [], _START_TIMEOUT_S)
            said = os.read(self._echo, 4096) if ready else b""
            if not said:
                raise _failure(self.kill())

    def settle(self, namespaces: Namespaces) -> Namespaces:
        """As they are: bubblewrap has made one for commands."""
        return namespaces

    def wait(self, timeout_s: float) -> None:
        """Wait until bubblewrap has ended by itself: nothing holds the keeper's output then."""
        while select.select([self._echo], [], [], timeout_s)[0] and os.read(self._echo, 4096):
            continue

    def kill(self) -> str:
        """End bubblewrap and give back what it complained about."""
        if not self.pid:
            return ""
        _end_with_children(self.pid)  # ours, and not reaped yet: it cannot be another process
        self.pid = 0
        complaints = os.read(self._complaints, 65536) if select.select([self._complaints], [], [], 0)[0] else b""
        for descriptor in (self._status, self._hold, self._echo, self._complaints):
            os.close(descriptor)
        return complaints.decode("utf-8", "replace").strip()


def mark(owner: str) -> str:
    """What the files in memory are called that bubblewrap is given; memfd_create(2) takes 249 bytes."""
    return "paddock:" + os.fsdecode(os.fsencode(owner)[-200:])


def _end_with_children(pid: int) -> None:
    """End bubblewrap and what it has just made, which is bound to its life only a little later."""
    os.kill(pid, _SIGSTOP)  # so that its children stay the ones that we read of
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return
    with suppress(FileNotFoundError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        for child in file.read().split():
            os.kill(int(child), _SIGKILL)
    os.kill(pid, _SIGKILL)
    os.waitpid(pid, 0)


def _memory_file(name: str, content: bytes, opened: list[int]) -> int:
    descriptor = os.memfd_create(name)
    opened.append(descriptor)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _fill_in(words: tuple[str, ...], descriptors: list[int]) -> list[str]:
    numbers = {bubblewrap.Data.placeholder(index): str(number) for index, number in enumerate(descriptors)}
    return [numbers.get(word, word) for word in words]


def _become_bubblewrap(
    program: str, standard: tuple[int, int, int], arguments: int, status: int, data: list[int], *, stand_in: bool
) -> NoReturn:
    try:
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        for descriptor in (arguments, status, *data):
            os.set_inheritable(descriptor, True)  # noqa: FBT003
        close_all_but(arguments, status, *data)
        # Not the terminal's: Ctrl-C and Ctrl-Z are for the command.
        os.setsid()
        os.umask(0o022)
        if stand_in:
            os.setgroups([])
            os.setresgid(*[steps.STAND_IN] * 3)
            os.setresuid(*[steps.STAND_IN] * 3)
        os.chdir("/")
        # INVARIANT CR-25, CR-26: bubblewrap stays as PID 1, where its environment and arguments can be
        # read; so it gets none of the first (bubblewrap#725), and the second from a descriptor.
        argv = [program, "--json-status-fd", str(status), "--args", str(arguments), "--", KEEPER]
        os.execve(program, argv, {})
    except OSError as error:
        os.write(2, f"{program}: {error.strerror}".encode())
    finally:
        os._exit(1)


def _failure(complaint: str) -> BoundaryUnavailable:
    return BoundaryUnavailable(
        "bubblewrap could not build the sandbox",
        why=complaint.removeprefix("bwrap: ") or "it ended without a word",
        next_step="paddock doctor --boundary bubblewrap",
    )
