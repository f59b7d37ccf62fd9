"""From sockets to a summary: one sandbox served in a loop, by a process of its own or in a thread beside others."""

from __future__ import annotations

import signal

from paddock.frozen import frozen
from paddock.gateway.engine import MOST_CONNECTIONS, Engine
from paddock.gateway.record import Summary, pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

    from paddock.gateway.control import Door
    from paddock.gateway.inside.maker import Maker
    from paddock.gateway.record import Record
    from paddock.gateway.secrets.custody import Custody
    from paddock.gateway.table import Place, Table
    from paddock.plan.model import Published

_RESOLVER_THREADS = 8


def preload() -> None:
    """Import all that serving needs: afterwards the process gives up the right to read the files."""
    import asyncio
    import concurrent.futures.thread
    import json

    from paddock.gateway import publishing

    _ = (asyncio, concurrent.futures.thread, json, publishing)
    # Codecs are modules too, looked up by name when they are first used.
    unpack(pack(Summary(ended="\n")))


@frozen
class Sockets:
    """What is there from the start: the name server's two, listeners with their places, ports in, the person's door.

    `renewals` brings secrets that were fetched anew, where there are any.
    """

    resolver: tuple[int, int]
    places: tuple[tuple[Place, int], ...]
    published: tuple[tuple[Published, int], ...]
    door: Door
    renewals: int = -1


def serve(
    table: Table,
    maker: Maker,
    sockets: Sockets,
    record: Record,
    custody: Custody,
    most_connections: int = MOST_CONNECTIONS,
) -> Summary:
    """Serve one sandbox in a process of its own until SIGTERM, an alarm, or until the record breaks."""
    import asyncio

    loop = asyncio.new_event_loop()
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    engine = engine_for(table, maker, loop, record, custody)
    engine.limit = most_connections
    return run(engine, sockets)


def engine_for(table: Table, maker: Maker, loop: asyncio.AbstractEventLoop, record: Record, custody: Custody) -> Engine:
    """The engine of one sandbox, in a loop that is its own."""
    from concurrent.futures import ThreadPoolExecutor

    return Engine(table, maker, loop, ThreadPoolExecutor(_RESOLVER_THREADS), record, custody)


def run(engine: Engine, sockets: Sockets) -> Summary:
    """Serve until the engine's loop is stopped: by the caller, an alarm, or because the record broke."""
    loop = engine.loop
    # A connection that raised has been aborted by asyncio; the others go on.
    loop.set_exception_handler(lambda *_: engine.record.refused(None, "failed"))
    # Not before: a gateway that SIGTERM ends without a last word has not written anything either.
    engine.record.begin(on_broken=loop.stop)
    # Not run_until_complete: the signal may come at any moment, and then there is nothing to complete.
    beginning = loop.create_task(engine.begin(sockets))
    beginning.add_done_callback(lambda task: loop.stop() if task.exception() else None)
    loop.run_forever()
    if beginning.done():
        beginning.result()
    return engine.finish()
