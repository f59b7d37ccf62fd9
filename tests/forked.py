"""Do something in a forked process, where it may change everything, and hear what came of it."""

from __future__ import annotations

import os
import pickle
import select
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class Died(AssertionError):
    """The task raised an error, which is in the message, or the process was killed."""


def forked(task: Callable[[], T]) -> T:
    """What `task` gives back in a process of its own. OSError is raised here again, all else is `Died`."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(here)
        try:
            answer = (True, task())
        except OSError as error:
            answer = (False, error)  # type: ignore[assignment]
        except BaseException:  # noqa: BLE001 - the test that forked must hear of everything
            answer = (False, traceback.format_exc())  # type: ignore[assignment]
        try:
            with open(there, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(there)
    with open(here, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not said:
        message = f"it ended with {os.waitstatus_to_exitcode(status)}"
        raise Died(message)
    good, value = pickle.loads(said)
    if good:
        return value  # type: ignore[no-any-return]
    if isinstance(value, OSError):
        raise value
    raise Died(value)


def ends_with_its_parent(start: Callable[[], int]) -> bool:
    """Whether the process of that pid, which `start` starts in a process of its own, is gone soon after that one."""
    pid = forked(start)
    try:
        opened = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    gone = bool(select.select([opened], [], [], 90)[0])
    os.close(opened)
    return gone
