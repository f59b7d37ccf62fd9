"""A sandbox that runs while a test looks at it."""

from __future__ import annotations

import glob
import json
import os
import random
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from paddock import stranded
from paddock.boundary import container
from tests import podman

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
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


def kill_together(pids: Collection[int]) -> None:
    """None of them hears of another one's end: all stand still before the first is killed."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):  # a joiner goes with its Paddock, by the kernel
                os.kill(pid, number)


def clean(person: Person, repo: Path) -> None:
    """`paddock clean` removes all that is left, at once."""
    cleaned(person, repo)
    assert cleaned(person, repo) == []


def cleaned(person: Person, repo: Path) -> list[str]:
    """What `paddock clean` removes of this person's; nothing is left.

    It removes more: the trial groups of whichever Paddock of the same user was killed, and as root whatever container has
    lost its person. Other tests, which kill as well, go on beside these.
    """
    others = _places_of_others(person)
    done = person.call("clean", "--json", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["left"] == []
    return [line for line in told["removed"] if "/paddock-trial-" not in line and line not in others]


def _places_of_others(person: Person) -> set[str]:
    """What is said when containers of other persons are removed, of which root knows."""
    found = set()
    for place in {*glob.glob(f"{container.ROOTS_PLACE}/*")} - {*podman.places(person)}:
        found |= {f"container directory {place}", *(f"container {name}" for name in stranded._names(place))}
    return found


def _end(process: subprocess.Popen[str]) -> None:
    for patience_s in (1, 60):  # the second one does not wait for the command
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
    process.kill()


def one_message(stderr: str) -> str:
    """What a failure says: one message with the next step, and no traceback."""
    assert "Traceback" not in stderr
    said = [line for line in stderr.splitlines() if line.startswith("paddock: ") and "no control group" not in line]
    assert len(said) == 1, stderr
    assert "\n  next  " in stderr
    return said[0]
