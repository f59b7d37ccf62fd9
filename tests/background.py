"""A sandbox that runs while a test looks at it."""

from __future__ import annotations

import json
import random
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Person

SLEEP = ("sh", "-c", "echo up; exec sleep 600")


@contextmanager
def running(
    person: Person, repo: Path, *options: str, command: tuple[str, ...] = SLEEP
) -> Iterator[subprocess.Popen[str]]:
    """`paddock run OPTIONS -- COMMAND`, once it has said `up`; ended if it is still there, so that it clears up."""
    process = subprocess.Popen(
        person.argv("run", *options, "--", *command), cwd=repo, env=person.environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout
        first = process.stdout.readline()
        assert first == "up\n", (first, process.stderr.read() if process.stderr else "")
        try:
            yield process
        finally:
            _end(process)


def killed_at_moments(
    person: Person, repo: Path, runs: Iterable[Sequence[str]], latest_s: float, seed: int = 1
) -> Iterator[bool]:
    """Start `paddock run WORDS` for each of `runs`, and kill it at a moment before `latest_s`: whether it was there."""
    moments = random.Random(seed)
    for words in runs:
        process = subprocess.Popen(
            person.argv("run", *words), cwd=repo, env=person.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(moments.uniform(0, latest_s))
            killed = False
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed = True
        yield killed


def clean(person: Person, repo: Path) -> None:
    """`paddock clean` removes all that is left, at once."""
    cleaned = person.call("clean", "--json", cwd=repo)
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert json.loads(cleaned.stdout)["left"] == []
    assert json.loads(person.call("clean", "--json", cwd=repo).stdout)["removed"] == []


def _end(process: subprocess.Popen[str]) -> None:
    for _ in range(2):  # the second one does not wait for the command
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            return
    process.kill()


def one_message(stderr: str) -> str:
    """What a failure says: one message with the next step, and no traceback."""
    assert "Traceback" not in stderr
    said = [line for line in stderr.splitlines() if line.startswith("paddock: ") and "no control group" not in line]
    assert len(said) == 1, stderr
    assert "\n  next  " in stderr
    return said[0]
