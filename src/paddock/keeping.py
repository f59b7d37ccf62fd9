"""`--keep`: a sandbox that stays when its command has ended.

The sandbox belongs to a second process from the start (bubblewrap dies with its parent, so it cannot be
handed over). The first one waits for the command's exit code and leaves with it; the second goes to the
background and stays until `paddock kill`.
"""

from __future__ import annotations

import os
import signal
import struct

from paddock import session
from paddock.errors import PaddockError
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from paddock.plan.model import Plan

_FORWARDED = (signal.SIGTERM, signal.SIGHUP)


def run(plan: Plan, *, name: str, fresh: bool, report: Callable[[PaddockError], int]) -> int:
    """Run the plan in a process that stays; the command's exit code, or that of `report` for an error."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(here)
        _stay(plan, name, there, report, fresh=fresh)
    os.close(there)
    # The terminal's keys reach both of us; they are for the command.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for number in _FORWARDED:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    answer = os.read(here, 4)
    if len(answer) == struct.calcsize("i"):
        return int(struct.unpack("i", answer)[0])
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _stay(plan: Plan, name: str, channel: int, report: Callable[[PaddockError], int], *, fresh: bool) -> NoReturn:
    code = 125
    try:
        ended = session.run(plan, name=name, fresh=fresh, kept=lambda code, name: _wait(code, name, channel))
        code = ended.exit_code
    except PaddockError as error:
        code = report(error)
    finally:
        os._exit(code)


def _wait(code: int, name: str, channel: int) -> None:
    complain(f"kept as {name}: paddock exec {name} -- …, paddock kill {name}")
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    # Blocked before the answer, so that a kill that follows at once is not lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    os.write(channel, struct.pack("i", code))
    os.close(channel)
    signal.sigwait(_FORWARDED)
