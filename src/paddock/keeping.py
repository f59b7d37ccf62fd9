"""`--keep`: a sandbox that stays when its command has ended.

The sandbox belongs to a second process from the start (bubblewrap dies with its parent, so it cannot be
handed over). The first one waits for the command's exit code and leaves with it; the second goes to the
background and stays until `paddock kill`.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import time

from paddock import session
from paddock.kernel.signals import arrivals
from paddock.process import empty_streams
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from paddock.plan.model import Plan
    from paddock.session import Kept

_CODE = struct.Struct("i")
_FORWARDED = (signal.SIGTERM, signal.SIGHUP)
_AWAITED = (*_FORWARDED, signal.SIGCHLD)
_DAY_S = 86400.0


def run(plan: Plan, *, name: str, fresh: bool, quiet: bool, failed: Callable[[Exception], int]) -> tuple[int, str]:
    """Run the plan in a process that stays: the command's exit code and the sandbox's name.

    An error is told by `failed`, in the process that stays, and its exit code given with an empty name.
    """
    here, there = os.pipe()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)  # who is told to end before it can tell would end alone
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(here)
        _stay(plan, name, there, failed, fresh=fresh, quiet=quiet)
    os.close(there)
    # The terminal's keys reach both of us; they are for the command.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for number in _FORWARDED:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    with arrivals() as signals:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        while here not in select.select([here, signals], [], [])[0]:
            os.read(signals, 4096)  # passed on by now
    answer = os.read(here, 4096)
    if len(answer) >= _CODE.size:
        return int(_CODE.unpack(answer[: _CODE.size])[0]), os.fsdecode(answer[_CODE.size :])
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return (code if code >= 0 else 128 - code), ""


def _stay(
    plan: Plan, name: str, channel: int, failed: Callable[[Exception], int], *, fresh: bool, quiet: bool
) -> NoReturn:
    code = 125
    try:
        ended = session.run(plan, name=name, fresh=fresh, quiet=quiet, kept=lambda kept: _wait(kept, channel))
        code = ended.exit_code
    except Exception as error:  # noqa: BLE001 - nobody above us would tell it
        code = failed(error)
    finally:
        os._exit(code)


def _wait(kept: Kept, channel: int) -> None:
    """Go to the background and stay until somebody ends the sandbox, or its time limit does."""
    for message in kept.messages:
        complain(message)
    complain(f"kept as {kept.name}: paddock exec {kept.name} -- …, paddock kill {kept.name}")
    os.setsid()
    empty_streams()
    # Blocked before the answer, so that a kill that follows at once is not lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    os.write(channel, _CODE.pack(kept.exit_code) + os.fsencode(kept.name))
    os.close(channel)
    _sleep(kept)


def _sleep(kept: Kept) -> None:
    """Until a signal, the time limit, or an alarm: the gateway is our child, and its end is told as one's.

    Which may have been before the signals were blocked, and is not told then.
    """
    end = None if kept.left_s is None else time.monotonic() + kept.left_s
    while not (kept.guard and kept.guard.has_alarmed()) and (end is None or time.monotonic() < end):
        left_s = _DAY_S if end is None else end - time.monotonic()
        told = signal.sigtimedwait(_AWAITED, max(left_s, 0))
        if told and told.si_signo in _FORWARDED:
            return
