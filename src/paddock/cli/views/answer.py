"""A person's answer to a question at the terminal."""

from __future__ import annotations

import os
import select
import sys

from paddock.kernel.signals import arrivals


def answer_to(question: str) -> str:
    """The line that is typed, or "" where the terminal hung up; Ctrl-C raises KeyboardInterrupt at every moment."""
    sys.stderr.write(question)
    sys.stderr.flush()
    with arrivals() as signals:
        while sys.stdin not in select.select([sys.stdin, signals], [], [])[0]:
            os.read(signals, 4096)  # of one that raised nothing
    return sys.stdin.readline()
