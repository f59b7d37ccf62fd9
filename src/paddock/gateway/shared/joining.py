"""A sandbox's own side: let the serving process serve it, where that is there and takes it.

    Paddock ──fork──► maker, which stays: it stands for the sandbox's gateway, and ends with it
       └─────fork──► helper: has the sockets made, hands all over, is gone

The helper is a process since what it imports is not for the one that starts the sandbox.
"""

from __future__ import annotations

import os
import select
import signal

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.gateway import child
from paddock.gateway.inside.maker import Maker
from paddock.gateway.shared import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import NoReturn

    from paddock.gateway.child import Charge

_TIMEOUT_S = 20.0
_LONGEST_REASON = 4096
_DECLINED = b"?"
# It may have the sockets and the record by now, so nobody else can.
_HANGS = child.FAILED + b"the shared one does not answer; end it where it was started: paddock gateway"


def join(charge: Charge) -> int:
    """The pid of the maker that stays for the sandbox; 0 where nobody takes it, and it needs a gateway of its own.

    Raises PaddockError when the sockets inside cannot be made. To be called with all signals blocked.
    """
    line = place.connect()
    if line is None:
        return 0
    with line:
        maker = Maker(charge.namespaces, charge.drop_to, apart=True)
        said = _ask(line, maker, charge)
    if said == child.READY:
        maker.let_go()
        return maker.pid
    os.kill(maker.pid, signal.SIGKILL)  # its channel may be on the way to one who does not take it
    maker.close()
    if said == _DECLINED:
        return 0
    raise PaddockError(
        "the gateway could not be started",
        why=said[1:].decode("utf-8", "replace") or "the process that asks the shared one for it was killed",
        next_step="paddock run --net off …, or paddock doctor",
        code="gateway",
    )


def _ask(line: socket.socket, maker: Maker, charge: Charge) -> bytes:
    """What the helper says in the end."""
    here, there = os.pipe2(os.O_CLOEXEC)
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        _help(line, maker, charge, there, parent)
    os.close(there)
    try:
        if select.select([here], [], [], _TIMEOUT_S)[0]:
            return os.read(here, _LONGEST_REASON)
        os.kill(pid, signal.SIGKILL)
        return _HANGS
    finally:
        os.close(here)
        os.waitpid(pid, 0)


def _help(line: socket.socket, maker: Maker, charge: Charge, report: int, parent: int) -> NoReturn:
    said = _DECLINED
    try:
        child.detach()
        child.die_with(parent)
        child.raise_descriptor_limit()
        try:
            resolver, _, listeners = child.open_inside(maker, charge.table)
        except OSError as error:
            said = _failed(error)
        else:
            said = _hand_over(line, maker, charge, resolver, tuple(listeners))
    except TimeoutError:
        said = _HANGS
    except BaseException:  # noqa: BLE001 - nothing may run on in the caller's code; whatever it is, nobody was served
        said = _DECLINED
    finally:
        os.write(report, said)
        os._exit(0)


def _hand_over(
    line: socket.socket, maker: Maker, charge: Charge, resolver: tuple[int, int], listeners: tuple[int, ...]
) -> bytes:
    from paddock.gateway.secrets import custody
    from paddock.gateway.shared import admission

    network, entrusted, about = charge.table.network, charge.entrusted, charge.about()
    trusted = custody.trusted_for(network, entrusted.brokered, entrusted.directory, os.environ)
    asked = admission.Admission(
        network=network,
        about=replace(about, facts={**about.facts, "gateway": "shared"}),
        brokered=entrusted.brokered,
        canaries=entrusted.canaries,
        trusted=trusted,
        vouches=bool(entrusted.directory),
        door=charge.door.descriptor >= 0,
        renewals=entrusted.renewals >= 0,
    )
    descriptors = admission.Descriptors(
        charge.record, charge.last_word, maker.descriptor, resolver, charge.door.descriptor, entrusted.renewals,
        tuple(descriptor for _, descriptor in charge.published), listeners,
    )  # fmt: skip
    line.settimeout(admission.DEADLINE_S)
    admission.send(line, admission.pack(asked), descriptors.flat())
    certificate = admission.taken(line)
    if certificate is None:
        return _DECLINED
    try:
        custody.install(entrusted.directory, certificate, trusted, os.environ)
    except OSError as error:  # no other gateway may write the record, which this one has begun
        return _failed(error)
    return child.READY


def _failed(error: OSError) -> bytes:
    return child.FAILED + f"{error.strerror}".encode("utf-8", "replace")[:2000]
