"""A sandbox made by bubblewrap, as it runs: completed from outside, entered, ended.

When Paddock dies, bubblewrap's --die-with-parent fires: PID 1 goes, and with it every process inside.
"""

from __future__ import annotations

import errno
import os
import select
import signal
from contextlib import suppress

from paddock.boundary import bubblewrap
from paddock.boundary.bubblewrap import Carry, Hold, MaskPath, MountOverlay, Reveal, TrustHere
from paddock.errors import WorkspaceError
from paddock.kernel import mounts
from paddock.kernel.join import COMPLETING, Joiner
from paddock.kernel.namespaces import Namespaces, namespaces_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.boundary.bubblewrap import Compiled
    from paddock.boundary.build import Build
    from paddock.kernel.join import Start
    from paddock.kernel.reports import Joined

_END_TIMEOUT_S = 10.0
_REPLACED = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])


class BubblewrapSandbox:
    """A live sandbox."""

    def __init__(self, build: Build) -> None:
        """Wait until bubblewrap is done. On a failure nothing is left. Raises BoundaryUnavailable."""
        self._stopped = False
        self._build = build
        self._compiled = build.compiled
        self._init = -1
        try:
            self.init_pid = build.wait_until_complete()
            self._init = os.pidfd_open(self.init_pid)
            self.namespaces: Namespaces = namespaces_of(self.init_pid)
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
        self._refuse_half_made(joined)
        return joined

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
            # PID 1's end is the end of all: the kernel kills a whole PID namespace first. Bubblewrap itself
            # is killed last, so that it reaps PID 1 and the host's init need not.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
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
        maps[owner] = mounts.swap_ids(*owner, bubblewrap.STAND_IN)
    try:
        return mounts.clone(step.source, read_only=step.read_only, idmap=maps[owner])
    except OSError as error:
        error.filename = f"id-mapped mount of {step.source}"
        raise


def _mount_all(compiled: Compiled, carried: list[tuple[int, str]]) -> None:
    stage = bubblewrap.STAGE
    for tree, target in carried:
        mounts.attach(tree, target)
    for step in compiled.steps:
        if isinstance(step, Reveal):
            mounts.bind(stage + step.target, step.target)  # read-only, as the staged mount is
        elif isinstance(step, MountOverlay):
            mounts.overlay(step.lowers, step.upper, step.work, step.target)
        elif isinstance(step, Hold):
            _hold(step)
        elif isinstance(step, MaskPath):
            _mask(step, layered=MountOverlay in map(type, compiled.steps))
        elif isinstance(step, TrustHere):
            mounts.bind_read_only(step.source, step.target)
        elif not isinstance(step, Carry):
            mounts.detach(stage)
            with suppress(OSError):
                os.rmdir(stage)


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
    overlay hides the host's file by itself, and a mount could fail, or follow a link to another place.
    """
    if layered and (os.path.realpath(step.target) != step.target or not os.path.lexists(step.target)):
        return
    name = bubblewrap.EMPTY_DIRECTORY if os.path.isdir(step.target) else step.staged or bubblewrap.EMPTY_FILE
    mounts.bind_read_only(f"{bubblewrap.STAGE}/{name}", step.target)


def _workspace_failure(why: str) -> WorkspaceError:
    return WorkspaceError(
        "the workspace could not be put together",
        why=why,
        next_step="where the file system of Paddock's state carries no overlay: export XDG_STATE_HOME=DIR on ext4, xfs "
        "or btrfs; where the repository's does not: paddock run --workspace readonly … (or live)",
        code="workspace-mount",
    )
