"""A sandbox that can be entered, as it runs: completed from outside, joined, ended.

Whoever built it, bubblewrap or a container engine, sees to it that PID 1 goes when Paddock dies, and with it every
process inside.
"""

from __future__ import annotations

import errno
import os
import select
import signal
from contextlib import suppress

from paddock.boundary import steps
from paddock.boundary.steps import (
    Blank,
    Carry,
    Execute,
    Fill,
    Hold,
    MakeLink,
    MaskPath,
    Mirror,
    MountOverlay,
    Own,
    Remove,
    Reveal,
    Seal,
    TrustHere,
    Unstage,
)
from paddock.errors import WorkspaceError
from paddock.kernel import mounts
from paddock.kernel.join import COMPLETING, Joiner, join
from paddock.kernel.namespaces import Namespaces, namespaces_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from paddock.boundary.steps import Step
    from paddock.kernel.join import Start
    from paddock.kernel.reports import Joined

    class Compiled(Protocol):
        """What a plan became: here, only what is done from outside."""

        @property
        def steps(self) -> tuple[Step, ...]:
            """In their order."""

    class Build(Protocol):
        """Whoever makes namespaces and root, and holds them with a keeper."""

        @property
        def compiled(self) -> Compiled:
            """What it makes."""

        def wait_until_complete(self) -> int:
            """PID 1 of the sandbox, in our numbering. Raises BoundaryUnavailable."""

        def settle(self, namespaces: Namespaces) -> Namespaces:
            """With the user namespace in which commands are to live. Raises BoundaryUnavailable."""

        def wait(self, timeout_s: float) -> None:
            """Wait until it has noticed that PID 1 is gone."""

        def kill(self) -> str:
            """End it, at any time and more than once; what it complained about."""


_END_TIMEOUT_S = 10.0
_REPLACED = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])


class Sandbox:
    """A live sandbox."""

    def __init__(self, build: Build) -> None:
        """Wait until the root is complete. On a failure nothing is left. Raises BoundaryUnavailable."""
        self._stopped = False
        self._build = build
        self._compiled = build.compiled
        self._init = -1
        self._joined: list[Joined] = []
        try:
            self.init_pid = build.wait_until_complete()
            self._init = os.pidfd_open(self.init_pid)
            self.namespaces: Namespaces = namespaces_of(self.init_pid)
            settled = build.settle(self.namespaces)
            # What nobody finds by PID 1: where commands live, if that was made for them.
            self.people = settled.user if settled is not self.namespaces else -1
            self.namespaces = settled
        except BaseException:
            self.stop()
            raise

    def start(self, start: Start, before: Callable[[], None] = lambda: None) -> Joined:
        """Begin and enter in one step."""
        return self.enter(begin(self._compiled, start, before))

    def enter(self, joiner: Joiner) -> Joined:
        """Let the process that `begin` made complete the workspace and become the first command.

        Returns when the command exists. Raises WorkspaceError.
        """
        joined = joiner.enter(self.namespaces)
        self._joined.append(joined)
        self._refuse_half_made(joined)
        return joined

    def join(self, start: Start, before: Callable[[], None] = lambda: None) -> Joined:
        """Start one more command, in what is complete."""
        self._joined.append(join(self.namespaces, start, before))
        return self._joined[-1]

    def _refuse_half_made(self, joined: Joined) -> None:
        failure = joined.wait_for_command()
        if failure is not None and failure.text.startswith(COMPLETING):
            joined.release()
            raise _workspace_failure(failure.text.removeprefix(f"{COMPLETING}: "))

    def stop(self) -> None:
        """Kill everything inside; returns when all of it is gone."""
        if self._stopped:
            return
        self._stopped = True
        if self._init >= 0:
            # PID 1's end is the end of all: the kernel kills a whole PID namespace first. Who made it is ended
            # last, so that it reaps PID 1 and the host's init need not.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
            # A start that failed after that may not have come to it: without it PID 1 waits for commands to be reaped.
            for joined in self._joined:
                joined.release()
            select.select([self._init], [], [], _END_TIMEOUT_S)
            os.close(self._init)
            self._build.wait(_END_TIMEOUT_S)
        self._build.kill()
        if hasattr(self, "namespaces"):
            self.namespaces.close()


def begin(compiled: Compiled, start: Start, before: Callable[[], None]) -> Joiner:
    """Make the process that completes the workspace and then becomes the first command; `enter` lets it go on.

    One process does both, so that no command can start before the masks are in place. Raises WorkspaceError.
    """
    carried: list[tuple[int, str]] = []
    maps: dict[tuple[int, int], int] = {}
    try:
        for step in compiled.steps:
            if isinstance(step, Carry):
                carried.append((_clone(step, maps), step.target))  # noqa: PERF401 - closed also half-way
        return Joiner(start, before, lambda: _mount_all(compiled, carried))
    except OSError as error:
        raise _workspace_failure(f"{error.strerror} ({error.filename})") from error
    finally:
        for descriptor in (*maps.values(), *(tree for tree, _ in carried)):
            os.close(descriptor)


def _clone(step: Carry, maps: dict[tuple[int, int], int]) -> int:
    found = os.stat(step.source)
    owner = (found.st_uid, found.st_gid)
    if owner not in maps:
        maps[owner] = mounts.swap_ids(*owner, steps.STAND_IN)
    try:
        return mounts.clone(step.source, read_only=step.read_only, idmap=maps[owner])
    except OSError as error:
        error.filename = f"id-mapped mount of {step.source}"
        raise


def _mount_all(compiled: Compiled, carried: list[tuple[int, str]]) -> None:
    for tree, target in carried:
        mounts.attach(tree, target)
    layered = any(isinstance(step, MountOverlay) for step in compiled.steps)
    for step in compiled.steps:
        if isinstance(step, MaskPath):
            _mask(step, layered=layered)
        elif not isinstance(step, Carry):
            _DO[type(step)](step)


def _reveal(step: Reveal) -> None:
    mounts.bind(steps.STAGE + step.target, step.target)  # read-only, as the staged mount is


def _mount_overlay(step: MountOverlay) -> None:
    mounts.overlay(step.lowers, step.upper, step.work, step.target)


def _blank(step: Blank) -> None:
    mounts.bind_read_only(os.devnull, step.target)


def _trust(step: TrustHere) -> None:
    if os.path.isfile(step.target):  # an image may have its own elsewhere, or none
        mounts.bind_read_only(step.source, step.target)


def _own(step: Own) -> None:
    os.chown(step.target, step.uid, step.uid, follow_symlinks=False)
    os.chmod(step.target, step.mode)


def _execute(step: Execute) -> None:
    mounts.allow_programs(step.target)


def _fill(step: Fill) -> None:
    from paddock.boundary import filling  # here already (`docker.facts`): in these mounts none of our files can be read

    filling.fill(step.target, step.uid)


def _seal(step: Seal) -> None:
    mounts.seal(step.target, read_only=step.read_only, deep=step.deep, devices=step.devices)


def _make_link(step: MakeLink) -> None:
    # As the person: root's id outside is nobody's in the file system, which takes no file of his (EOVERFLOW).
    before = os.geteuid(), os.getegid()
    os.setegid(step.uid)
    os.seteuid(step.uid)
    try:
        os.makedirs(os.path.dirname(step.target), exist_ok=True)
        with suppress(FileExistsError):
            os.symlink(step.to, step.target)
    except OSError as error:
        message = "an image has no place for a link here; name what it leads to instead"
        raise OSError(error.errno, message, step.target) from error
    finally:
        os.seteuid(before[0])
        os.setegid(before[1])


def _mirror(step: Mirror) -> None:
    mounts.bind_deep(step.source, step.target)


def _remove(step: Remove) -> None:
    try:
        mounts.detach(step.target)
    except OSError as error:
        if error.errno != errno.EINVAL:  # nothing is mounted there
            raise
    if step.place:
        os.rmdir(step.target)


def _unstage(_: Unstage) -> None:
    mounts.detach(steps.STAGE)
    with suppress(OSError):
        os.rmdir(steps.STAGE)


def _hold(step: Hold) -> None:
    """Hold a path; one that was replaced since somebody looked is left to whoever watches."""
    root = os.open(step.workspace, os.O_PATH | os.O_DIRECTORY)
    try:
        mounts.cover(root, step.path, read_only=step.read_only)
    except OSError as error:
        if error.errno not in _REPLACED:
            raise
    finally:
        os.close(root)


def _mask(step: MaskPath, *, layered: bool) -> None:
    """Cover a path, as the kind of thing that is there now.

    An earlier sandbox may have removed or replaced it, or a directory above it, in the change set. Then the
    overlay hides the host's file by itself, and a mount could fail, or follow a link to another place. Above what is
    ours a link is no reason to pass a mask over: an image decides whether /home is one.
    """
    target = os.path.realpath(step.beneath) + step.target.removeprefix(step.beneath)
    if layered and (os.path.realpath(target) != target or not os.path.lexists(target)):
        return
    name = steps.EMPTY_DIRECTORY if os.path.isdir(target) else step.staged or steps.EMPTY_FILE
    mounts.bind_read_only(f"{steps.STAGE}/{name}", target)


_DO: dict[type, Callable[[Any], None]] = {
    Reveal: _reveal,
    MountOverlay: _mount_overlay,
    Hold: _hold,
    Blank: _blank,
    TrustHere: _trust,
    Own: _own,
    Execute: _execute,
    Fill: _fill,
    Seal: _seal,
    MakeLink: _make_link,
    Mirror: _mirror,
    Remove: _remove,
    Unstage: _unstage,
}


def _workspace_failure(why: str) -> WorkspaceError:
    return WorkspaceError(
        "the workspace could not be put together",
        why=why,
        next_step="where the file system of Paddock's state carries no overlay: export XDG_STATE_HOME=DIR on ext4, xfs "
        "or btrfs; where the repository's does not: paddock run --workspace readonly … (or live)",
        code="workspace-mount",
    )
