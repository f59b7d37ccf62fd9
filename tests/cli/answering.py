"""A person at a terminal who answers one question."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def answered(person: Person, cwd: Path, answer: str, *arguments: str) -> str:
    """The dialogue on the terminal, when `answer` is typed after the question."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        person.argv(*arguments), cwd=cwd, env=person.environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        output, asked = b"", False
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # EIO: the last writer is gone
                break
            output += piece
            if b"[y/N] " in output and not asked:
                asked = True
                os.write(ours, answer.encode())
        process.wait()
    os.close(ours)
    assert asked, output
    return output.decode().replace("\r\n", "\n")
