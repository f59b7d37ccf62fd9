"""A person's answer to a question at the terminal."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def answer_to(question: str) -> str:
    """The line that is typed, or "" where the terminal hung up; Ctrl-C raises KeyboardInterrupt at every moment.

    A signal that comes between the question and read(2), or to another thread, interrupts no read: Python would hear
    of it with the next line only (PEP 475). So nothing is read before a line is there, and signals are waited for too.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    with _signals() as signals:
        while True:
            ready, _, _ = select.select([sys.stdin, signals], [], [])
            if sys.stdin in ready:
                return sys.stdin.readline()
            os.read(signals, 4096)  # of one that raised nothing


@contextmanager
def _signals() -> Iterator[int]:
    """What is readable as soon as a signal has come that Python has an answer to."""
    readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
        try:
            yield readable
        finally:
            signal.set_wakeup_fd(before)
    finally:
        os.close(readable)
        os.close(writable)
