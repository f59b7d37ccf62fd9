"""The one process that stays in the sandbox's network namespace: it makes sockets there when the gateway asks.

Names under a wildcard get their listeners when they are first asked for, and a person may allow more while a
session runs. So somebody must be able to make sockets inside at any time who is not the gateway, which reads hostile
bytes. The maker reads nothing but the gateway's few words, opens no file, and keeps two capabilities over the
sandbox's network only. It is in none of the sandbox's other namespaces, so nothing inside can see it; it ends with
the gateway.

Where one process serves many sandboxes (`gateway.shared`), the maker is the child of its sandbox's Paddock, and stands
for that sandbox: the channel between the two is the lifeline of both. SIGTERM has the gateway finish with this sandbox;
whichever dies, the other one's end of the channel says so.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
from contextlib import suppress

from paddock.gateway.inside import sockets
from paddock.kernel import confine, landlock
from paddock.kernel.namespaces import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    SCM_MAX_FD,
    be_unreadable,
    die_with_parent,
    forbid_imports,
    is_ours,
    setns,
)
from paddock.process import empty_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from paddock.kernel.namespaces import Namespaces

    Place = tuple[str, int]

_ANSWER_TIMEOUT_S = 10.0
_LONGEST_WORD = 1 << 16
_MADE, _FAILED, _FINISHED = b"+", b"-", b"finished"


class Maker:
    """The gateway's side. Every method waits for the answer, and raises OSError with the maker's reason."""

    def __init__(self, namespaces: Namespaces, run_as: tuple[int, int] | None, *, apart: bool = False) -> None:
        """Start it. As root it runs under the ids `run_as`. It ends with its parent.

        That is the gateway; or, with `apart`, the sandbox's Paddock, and the gateway serves others as well.
        """
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _be_maker(there, namespaces, run_as, parent, apart=apart)
        there.close()
        here.settimeout(_ANSWER_TIMEOUT_S)
        self._channel = here
        self.pid = pid

    @classmethod
    def at(cls, descriptor: int) -> Maker:
        """One that somebody else has started `apart`; the channel to it is ours from here on."""
        made, channel = cls.__new__(cls), socket.socket(fileno=descriptor)
        channel.settimeout(_ANSWER_TIMEOUT_S)
        made._channel, made.pid = channel, 0  # noqa: SLF001 - of its own class
        return made

    @property
    def descriptor(self) -> int:
        """The channel, to be kept open."""
        return self._channel.fileno()

    def begin(self) -> tuple[int, int]:
        """Make the addresses the sandbox's own; the name server's sockets, for UDP and for TCP."""
        datagrams, stream = self._ask("begin", 2)
        return datagrams, stream

    def claim(self, address: str) -> None:
        """Make an address that a rule names the sandbox's own."""
        self._ask(f"claim {address}")

    def listen(self, places: Sequence[Place]) -> list[int]:
        """A listener for each place; all of them or none."""
        made: list[int] = []
        try:
            for first in range(0, len(places), SCM_MAX_FD):
                batch = places[first : first + SCM_MAX_FD]
                words = " ".join(f"{address} {port}" for address, port in batch)
                made += self._ask(f"listen {words}", len(batch))
        except OSError:
            for descriptor in made:
                os.close(descriptor)
            raise
        return made

    def dialling(self, *, six: bool = False) -> int:
        """A socket with which the gateway can reach what listens inside, on an address of IPv4 or IPv6."""
        (made,) = self._ask("dialling6" if six else "dialling4", 1)
        return made

    def let_go(self) -> None:
        """Leave it to whoever else has the channel."""
        self._channel.close()

    def finish(self) -> None:
        """Tell one that is `apart` that all is done, which it would take for the gateway's death otherwise."""
        with suppress(OSError):  # it is gone
            self._channel.sendall(_FINISHED)
        self._channel.close()

    def close(self) -> None:
        """End it, and wait until it has."""
        self._channel.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _ask(self, word: str, wanted: int = 0) -> list[int]:
        try:
            self._channel.sendall(word.encode("ascii"))
            answer, descriptors, _, _ = socket.recv_fds(self._channel, _LONGEST_WORD, SCM_MAX_FD)
        except TimeoutError:
            # A late answer would be taken for that to the next question. Whoever waits for its end, hears of it.
            self._channel.shutdown(socket.SHUT_RDWR)
            raise
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - recv_fds drops the flags that it is given
        if answer[:1] == _MADE and len(descriptors) == wanted:
            return list(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if answer[:1] == _MADE:  # the kernel leaves out what this process has no number for (unix(7))
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        number, _, text = answer[1:].decode("utf-8", "replace").partition(" ")
        if not number.isdigit():
            raise ConnectionResetError("the process that makes sockets inside has died")
        raise OSError(int(number), text)


def _be_maker(
    channel: socket.socket, namespaces: Namespaces, run_as: tuple[int, int] | None, parent: int, *, apart: bool
) -> NoReturn:
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # it ends when the channel does
        if apart:
            _leave_caller()
        forbid_imports()
        _enter(namespaces, run_as)
        confine.close_all_but(channel.fileno())
        die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        asked = _hear_sigterm() if apart else -1
        while (word := _next_word(channel, asked)) and word != _FINISHED:
            _answer(channel, word.decode("ascii").split(" "))
        if apart and not word:
            os.kill(os.getpid(), signal.SIGKILL)  # the gateway was cut short, so Paddock is to see that it was
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the gateway's code
        with suppress(OSError):
            number = error.errno if isinstance(error, OSError) else 0
            channel.sendall(_FAILED + f"{number or 0} {type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(0)


def _leave_caller() -> None:
    """Keep nothing of Paddock's: its terminal, its standard streams (pipes whose end others wait for), its handlers."""
    gc.freeze()  # its objects must not be finalised here: some hold numbers of closed descriptors
    os.setsid()
    signal.set_wakeup_fd(-1)
    empty_streams()


def _hear_sigterm() -> int:
    """A pipe that tells of it. A handler would not do: of a signal just before a wait it would hear after that."""
    asked, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return asked


def _next_word(channel: socket.socket, asked: int) -> bytes:
    while asked >= 0 and asked in select.select([channel.fileno(), asked], [], [])[0]:
        os.read(asked, 64)
        # What is asked of a gateway's own process: to finish. The channel stays open for its last word.
        channel.shutdown(socket.SHUT_WR)
    return channel.recv(_LONGEST_WORD)


def _enter(namespaces: Namespaces, run_as: tuple[int, int] | None) -> None:
    be_unreadable()
    if os.geteuid() == 0:
        # Another id while the capabilities are still the host's: inside its user namespace they are not.
        os.setgroups([])
        confine.become_with_capabilities(*(run_as or (65534, 65534)))
        be_unreadable()
    if not is_ours(namespaces.owner):
        setns(namespaces.owner, CLONE_NEWUSER)
    setns(namespaces.net, CLONE_NEWNET)
    confine.drop_capabilities_but(confine.CAP_NET_BIND_SERVICE, confine.CAP_NET_ADMIN)
    be_unreadable()
    with suppress(OSError):  # a second wall, where the kernel has it
        landlock.restrict([], landlock.version(), tcp=False)


def _answer(channel: socket.socket, words: list[str]) -> None:
    made: list[int] = []
    try:
        _make(words, made)
        socket.send_fds(channel, [_MADE], made)
    except OSError as error:
        what = f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
        channel.sendall(_FAILED + f"{error.errno} {what}".encode())
    finally:
        for descriptor in made:
            os.close(descriptor)


def _make(words: list[str], made: list[int]) -> None:
    match words:
        case ["begin"]:
            sockets.prepare()
            made += sockets.resolver()
        case ["claim", address]:
            sockets.claim(address)
        case ["listen", *places]:
            for address, port in zip(places[::2], places[1::2], strict=True):
                made.append(sockets.listener(address, int(port)))
        case ["dialling4" | "dialling6" as word]:
            made.append(sockets.dialling(six=word == "dialling6"))
        case _:
            raise OSError(22, "the maker does not know the word", words[0])
