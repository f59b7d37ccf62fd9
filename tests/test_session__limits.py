"""Limits that are reached, with the real thing: what can be known at the end is told, by name and with the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.boundary.base import GAPS
from tests.background import running
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
NOT_ACCEPTABLE = {"root", "workspace-review", "network-destinations", "published-ports"}
LANDLOCK = (
    *("--boundary", "landlock", "--minimum", "landlock", "--workspace", "live"),
    *(word for gap in GAPS if gap not in NOT_ACCEPTABLE for word in ("--accept", gap)),
)
BOUNDARIES = [pytest.param((), id="bubblewrap")]
BOUNDARIES += [] if IS_ROOT else [pytest.param(LANDLOCK, id="landlock", marks=needs("landlock"))]


@pytest.mark.root
def test_processes_that_were_refused_are_told(person: Person, repo: Path) -> None:
    # Each child waits until its parent is gone, however long the others take to be born.
    script = """
import os
here, there = os.pipe()
try:
    for _ in range(12):
        if os.fork() == 0:
            os.close(there)
            os.read(here, 1)
            os._exit(0)
except BlockingIOError:
    pass
"""
    for limit, told in (("12", True), ("13", False)):  # and the parent itself
        done = person.call("run", "--limit", f"processes={limit}", "--", "/usr/bin/python3", "-c", script, cwd=repo)
        assert ("too many processes: the kernel refused a new one" in done.stderr) is told, done.stderr
        assert (f"at the limit of {limit} (flag --limit); raise it: --limit processes=…" in done.stderr) is told


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    "script", ["exec dd if=/dev/zero of=big bs=1M count=2", "dd if=/dev/zero of=big bs=1M count=2; exit"]
)
def test_a_file_that_grew_too_large_is_no_bare_153(
    person: Person, repo: Path, boundary: tuple[str, ...], script: str
) -> None:
    done = person.call("run", *boundary, "--limit", "file_size=1MiB", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == 153
    told = "a file was to grow beyond the limit of 1 MiB (flag --limit); raise it: --limit file_size=…"
    assert done.stderr.count(told) == 1


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_program_that_was_told_so_itself_needs_no_words(
    person: Person, repo: Path, boundary: tuple[str, ...]
) -> None:
    """Python ignores SIGXFSZ and raises EFBIG."""
    script = "open('big', 'wb').write(bytes(2 << 20))"
    command = ("--limit", "file_size=1MiB", "--", "/usr/bin/python3", "-c", script)
    done = person.call("run", *boundary, *command, cwd=repo)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "paddock: a file" not in done.stderr


@pytest.mark.root
def test_a_second_command_in_a_full_sandbox_is_told_why_it_cannot_start(person: Person, repo: Path) -> None:
    """The first one holds every process that the limit allows."""
    script = """
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
except OSError:
    print("up", flush=True)
time.sleep(600)
"""
    limit = ("--name", "full", "--limit", "processes=20")
    with running(person, repo, *limit, command=("/usr/bin/python3", "-c", script)):
        done = person.call("exec", "full", "--", "true", cwd=repo)
    assert done.returncode == 125
    assert "the limit on processes is reached" in done.stderr
    assert "--limit processes=…" in done.stderr
