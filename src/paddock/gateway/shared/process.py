"""The serving process: what it gives up before it hears of any sandbox, and how it takes them in.

It is bound as the gateway of a single sandbox is (`child`): no privilege, no terminal, no file but what resolving names
takes, no other program or process. It is one process for all: whoever took it over would have the secrets of all of
them, which is what sharing costs.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import threading
import time

from paddock.gateway import child, filtering
from paddock.gateway.shared import place
from paddock.gateway.shared.tenant import SMALLEST_SHARE, House, Tenant
from paddock.process import empty_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MOST_TENANTS = 32
_OWN_DESCRIPTORS = 64
_LAST_WORDS_S = 15.0  # as busy as a machine may be; less than those who wait for this process wait
_REST_S = 1.0


def run(listening: socket.socket, report: int, parent: int, drop_to: tuple[int, int] | None) -> NoReturn:
    """Serve until SIGTERM. `report`, a pipe, gets READY, or FAILED; in the end how many sandboxes are left without."""
    status = 1
    try:
        gc.enable()
        gc.freeze()  # the parent's objects must not be finalised here: some hold numbers of closed descriptors
        child.detach()
        child.die_with(parent)
        empty_streams()
        limit = child.raise_descriptor_limit()
        person, greeting = os.geteuid(), place.greeting()
        child.let_go([listening.fileno(), report])
        _preload()
        gc.freeze()  # nothing of this goes either, so that looking for what does is short
        child.drop(drop_to, parent)
        filtering.install()
        most = min(MOST_TENANTS, (limit - _OWN_DESCRIPTORS) // SMALLEST_SHARE)
        share = (limit - _OWN_DESCRIPTORS) // max(most, 1)
        process = Process(listening, House(person, greeting, share), most)
        os.write(report, child.READY)
        os.write(report, str(process.serve()).encode())
        status = 0
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        os.write(report, child.FAILED + f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:2000])
    finally:
        os._exit(status)


def _preload() -> None:
    """Import all that serving needs, TLS of our own included; later there is no way to."""
    from paddock.gateway import serving
    from paddock.gateway.secrets import custody
    from paddock.gateway.tls import authority, roots
    from paddock.record import writer

    _ = custody
    serving.preload()
    writer.preload()
    "loaded.test".encode("idna")
    authority.Authority(["loaded.test"], ["192.0.2.1"])
    roots.towards_upstreams(())


class Process:
    """Takes sandboxes in, one thread for each."""

    def __init__(self, listening: socket.socket, house: House, most: int) -> None:
        self._listening = listening
        self._house = house
        self._most = most
        self._tenants: dict[threading.Thread, Tenant] = {}
        self._asked, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(tell)
        signal.signal(signal.SIGTERM, lambda *_: None)

    def serve(self) -> int:
        """Until SIGTERM; how many sandboxes have no network from now on."""
        self._listening.setblocking(False)  # noqa: FBT003 - its own signature
        while not select.select([self._asked], [], [], 0)[0]:
            self._tenants = {thread: tenant for thread, tenant in self._tenants.items() if thread.is_alive()}
            if self._listening.fileno() in select.select([self._listening.fileno(), self._asked], [], [])[0]:
                self._take_in()
        self._listening.close()  # whoever waits there has a gateway of its own
        return self._end()

    def _take_in(self) -> None:
        try:
            line, _ = self._listening.accept()
        except BlockingIOError:
            return  # whoever it was is gone
        except OSError:
            time.sleep(_REST_S)  # no descriptor is left
            return
        if len(self._tenants) >= self._most:
            line.close()
            return
        tenant = Tenant(line, self._house)
        thread = threading.Thread(target=tenant.live, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread is left: this one has a gateway of its own, and the others keep theirs
            line.close()
            return
        self._tenants[thread] = tenant

    def _end(self) -> int:
        served = [thread for thread, tenant in self._tenants.items() if tenant.end()]
        end = time.monotonic() + _LAST_WORDS_S
        for thread in served:
            thread.join(max(end - time.monotonic(), 0.0))
        return len(served)
