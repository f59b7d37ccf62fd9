"""While a client inside is at work the test waits for it: what happens outside meanwhile is done by a process, at a sign."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gateway.conftest import Allow

NAME = "sign.test"
# How a client gives it: nobody knows the name, and the record says that it was asked for.
SIGN = f"""
try: socket.getaddrinfo("{NAME}", 80, socket.AF_INET)
except socket.gaierror: pass
"""


@contextmanager
def at_the_sign(allow: Allow, act: Callable[[], object]) -> Iterator[None]:
    """Have something done as soon as a client inside has given `SIGN`, which it does within the block."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            allow.wait_for(kind="dns", name=NAME)
            act()
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may run on in pytest's code
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    try:
        yield
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "what was to be done at the sign was not"
