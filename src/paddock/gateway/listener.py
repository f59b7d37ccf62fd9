"""Accepts connections on a listening socket, a few in a turn, and rests when nothing is left to accept them with.

asyncio's own server goes on after the first failure: without a descriptor it fails as often in a row as its backlog is
long, and comes back a second later once for each of these times (gh-151615), so that a sandbox could have it spin.
"""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import socket
    from asyncio import BaseProtocol
    from collections.abc import Callable

# What is turned away has its descriptor until the next turn: a flood must not take those that connections need.
AT_ONCE = 32
MOST_BEGINNING = 64  # of all listeners of a sandbox together
REST_S = 1.0
_GONE = frozenset({errno.EAGAIN, errno.EINTR, errno.ECONNABORTED})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """Gives each connection that comes a protocol. `exhausted` is called once for each rest."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listening: socket.socket,
        protocol: Callable[[], BaseProtocol],
        exhausted: Callable[[], object],
        beginning: set[asyncio.Task[object]] | None = None,
    ) -> None:
        """`beginning` is shared by the listeners of a sandbox: the connections that have no protocol yet."""
        listening.setblocking(False)  # noqa: FBT003 - its own signature
        self._loop = loop
        self._listening = listening
        self._protocol = protocol
        self._exhausted = exhausted
        self._tasks = set() if beginning is None else beginning  # the loop's own references are weak
        self._begin()

    def close(self) -> None:
        """Accept no more."""
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _begin(self) -> None:
        if self._listening.fileno() < 0:  # closed while it rested
            return
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(min(AT_ONCE, MOST_BEGINNING - len(self._tasks))):
            try:
                connection, _ = self._listening.accept()
            except OSError as error:
                if error.errno in _GONE:
                    return
                if error.errno not in _EXHAUSTED:
                    raise
                self._loop.remove_reader(self._listening)
                self._loop.call_later(REST_S, self._begin)
                self._exhausted()
                return
            task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
