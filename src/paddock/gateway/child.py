"""The gateway's own process: what it gives up before it reads a single byte of the sandbox's.

It is forked from Paddock and never returns into Paddock's code. It keeps the sockets, the record, which it
can only add to, and a pipe; no terminal, no other file, no privilege, and no way to import anything more.
"""

from __future__ import annotations

import gc
import os
import resource
import signal

from paddock.frozen import frozen
from paddock.gateway import record
from paddock.gateway.inside.maker import Maker
from paddock.kernel import confine, landlock
from paddock.kernel.namespaces import be_unreadable, die_with_parent, forbid_imports
from paddock.process import empty_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from paddock.credentials.brokered import Brokered
    from paddock.credentials.canaries import Canary
    from paddock.gateway.control import Door
    from paddock.gateway.record import About
    from paddock.gateway.secrets.custody import Custody
    from paddock.gateway.table import Place, Table
    from paddock.kernel.namespaces import Namespaces
    from paddock.plan.model import Published

NOBODY = (65534, 65534)
READY = b"+"
FAILED = b"-"
_IGNORED = frozenset(
    {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGHUP, signal.SIGPIPE}
)
# Where the C library finds its configuration, its modules and the sockets of its caches.
_RESOLVING = ("/etc", "/usr", "/lib", "/lib64", "/nix/store", "/gnu/store", "/run", "/var/run", "/var/lib/sss")
# Besides the listeners, and two for each connection: the loop's own, the resolver's, netlink's.
OTHER_DESCRIPTORS = 128


@frozen
class Entrusted:
    """What the gateway alone gets to know: credentials with their secrets, and what was planted for thieves.

    In `directory`, which is seen inside, it writes whom programs there are to trust, where it terminates TLS. The
    socket `renewals` brings secrets that were fetched anew.
    """

    brokered: tuple[Brokered, ...] = ()
    canaries: tuple[Canary, ...] = ()
    directory: str = ""
    renewals: int = -1


@frozen
class Charge:
    """What the gateway is started with: its rules, its descriptors, whom it must not outlive, whom to become.

    `door` is where the person comes in, `published` are listeners on this machine that lead inside. `about` says what
    the record is about: it is asked here and not in the process that starts the sandbox, since hashing a plan takes
    its time.
    """

    table: Table
    namespaces: Namespaces
    record: int
    report: int
    last_word: int
    parent: int
    drop_to: tuple[int, int] | None
    door: Door
    about: Callable[[], About]
    published: tuple[tuple[Published, int], ...] = ()
    entrusted: Entrusted = Entrusted()


def run(charge: Charge) -> NoReturn:
    """Be the gateway of a sandbox until SIGTERM.

    `report`, a pipe, gets READY or FAILED. `last_word`, a file in memory, gets the summary: in a pipe a long one
    would wait for its reader, who comes when the session ends, and meanwhile sockets that nobody serves would keep
    programs waiting, and an alarm that has to end the session would not be heard.
    """
    status, parent, report, last_word = 1, charge.parent, charge.report, charge.last_word
    try:
        gc.freeze()  # the parent's objects must not be finalised here: some hold numbers of closed descriptors
        detach()
        die_with(parent)
        empty_streams()  # before a socket gets one of their numbers because Paddock had them closed
        limit = raise_descriptor_limit()
        try:
            maker = Maker(charge.namespaces, charge.drop_to)
            resolver, places, listeners = open_inside(maker, charge.table)
            # Programs read whom they trust when they start, so that is there first. Else nobody waits for it.
            custody = _custody(charge) if charge.entrusted.directory else None
        except OSError as error:
            os.write(report, FAILED + f"{error.strerror}".encode("utf-8", "replace")[:2000])
            os._exit(1)
        os.write(report, READY)
        published = [descriptor for _, descriptor in charge.published]
        ours = (charge.record, report, last_word, charge.door.descriptor, maker.descriptor, charge.entrusted.renewals)
        descriptors = (*ours, *resolver, *listeners, *published)
        let_go([descriptor for descriptor in descriptors if descriptor >= 0])
        from paddock.gateway import engine, filtering, serving

        serving.preload()
        custody = custody or _custody(charge)
        written = record.Record(charge.record, charge.about())
        drop(charge.drop_to, parent)
        filtering.install()
        wanted = charge.table.network.connections or engine.MOST_CONNECTIONS
        most = min(wanted, (limit - len(descriptors) - OTHER_DESCRIPTORS) // 2)
        listening = tuple(zip(places, listeners, strict=True))
        sockets = serving.Sockets(resolver, listening, charge.published, charge.door, charge.entrusted.renewals)
        write_all(last_word, record.pack(serving.serve(charge.table, maker, sockets, written, custody, most)))
        status = 0
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        write_all(last_word, record.pack(record.Summary(ended=f"{type(error).__name__}: {error}")))
    finally:
        os._exit(status)


def open_inside(maker: Maker, table: Table) -> tuple[tuple[int, int], tuple[Place, ...], list[int]]:
    """Make what a sandbox needs from the start: the name server's sockets, the places of its rules, their listeners."""
    resolver = maker.begin()
    for address in table.claimed():
        maker.claim(address)
    places = table.open()
    return resolver, places, maker.listen(places)


def _custody(charge: Charge) -> Custody:
    """Make what is kept here alone. Reads and writes files, so it is due before these are given up."""
    from paddock.gateway.secrets import custody

    trusted = charge.entrusted
    return custody.prepare(charge.table.network, trusted.brokered, trusted.canaries, trusted.directory, os.environ)


def detach() -> None:
    """Leave the terminal: Ctrl-C and Ctrl-Z are for the command, and the parent's handlers for the parent."""
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGWINCH, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def die_with(parent: int) -> None:
    """End with the parent, and let nobody read this process's memory."""
    # SIGTERM and not SIGKILL: connections that are open get their line in the record.
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
    be_unreadable()


def raise_descriptor_limit() -> int:
    """As many descriptors as the person may have; returns the number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def let_go(keep: Sequence[int]) -> None:
    """Close every other descriptor, and leave the caller's directory."""
    confine.close_all_but(*keep)
    os.chdir("/")


def drop(drop_to: tuple[int, int] | None, parent: int) -> None:
    """Give up ids, capabilities, imports and files, for ever."""
    if os.geteuid() == 0:
        uid, gid = drop_to or NOBODY
        os.setgroups([])
        confine.become(uid, gid)
        die_with(parent)  # changing credentials clears it
    confine.drop_capabilities()
    forbid_imports()
    _confine()


def _confine() -> None:
    """Leave no files but what resolving names needs, no program to start and nobody to signal (threat E21)."""
    try:
        abi = landlock.version()
    except OSError:
        return  # a second wall, where the kernel has it
    # /etc/resolv.conf may be a link to a place of its own (WSL: /mnt/wsl), and be replaced there.
    places = (*_RESOLVING, os.path.dirname(os.path.realpath("/etc/resolv.conf")))
    rights = landlock.READ | landlock.RESOLVE_UNIX
    landlock.restrict([landlock.Rule(place, rights, optional=True) for place in places], abi, tcp=False)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
