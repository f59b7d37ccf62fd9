"""SIGKILL of Paddock at any moment: the repository is untouched, and `paddock clean` leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests import background, mounted
from tests.background import killed_at_moments
from tests.capabilities import needs
from tests.real.support import left_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap"), pytest.mark.slow]
MOMENTS = 20
LATEST_S = 0.6  # start, work and end all lie within it
WORK = """
i=0
while [ $i -lt 30 ]; do
  i=$((i + 1)); echo $i > made.$i; echo $i >> hello.txt; rm -rf directory; mv made.$i directory.$i; chmod 600 hello.txt
done
"""


def test_killed_at_twenty_moments_it_has_touched_nothing_and_leaves_nothing(
    person: Person, repo: Path, tmp_path: Path
) -> None:
    (repo / "directory").mkdir()
    (repo / "directory/file").write_text("content\n")
    before = fingerprint(repo)
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    runs = [("--fresh", "--", "sh", "-c", WORK, mark)] * MOMENTS
    killed = 0
    for was_there in killed_at_moments(person, repo, runs, LATEST_S, seed=2026):
        killed += was_there
        assert fingerprint(repo) == before
    assert killed, "nothing was killed: the work is too short"

    cleaned = person.call("clean", "--json", cwd=repo)
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert json.loads(cleaned.stdout)["left"] == []
    assert left_of(mark) == []
    assert mounted.below(tmp_path) == []
    assert json.loads(person.call("ps", "--json", cwd=repo).stdout)["sandboxes"] == []
    assert background.cleaned(person, repo) == []
    assert fingerprint(repo) == before


def test_what_was_written_before_the_kill_is_still_held(person: Person, repo: Path) -> None:
    process = subprocess.Popen(
        person.argv("run", "--name", "mortal", "--", "sh", "-c", "echo precious > work; sync; echo up; exec sleep 600"),
        cwd=repo, env=person.environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        process.kill()
    assert person.call("clean", cwd=repo).returncode == 0
    assert not (repo / "work").exists()
    assert "+precious" in person.call("diff", cwd=repo).stdout
