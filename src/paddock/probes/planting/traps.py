"""Canaries beside a sandbox that somebody is about to use: a few that touch nothing of the person's.

A made-up machine (`ground`) has everything; here the repository, the home and the processes are real. So what is
planted lies in a directory of Paddock's own, in this process (its environment, its descriptors, its memory) and on
sockets of its own, and is gone before the person's command starts.
"""

from __future__ import annotations

import os
import socket

from paddock.kernel import syscalls
from paddock.kernel.namespaces import FLAGS
from paddock.probes.planting.attending import heard
from paddock.unwinding import Unwinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Of the quick rows those that find here what they look for; they write nothing, and wait for nobody.
ROWS = (
    "FS-12 proc-self-root", "FS-14 leaked-dirfd", "FS-14 leaked-file", "FS-15 inherited-fds",
    "CR-21 env-canary", "CR-25 pid1-environ", "NW-01 host-loopback-tcp", "NW-37 abstract-socket",
    "NW-41 inherited-socket-fd", "PK-05 proc-mem", "PK-07 no-new-privs", "PK-08 seccomp-on", "PK-09 caps-empty",
    "PK-11 uid0-not-host0", "PK-12 nested-userns-unshare", "PK-47 namespaces-differ", "RS-04 core-off",
)  # fmt: skip
_LOOPBACK, _ABSTRACT = "NW-01 host-loopback-tcp", "NW-37 abstract-socket"
_VARIABLE = "PADDOCK_PROBE"


class Traps:
    """What is planted, below `base`, and what the attacker is told of it (`given`). Gone after `remove`."""

    def __init__(self, base: str, repository: str) -> None:
        self._undo = Unwinding()
        self._canaries: list[str] = []
        self._listeners: dict[str, socket.socket] = {}
        machine = os.uname().machine
        numbers = {name: syscalls.number(name, machine) for name in syscalls.names()}
        self.given: dict[str, Any] = {
            "home": f"{base}/home",
            "repo": repository,
            "word": f"paddock-{os.urandom(8).hex()}",
            "nodename": os.uname().nodename,
            "numbers": {name: number for name, number in numbers.items() if number is not None},
            "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in (*FLAGS, "user")},
            "victim": os.getpid(),
        }
        try:
            self._files()
            self._sockets()
        except BaseException:
            self.remove()
            raise
        self._memory = self._canary().encode()
        # Where CPython keeps the content of bytes: behind all else, with a NUL at its end.
        self.given["victim address"] = id(self._memory) + bytes.__basicsize__ - 1
        os.environ[_VARIABLE] = self._canary()
        self._undo.callback(os.environ.pop, _VARIABLE, None)

    def remove(self) -> None:
        """Take all of it away."""
        self._undo.__exit__()

    def told(self, names: list[str]) -> dict[str, Any]:
        """What goes to the attacker: no canary, only their hashes."""
        import hashlib

        hashes = [hashlib.sha256(canary.encode()).hexdigest() for canary in self._canaries]
        return {**self.given, "hashes": hashes, "rows": names, "facts": False}

    def effects(self) -> Iterator[tuple[str, str]]:
        """Which listeners heard a probe. All that was sent is in their queues by now: nobody is waited for."""
        return ((name, "it arrived at the host") for name, listener in self._listeners.items() if heard(listener, 0))

    def _canary(self) -> str:
        made = f"canary-{os.urandom(16).hex()}"
        self._canaries.append(made)
        return made

    def _files(self) -> None:
        """A secret in a home, and two descriptors that lead there, as a careless caller would leave them open."""
        home = self.given["home"]
        directory = f"{home}/.ssh"
        for path in (os.path.dirname(home), home, directory):
            os.mkdir(path, 0o700)
            self._undo.callback(os.rmdir, path)
        secret = f"{directory}/id_canary"
        opened = os.open(secret, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._undo.callback(os.unlink, secret)
        self._leak(opened)
        os.write(opened, f"{self._canary()}\n".encode())
        self._leak(os.open(home, os.O_RDONLY | os.O_DIRECTORY))

    def _sockets(self) -> None:
        abstract = f"paddock-probe-{os.urandom(8).hex()}"
        self._listen(_LOOPBACK, socket.AF_INET, ("127.0.0.1", 0))
        self._listen(_ABSTRACT, socket.AF_UNIX, b"\0" + abstract.encode())
        self.given |= {"ports": {_LOOPBACK: self._listeners[_LOOPBACK].getsockname()[1]}, "abstract": abstract}
        # One end of a pair, as an agent's or an editor's; and the other, or it would be a dead one.
        for end in socket.socketpair():
            self._leak(end.detach())

    def _listen(self, name: str, family: int, address: Any) -> None:
        listener = self._listeners[name] = socket.socket(family, socket.SOCK_STREAM)
        self._undo.callback(listener.close)
        listener.bind(address)
        listener.listen()
        listener.settimeout(0)

    def _leak(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, True)  # noqa: FBT003
        self._undo.callback(os.close, descriptor)
