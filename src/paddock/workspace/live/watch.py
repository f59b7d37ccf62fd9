"""The process that keeps a repository clear while a live sandbox runs, and for a moment longer.

    Paddock ──fork──► watcher: hears of every directory (inotify), clears what arrives there
       │ ◄──ready──────  │
       │ ──sandbox's pid─►│  and so knows when nothing inside can write any more, also when Paddock was killed
       │ ──end, or gone──►│  looks at everything once more, hands over what was moved
       │ ◄──findings────  │

What it hears is for speed only: what is missed (a queue that is too short, a directory that cannot be watched) is met
by the last look, which relies on nothing but the files themselves.
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import time
from contextlib import ExitStack, suppress

from paddock.errors import PaddockError
from paddock.kernel import confine
from paddock.kernel.inotify import Inotify
from paddock.process import empty_streams
from paddock.workspace.descent import below
from paddock.workspace.live import findings, git_parts, tree
from paddock.workspace.live.clearing import Clearing
from paddock.workspace.live.findings import Findings
from paddock.workspace.live.ground import create

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from paddock.kernel.namespaces import Namespaces
    from paddock.workspace.live.ground import Ground
    from paddock.workspace.live.survey import Survey
    from paddock.workspace.live.sweep import Rules

MOST_WATCHED = 20_000  # directories; 10 µs each
BEAT_S = 5.0
_PAUSE_S = 0.01  # between two looks: who writes without end shall not keep a processor busy
_START_TIMEOUT_S, _END_TIMEOUT_S = 30.0, 30.0
_READY, _PARTLY, _SANDBOX, _END = b"R", b"P", b"S", b"E"


class Watch:
    """Our end of the watcher."""

    def __init__(self, pid: int, channel: socket.socket, ground: Ground, clearing: Clearing) -> None:
        self._pid = pid
        self._channel = channel
        self._ground = ground
        self._clearing = clearing  # ours, for the case that the watcher dies
        self.partly = False
        self._ended = False

    def wait_until_ready(self) -> None:
        """Return when what arrives is heard of; `partly`: not in all directories. Raises PaddockError."""
        self._channel.settimeout(_START_TIMEOUT_S)
        try:
            said = self._channel.recv(1)
        except OSError:
            said = b""
        if said not in (_READY, _PARTLY):
            raise PaddockError(
                "the repository cannot be watched", why="the watching process died", next_step="--workspace review"
            )
        self.partly = said == _PARTLY

    def guard(self, pid: int, namespaces: Namespaces | None) -> None:
        """Tell on which process it depends whether anything can still write: PID 1 of the sandbox, or its keeper.

        And the sandbox's namespaces, where it has its own: what is held in it is no business of ours.
        """
        process = os.pidfd_open(pid)
        given = [process, *((namespaces.mnt, namespaces.owner) if namespaces else ())]
        with suppress(OSError):
            self._channel.sendmsg([_SANDBOX], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))])
        os.close(process)

    def finish(self) -> Findings:
        """The last look, when the sandbox is gone; everything that was found. Once."""
        self._ended = True
        self._channel.settimeout(None)
        with suppress(OSError):
            self._channel.send(_END)
        data = b""
        with suppress(OSError):
            while chunk := self._channel.recv(1 << 16):
                data += chunk
        self._channel.close()
        os.waitpid(self._pid, 0)
        try:
            found = findings.unpacked(data)
        except (ValueError, KeyError):
            found = self._finish_alone()
        self._ground.close()
        self._clearing.close()
        return found

    def _finish_alone(self) -> Findings:
        """The last look, where the watcher died."""
        try:
            found = self._clearing.finish()
        except Exception as error:  # noqa: BLE001 - the command has ended, and how is to be told all the same
            return Findings(problem=f"the repository could not be looked at: {error}")
        if not found.problem:
            self._ground.remove()
        return found

    def messages(self, found: Findings) -> list[str]:
        """What the person is told. Names in it are unescaped."""
        return findings.messages(found)

    def abandon(self) -> None:
        """End it where no sandbox was started, or its findings are nobody's any more."""
        if not self._ended:
            self.finish()


def start(name: str, survey: Survey, rules: Rules) -> Watch:
    """Begin to watch, for a run of that name. Raises OSError, PaddockError."""
    ground, beginning = create(name, survey)
    with ExitStack() as undo:
        undo.callback(ground.close)
        undo.callback(ground.remove)
        clearing = Clearing(ground, beginning, rules, survey.read_only)
        undo.callback(clearing.close)
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        undo.callback(here.close)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                _run(there, clearing, ground, tuple(survey.directories))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            there.close()
        undo.pop_all()
    return Watch(pid, here, ground, clearing)


# --- the watcher ---


def _run(channel: socket.socket, clearing: Clearing, ground: Ground, directories: Sequence[str]) -> NoReturn:
    code = 1
    try:
        # The terminal's signals are for the command, Paddock's own end is heard on the channel.
        os.setsid()
        confine.close_all_but(channel.fileno(), clearing.root, ground.lock, ground.before, ground.upper)
        empty_streams()
        watcher = _Watcher(channel, clearing, ground)
        channel.send(_READY if watcher.hear_of(directories) else _PARTLY)
        watcher.loop()
        found = clearing.finish()
        if not found.problem:
            ground.remove()
        with suppress(OSError):
            channel.sendall(findings.packed(found))
        code = 0
    finally:
        os._exit(code)


class _Watcher:
    """Hears and clears until it is told to end."""

    def __init__(self, channel: socket.socket, clearing: Clearing, ground: Ground) -> None:
        self._channel = channel
        self._clearing = clearing
        self._ground = ground
        self._queue: Inotify | None = None
        self._paths: dict[int, str] = {}
        self._watched: set[str] = set()
        self._sandbox = -1
        self._beaten = 0.0
        with suppress(OSError):  # fs.inotify.max_user_instances: the last look has to do
            self._queue = Inotify()

    def hear_of(self, directories: Sequence[str]) -> bool:
        """Watch directories, the upper ones first where there is no room for all. Whether there was.

        Another sandbox may have put a link into the place of one since the survey: that is for the last look.
        """
        wanted = sorted(directories, key=lambda path: path.count("/"))
        for path in wanted[:MOST_WATCHED]:
            with tree.looking(self._clearing.root, path) as place:
                if place is not None and not self._add(path, place):
                    return False
        return len(wanted) <= MOST_WATCHED

    def _add(self, path: str, descriptor: int) -> bool:
        if self._queue is None or len(self._paths) >= MOST_WATCHED:
            return False
        try:
            self._paths[self._queue.add(descriptor)] = path
        except OSError:
            return False
        self._watched.add(path)
        return True

    def loop(self) -> None:
        """Return when nothing inside can write any more and somebody wants the end, or Paddock is gone."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if self._queue:
            poll.register(self._queue.fd, select.POLLIN)
        while True:
            self._beat()
            ready = {descriptor for descriptor, _ in poll.poll(BEAT_S * 1000)}
            if self._queue and self._queue.fd in ready:
                begun = time.monotonic()
                self._hear(self._queue)
                select.select([self._channel], [], [], max(_PAUSE_S, time.monotonic() - begun))
            if self._channel.fileno() in ready and self._told():
                return

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= BEAT_S:
            self._beaten = now
            self._ground.beat()

    def _told(self) -> bool:
        """Listen to Paddock. Whether this is the end."""
        message, ancillary, _, _ = self._channel.recvmsg(1, socket.CMSG_SPACE(12), socket.MSG_CMSG_CLOEXEC)
        if message == _SANDBOX and ancillary:
            self._sandbox, *namespaces = array.array("i", ancillary[0][2])
            if namespaces:
                self._clearing.mounted.know(*namespaces)
            return False
        if message != _END and self._sandbox >= 0:  # Paddock was killed, and its sandbox is being ended by the kernel
            select.select([self._sandbox], [], [], _END_TIMEOUT_S)
        return message != _SANDBOX

    # What is heard

    def _hear(self, queue: Inotify) -> None:
        changed: dict[str, set[str]] = {}
        whole: set[str] = set()
        for event in queue.read():
            if event.lost:
                whole.add("")
            elif event.gone:
                self._watched.discard(self._paths.pop(event.watch, ""))
            elif event.watch in self._paths:
                path = self._paths[event.watch]
                changed.setdefault(path, set()).add(event.name)
                inner = below(path, event.name)
                if event.directory and (event.arrived or inner not in self._watched):
                    whole.add(inner)
        for path in whole:
            self._all_of(path)
        for path, names in changed.items():
            self._some_of(path, names)

    def _all_of(self, start: str) -> None:
        """Look at a directory that came new, and watch it from now on: what was made before that is there to see."""
        for listing in tree.walk(self._clearing.root, start):
            self._add(listing.path, listing.fd)
            self._clearing.look(listing.path, listing.fd, os.listdir(listing.fd))

    def _some_of(self, path: str, names: set[str]) -> None:
        with tree.looking(self._clearing.root, path) as place:
            if place is not None:
                self._clearing.look(path, place, names)
        if names & git_parts.TELLING:  # they may have made a repository of it
            for part in ("", "hooks", "info"):
                inner = below(path, part) if part else path
                with tree.looking(self._clearing.root, inner) as place:
                    if place is not None:
                        self._clearing.look(inner, place, os.listdir(place))
