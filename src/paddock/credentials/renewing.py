"""A process that fetches secrets anew, for credentials whose policy says how long one is good.

The gateway may start no program and read no file. So somebody who may stays outside with the sources, and sends each
new secret to the gateway through a socket: when its time has come, without being asked, and so without a word from a
process that reads hostile bytes. It has no terminal; it ends with the gateway or with Paddock. It is started only
when a credential has a `ttl`.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import time
from contextlib import suppress

from paddock.credentials import brokering
from paddock.credentials.renewals import Renewed, pack
from paddock.errors import PaddockError
from paddock.kernel import confine
from paddock.kernel.namespaces import be_unreadable, die_with_parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from paddock.credentials.brokered import Brokered
    from paddock.credentials.sources import Outside
    from paddock.plan.model import Credential

RETRY_S = 60.0  # after a failure, or the ttl where that is shorter
_REAP_TIMEOUT_S = 10.0


class Renewer:
    """The process, as the session sees it. `channel` is the gateway's end; close it here once the gateway has it."""

    def __init__(self, brokered: Sequence[Brokered], outside: Outside) -> None:
        """Start it. The times of the secrets begin now."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        credentials = [each.credential for each in brokered if each.credential.ttl_s]
        parent = os.getpid()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                _renew_for_ever(credentials, outside, there, parent)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        there.close()
        self.pid = pid
        self._process = os.pidfd_open(pid)
        self.channel = here.detach()

    def handed_over(self) -> None:
        """Close this side's copy of the gateway's end."""
        if self.channel >= 0:
            os.close(self.channel)
            self.channel = -1

    def stop(self) -> None:
        """End it; while it renews a login, when that is done: the token that is kept has been used up."""
        self.handed_over()
        if self._process < 0:
            return
        for number in (signal.SIGTERM, signal.SIGCONT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, number)
            if number != signal.SIGTERM:  # one that was stopped would not see the first
                select.select([self._process], [], [], _REAP_TIMEOUT_S)
        os.close(self._process)
        self._process = -1
        with suppress(ChildProcessError):  # somebody waited for all children
            os.waitpid(self.pid, 0)


def _renew_for_ever(
    credentials: Sequence[Credential], outside: Outside, channel: socket.socket, parent: int
) -> NoReturn:
    try:
        gc.freeze()  # the parent's objects are not finalised here
        _settle(channel.fileno(), parent)
        serve(credentials, outside, channel)
    finally:
        os._exit(0)


def _settle(channel: int, parent: int) -> None:
    """No terminal, no signals of the person's, no descriptor but the channel; gone when Paddock is."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    confine.default_signals()
    die_with_parent(signal.SIGTERM)  # not SIGKILL, see `stop`
    if os.getppid() != parent:
        os._exit(1)
    be_unreadable()
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in {0, 1, 2} - {channel}:
        os.dup2(nothing, standard)
    confine.close_all_but(channel)
    os.chdir("/")


def serve(credentials: Sequence[Credential], outside: Outside, channel: socket.socket) -> None:
    """Send each credential's new secret whenever its time has come, until nobody listens."""
    due = {credential.name: time.monotonic() + credential.ttl_s for credential in credentials}
    sent: dict[str, Renewed] = {}
    while True:
        left_s = max(min(due.values()) - time.monotonic(), 0.0)
        if select.select([channel], [], [], left_s)[0]:
            return  # the other end says nothing but that it is closed
        for credential in credentials:
            if due[credential.name] <= time.monotonic():
                renewed = renew(credential, outside)
                try:
                    if renewed.secret is None or renewed != sent.get(credential.name):
                        channel.send(pack(renewed))
                except OSError:
                    return
                sent[credential.name] = renewed
                wait_s = min(credential.ttl_s, RETRY_S) if renewed.secret is None else credential.ttl_s
                due[credential.name] = time.monotonic() + wait_s


def renew(credential: Credential, outside: Outside) -> Renewed:
    """One attempt."""
    try:
        return Renewed(credential.name, brokering.renew(credential, outside))
    except PaddockError as error:
        return Renewed(credential.name, None, f"{error.what}: {error.why}" if error.why else error.what)
    except OSError as error:  # a full disk, no descriptor left: perhaps not the next time
        return Renewed(credential.name, None, error.strerror or type(error).__name__)
