"""A sandbox made by bubblewrap, as it runs: built, completed from outside, entered, ended.

Bubblewrap runs a keeper (`cat` on a pipe of ours) and nothing else. It echoes one byte when the root is
complete; when Paddock dies, however, its end of the pipe closes and bubblewrap's --die-with-parent fires:
PID 1 goes, and with it every process inside.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from paddock.boundary import bubblewrap
from paddock.boundary.bubblewrap import Carry, MaskPath, Overlay
from paddock.errors import BoundaryUnavailable, WorkspaceError
from paddock.kernel import confine, mounts
from paddock.kernel.join import Joined, Start, join
from paddock.kernel.namespaces import Namespaces, namespaces_of, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from paddock.boundary.bubblewrap import Compiled

KEEPER = "/usr/bin/cat"
_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 10.0


class BubblewrapSandbox:
    """A live sandbox. With `stand_in` (Paddock as root) it runs under an unused host id."""

    def __init__(self, program: str, compiled: Compiled, *, stand_in: bool) -> None:
        """Build it; on any failure nothing is left. Raises BoundaryUnavailable or WorkspaceError."""
        self._stopped = False
        self._built = _Build(program, compiled, stand_in=stand_in)
        try:
            self.init_pid = self._built.wait_until_complete()
            self._init = os.pidfd_open(self.init_pid)
            self.namespaces: Namespaces = namespaces_of(self.init_pid)
            _complete(compiled, self.namespaces)
        except BaseException:
            self.stop()
            raise

    def exec(self, start: Start, before: Callable[[], None] = lambda: None) -> Joined:
        """Start one more command inside."""
        return join(self.namespaces, start, before)

    def stop(self) -> None:
        """Kill everything inside; returns when all of it is gone."""
        if self._stopped:
            return
        self._stopped = True
        descriptor = getattr(self, "_init", -1)
        if descriptor >= 0:
            # PID 1's end is the end of all: the kernel kills a whole PID namespace first. Bubblewrap itself
            # is killed last, so that it reaps PID 1 and the host's init need not.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], _END_TIMEOUT_S)
            os.close(descriptor)
            self._built.wait(_END_TIMEOUT_S)
        self._built.kill()
        if hasattr(self, "namespaces"):
            self.namespaces.close()


class _Build:
    """Bubblewrap's process and the pipes to it."""

    def __init__(self, program: str, compiled: Compiled, *, stand_in: bool) -> None:
        status, self._tell_status = os.pipe()
        keep_in, self._hold = os.pipe()
        self._echo, keep_out = os.pipe()
        self._complaints, complain = os.pipe()
        self._status = status
        descriptors = [_memory_file("data", entry.content) for entry in compiled.data]
        words = _fill_in(compiled.arguments, descriptors)
        arguments = _memory_file("arguments", b"".join(os.fsencode(word) + b"\0" for word in words))
        self.pid = os.fork()
        if self.pid == 0:
            _become_bubblewrap(
                program, (keep_in, keep_out, complain), arguments, self._tell_status, descriptors, stand_in=stand_in
            )
        for descriptor in (keep_in, keep_out, complain, self._tell_status, arguments, *descriptors):
            os.close(descriptor)

    def wait_until_complete(self) -> int:
        """PID 1 of the sandbox, in our numbering, once its root is complete."""
        line = self._read_until(self._status, b"\n")
        os.write(self._hold, b"!")
        self._read_until(self._echo, b"!")
        import re  # argparse has loaded it already; json would be another millisecond

        found = re.search(rb'"child-pid":\s*(\d+)', line)
        if not found:
            raise BoundaryUnavailable("bubblewrap did not say which process it started", why=repr(line))
        return int(found[1])

    def _read_until(self, descriptor: int, end: bytes) -> bytes:
        data = b""
        while end not in data:
            ready, _, _ = select.select([descriptor], [], [], _START_TIMEOUT_S)
            chunk = os.read(descriptor, 4096) if ready else b""
            if not chunk:
                raise _failure(self.kill())
            data += chunk
        return data

    def wait(self, timeout_s: float) -> None:
        """Wait until bubblewrap has ended by itself: it closes the status pipe then."""
        while select.select([self._status], [], [], timeout_s)[0] and os.read(self._status, 4096):
            continue

    def kill(self) -> str:
        """End bubblewrap and give back what it complained about."""
        if not self.pid:
            return ""
        os.kill(self.pid, signal.SIGKILL)  # ours, and not reaped yet: it cannot be another process
        os.waitpid(self.pid, 0)
        self.pid = 0
        complaints = os.read(self._complaints, 65536) if select.select([self._complaints], [], [], 0)[0] else b""
        for descriptor in (self._status, self._hold, self._echo, self._complaints):
            os.close(descriptor)
        return complaints.decode("utf-8", "replace").strip()


def _memory_file(name: str, content: bytes) -> int:
    descriptor = os.memfd_create(name)
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
        confine.close_all_but(arguments, status, *data)
        # Not the terminal's: Ctrl-C and Ctrl-Z are for the command.
        os.setsid()
        confine.default_signals()
        os.umask(0o022)
        if stand_in:
            os.setgroups([])
            confine.become(bubblewrap.STAND_IN, bubblewrap.STAND_IN)
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


def _complete(compiled: Compiled, namespaces: Namespaces) -> None:
    """Do the steps from outside: carried mounts, the overlay, the masks."""
    if not compiled.steps:
        return
    carried: list[tuple[int, str]] = []
    maps: dict[int, int] = {}
    try:
        for step in compiled.steps:
            if isinstance(step, Carry):
                carried.append((_clone(step, maps), step.target))  # noqa: PERF401 - closed below also half-way
        within(namespaces, ["mnt"], lambda: _mount_all(compiled, carried))
    except OSError as error:
        raise _workspace_failure(error) from error
    finally:
        for descriptor in (*maps.values(), *(tree for tree, _ in carried)):
            os.close(descriptor)


def _clone(step: Carry, maps: dict[int, int]) -> int:
    owner = os.stat(step.source).st_uid
    if owner not in maps:
        maps[owner] = mounts.swap_ids(owner, bubblewrap.STAND_IN)
    try:
        return mounts.clone(step.source, read_only=step.read_only, idmap=maps[owner])
    except OSError as error:
        error.filename = f"id-mapped mount of {step.source}"
        raise


def _mount_all(compiled: Compiled, carried: list[tuple[int, str]]) -> tuple[bytes, tuple[int, ...]]:
    stage = bubblewrap.STAGE
    layers = f"{stage}/layers"
    for tree, target in carried:
        mounts.attach(tree, target)
    for step in compiled.steps:
        if isinstance(step, Overlay):
            mounts.overlay(f"{stage}/lower", f"{layers}/upper", f"{layers}/work", step.target)
        elif isinstance(step, MaskPath):
            name = bubblewrap.EMPTY_DIRECTORY if step.directory else bubblewrap.EMPTY_FILE
            mounts.bind_read_only(f"{stage}/{name}", step.target)
        elif not isinstance(step, Carry):
            mounts.detach(stage)
            with suppress(OSError):
                os.rmdir(stage)
    return b"", ()


def _workspace_failure(error: OSError) -> WorkspaceError:
    return WorkspaceError(
        "the workspace could not be put together",
        why=str(error),
        next_step="paddock run --workspace readonly … (or live), or move the repository to ext4, xfs or btrfs",
        code="workspace-mount",
    )
