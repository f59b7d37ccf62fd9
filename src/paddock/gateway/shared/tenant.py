"""One sandbox of the serving process, from its admission to its end: a thread, an event loop and an engine of its own.

So whatever goes wrong with one, be it an error, an alarm, a full record or a call that waits, is that one's alone.
"""

from __future__ import annotations

import gc
import os
import stat
import threading
import time
from contextlib import suppress

from paddock.frozen import frozen, replace
from paddock.gateway import child, record, serving
from paddock.gateway.control import Door
from paddock.gateway.engine import MOST_CONNECTIONS
from paddock.gateway.inside.maker import Maker
from paddock.gateway.listener import MOST_BEGINNING
from paddock.gateway.record import Record, Summary
from paddock.gateway.shared import admission, place
from paddock.gateway.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import socket

    from paddock.gateway.engine import Engine
    from paddock.gateway.shared.admission import Admission, Descriptors

SMALLEST_SHARE = 768  # descriptors that a sandbox can be served with
_RESERVED = child.OTHER_DESCRIPTORS + 2 * MOST_BEGINNING
_LEAST_ROOM = 128
ENDED = "the gateway that it shared with other sandboxes was ended"


@frozen
class House:
    """What all tenants live under: whose process it is, what it says first, and how many descriptors each has."""

    person: int
    greeting: bytes
    share: int


class Tenant:
    """Served by `live`, in a thread."""

    def __init__(self, line: socket.socket, house: House) -> None:
        self._line = line
        self._house = house
        self._loop: asyncio.AbstractEventLoop | None = None  # of the sandbox that depends on it
        self._is_to_end = False
        self._turning = threading.Lock()  # whoever is told that it is served is waited for in the end

    def end(self) -> bool:
        """From another thread: have it finish, since the process ends. Whether a sandbox depended on it."""
        with self._turning:
            self._is_to_end = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
            return self._loop is not None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._turning:
            if self._is_to_end:
                raise ConnectionAbortedError(ENDED)
            self._loop = loop

    def _forget(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._turning:
            self._loop = None
            loop.close()

    def live(self) -> None:
        """Admit the sandbox and serve it to its end. Raises nothing of what it is sent."""
        with self._line as line:
            admitted = self._admit(line)
        if admitted:
            self._serve(*admitted)
            del admitted
            gc.collect()  # an engine and its connections know each other

    def _admit(self, line: socket.socket) -> tuple[Descriptors, Engine, serving.Sockets, Maker] | None:
        if place.peer(line) != self._house.person:
            return None
        try:
            line.settimeout(admission.DEADLINE_S)
            line.sendall(self._house.greeting)
            data, received = admission.receive(line, self._house.share)
        except (OSError, ValueError):
            return None
        try:
            asked = admission.unpack(data)
            descriptors = admission.descriptors_of(asked, received)
            return descriptors, *self._prepare(asked, descriptors)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is nobody else's business
            admission.close_all(received)
            with suppress(OSError):  # nobody listens
                admission.refuse(line, f"{type(error).__name__}: {error}")
            return None

    def _prepare(self, asked: Admission, given: Descriptors) -> tuple[Engine, serving.Sockets, Maker]:
        """All that can fail, before any descriptor has an owner that would close it."""
        import asyncio

        from paddock.gateway.secrets import custody

        _check_kinds(given)
        bound = (bound for one in asked.brokered for bound in one.credential.bound)
        table = Table(asked.network, bound, clock=time.time)
        places = table.open()
        sockets = serving.Sockets(
            given.resolver,
            tuple(zip(places, given.listeners, strict=True)),
            tuple(zip(asked.network.published, given.published, strict=True)),
            Door(given.door, self._house.person),
            given.renewals,
        )
        room = self._house.share - len(given.flat()) - _RESERVED
        if room < _LEAST_ROOM:
            message = f"{room} descriptors are left of its share"
            raise ValueError(message)
        kept = custody.make(asked.network, asked.brokered, asked.canaries, asked.trusted, vouches=asked.vouches)
        written = Record(given.record, asked.about)
        loop = asyncio.new_event_loop()
        try:
            self._begin(loop)
            admission.take(self._line, kept.certificate)
            maker = Maker.at(given.channel)  # which has an owner from here on
        except BaseException:
            self._forget(loop)
            raise
        engine = serving.engine_for(table, maker, loop, written, kept)
        engine.limit, engine.room = asked.network.connections or MOST_CONNECTIONS, room
        return engine, sockets, maker

    def _serve(self, given: Descriptors, engine: Engine, sockets: serving.Sockets, maker: Maker) -> None:
        loop = engine.loop
        try:
            # Nothing but its end can come without having been asked for, and an answer is taken where it was asked.
            loop.add_reader(maker.descriptor, loop.stop)
            summary = serving.run(engine, sockets)
            if self._is_to_end and not summary.ended:
                summary = replace(summary, ended=ENDED)
        except BaseException as error:  # noqa: BLE001 - its Paddock is told; the others go on
            summary = Summary(ended=f"{type(error).__name__}: {error}")
        try:
            engine.close()
            loop.remove_reader(maker.descriptor)
        finally:
            with suppress(OSError):  # without a last word its Paddock takes it for dead
                child.write_all(given.last_word, record.pack(summary))
            os.close(given.last_word)
            os.close(given.record)
            maker.finish()
            self._forget(loop)


def _check_kinds(given: Descriptors) -> None:
    """Raise ValueError for what is no file where one is needed, or no socket; later it would be half taken over."""
    files = {given.record, given.last_word}
    for descriptor in given.flat():
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) if descriptor in files else stat.S_ISSOCK(mode)):
            message = "a descriptor is of the wrong kind"
            raise ValueError(message)
