"""A person at a terminal, who may answer one question."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.conftest import Person

QUESTION = b"[y/N] "


def on_terminal(
    person: Person,
    cwd: Path,
    *arguments: str,
    answer: str | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[int, str]:
    """The exit code of `paddock` on a terminal of its own, and all that was seen there.

    With an `answer` there must be a question; `meanwhile` is called while it waits for the answer.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        person.argv(*arguments), cwd=cwd, env=person.environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        output, waiting = b"", answer
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # EIO: the last writer is gone
                break
            output += piece
            if waiting is not None and QUESTION in output:
                meanwhile()
                os.write(ours, waiting.encode())
                waiting = None
    os.close(ours)
    assert waiting is None, output
    return process.returncode, output.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def answered(person: Person, cwd: Path, answer: str, *arguments: str) -> str:
    """The dialogue on the terminal, when `answer` is typed after the question."""
    return on_terminal(person, cwd, *arguments, answer=answer)[1]


def dialogue(person: Person, cwd: Path, answers: Sequence[str], *arguments: str, **environ: str) -> tuple[int, str]:
    """The exit code and everything on the terminal, when each question gets the next answer; then its end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        person.argv(*arguments), cwd=cwd, env={**person.environ, **environ}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        output, left, seen = b"", list(answers), 0
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # EIO: the last writer is gone
                break
            output += piece
            for _ in range(output.count(b"]? ") + output.count(b"[y/N] ") - seen):
                seen += 1
                os.write(ours, f"{left.pop(0)}\n".encode() if left else b"\x04")
        process.wait()
    os.close(ours)
    assert not left, output
    return process.returncode, output.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def seen(person: Person, cwd: Path, *arguments: str, expected: int = 0, **environ: str) -> str:
    """What `paddock` shows on a terminal of its own, without a pager unless `environ` names one."""
    code, output = dialogue(person, cwd, (), *arguments, **{"PADDOCK_PAGER": "", **environ})
    assert code == expected, output
    return output
