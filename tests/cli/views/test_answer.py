"""Answers of a person: heard whole, and Ctrl-C heard at every moment."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.support import Terminal

if TYPE_CHECKING:
    from pathlib import Path

ASK = "from paddock.cli.views.answer import answer_to\nprint(repr(answer_to('sure? ')))"

# A signal that another thread is given interrupts no read of the main one's; so does a signal that comes between
# the question and the read.
ANOTHER_THREAD_HEARS_IT = """
import signal, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
"""
A_SIGNAL_THAT_RAISES_NOTHING = """
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: None)
"""


def at_a_terminal(code: str, tmp_path: Path) -> Terminal:
    return Terminal([sys.executable, "-c", code], cwd=tmp_path, environ={**os.environ})


@pytest.mark.parametrize(
    ("typed", "heard"), [("yes\n", "'yes\\n'"), ("\n", "'\\n'"), ("\x04", "''"), ("a\x04b\n", "'ab\\n'")]
)
def test_an_answer_is_the_line_that_was_typed(typed: str, heard: str, tmp_path: Path) -> None:
    with at_a_terminal(ASK, tmp_path) as terminal:
        terminal.wait_for(r"sure\? ")
        terminal.type(typed)
        assert terminal.finish() == 0
        assert terminal.seen.decode().endswith(f"{heard}\r\n")


def test_ctrl_c_ends_a_question_also_where_it_interrupts_no_read(tmp_path: Path) -> None:
    with at_a_terminal(ANOTHER_THREAD_HEARS_IT + ASK, tmp_path) as terminal:
        terminal.wait_for(r"sure\? ")
        terminal.type("\x03")
        assert terminal.finish() != 0
        assert "KeyboardInterrupt" in terminal.seen.decode()


def test_a_signal_that_raises_nothing_leaves_the_question_open(tmp_path: Path) -> None:
    with at_a_terminal(A_SIGNAL_THAT_RAISES_NOTHING + ASK, tmp_path) as terminal:
        terminal.wait_for(r"sure\? ")
        os.kill(terminal.pid, signal.SIGUSR1)
        terminal.type("y\n")
        assert terminal.finish() == 0
        assert terminal.seen.decode().endswith("'y\\n'\r\n")
