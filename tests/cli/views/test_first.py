"""The first run in a repository: asked once, at a terminal only, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.cli.views import first, scanned
from tests.capabilities import needs
from tests.preflight.made_up import have_scanned_before, token, tree
from tests.real.support import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "overlay")
RUN = ("run", "--workspace", "scratch", "--", "sh", "-c", "echo size $(wc -c < services/api/.env)")


@pytest.fixture
def leaky(person: Person, repo: Path) -> Path:
    have_scanned_before(person)
    return tree(repo, {"services/api/.env": f"T={token()}\n"})


# The time that a run gives the scan is for people who wait; a busy machine has as much as it needs.
PATIENT = "from paddock.cli import main\nfrom paddock.cli.views import first\nfirst.TIME_S = 300\nmain.main()"


def patient(*arguments: str) -> list[str]:
    """`paddock ARGUMENTS` on a machine that is never too busy."""
    return [sys.executable, "-c", PATIENT, *arguments]


def at_a_terminal(person: Person, cwd: Path, answer: str, *arguments: str, **environ: str) -> tuple[int, str]:
    """The exit code and what was seen of a run at a terminal; `answer` is typed when there is a question."""
    with Terminal(patient(*arguments), cwd=cwd, environ={**person.environ, **environ}) as terminal:
        if answer:
            terminal.wait_for(r"\[Y/n\] ")
            terminal.type(answer)
        code = terminal.finish()
        return code, _without_notes(terminal.seen.decode().replace("\r\n", "\n"))


def _without_notes(seen: str) -> str:
    """Without what Paddock says of a machine where limits bind each process alone."""
    return "".join(line for line in seen.splitlines(keepends=True) if "control group" not in line)


@pytest.mark.parametrize("answer", ["\n", "y\n", "YES\n"])
def test_a_yes_masks_in_this_run_and_in_later_ones_without_another_question(
    person: Person, leaky: Path, answer: str
) -> None:
    code, seen = at_a_terminal(person, leaky, answer, *RUN)
    assert code == 0
    assert "  services/api/.env  github-pat\nHave this file be empty inside, in this and later runs? [Y/n] " in seen
    assert "size 0\n" in seen
    code, seen = at_a_terminal(person, leaky, "", *RUN)
    assert seen == "size 0\n"
    assert person.call(*RUN, cwd=leaky).stdout == "size 0\n"
    assert (leaky / "services/api/.env").stat().st_size > 0


def test_a_no_is_remembered_too(person: Person, leaky: Path) -> None:
    _, seen = at_a_terminal(person, leaky, "n\n", *RUN)
    assert "paddock: not masked; whenever you like: paddock scan --mask\n" in seen
    assert "size 0\n" not in seen
    _, seen = at_a_terminal(person, leaky, "", *RUN)
    assert seen.startswith("size ")


def test_ctrl_c_at_the_question_ends_it_and_the_next_run_asks_again(person: Person, leaky: Path) -> None:
    code, seen = at_a_terminal(person, leaky, "\x03", *RUN)
    assert code in (130, -2)
    assert "size" not in seen
    at_a_terminal(person, leaky, "\n", *RUN)


def test_ctrl_c_during_the_scan_skips_it_for_good(person: Person, leaky: Path) -> None:
    (person.home / ".local/state/paddock/preflight/%rules").rename(person.home / "rules")  # so that it takes seconds
    with Terminal(patient(*RUN), cwd=leaky, environ=person.environ) as terminal:
        terminal.wait_for("Ctrl-C skips")
        terminal.type("\x03")
        terminal.wait_for("paddock: skipped; whenever you like: paddock scan")
        terminal.wait_for("size [1-9]")
        assert terminal.finish() == 0
    assert at_a_terminal(person, leaky, "", *RUN)[1].startswith("size ")


def test_ctrl_c_at_the_first_word_of_it_skips_it_too(leaky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scanned.Progress, "tick", interrupted)
    assert first._scan(str(leaky)) is None


def test_nothing_is_imported_once_ctrl_c_skips_it(person: Person, leaky: Path) -> None:
    """An import that is broken off may turn KeyboardInterrupt into a RuntimeError (up to Python 3.11)."""
    code = """
import sys
from paddock.cli.views import first, scanned
tick = scanned.Progress.tick
seen = []
def note(self, *numbers):
    seen.append(set(sys.modules))
    tick(self, *numbers)
scanned.Progress.tick = note
first.TIME_S = 300
report = first._scan(sys.argv[1])
print(report.looked_into, sorted(set(sys.modules) - seen[0]))
"""
    argv = [sys.executable, "-c", code, str(leaky)]
    done = subprocess.run(argv, env=person.environ, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1)[1] == "[]\n"
    assert int(done.stdout.split()[0]) > 0


def test_where_nothing_is_found_nothing_stays_on_the_screen(person: Person, repo: Path) -> None:
    have_scanned_before(person)
    code, seen = at_a_terminal(person, repo, "", "run", "--workspace", "scratch", "--", "echo", "done", TERM="dumb")
    assert (code, seen) == (0, "done\n")


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_who_asks_for_quiet_or_for_json_is_not_asked(person: Person, leaky: Path, flag: str) -> None:
    _, seen = at_a_terminal(person, leaky, "", RUN[0], flag, *RUN[1:])
    assert "[Y/n]" not in seen


def test_a_person_who_has_seen_the_report_is_not_asked_again(person: Person, leaky: Path) -> None:
    person.call("scan", cwd=leaky)
    assert "[Y/n]" not in at_a_terminal(person, leaky, "", *RUN)[1]


def test_a_background_job_is_not_stopped_by_a_question(person: Person, leaky: Path) -> None:
    script = 'set -m; "$@" & wait $!; echo ended $?'
    argv = ["/bin/bash", "-c", script, "bash", *patient(*RUN)]
    with Terminal(argv, cwd=leaky, environ=person.environ) as terminal:
        terminal.wait_for("ended 0")
        assert terminal.finish() == 0
        assert b"[Y/n]" not in terminal.seen


def test_the_masks_are_the_persons_and_no_file_of_the_repository(person: Person, leaky: Path) -> None:
    before = sorted(os.listdir(leaky))
    at_a_terminal(person, leaky, "\n", *RUN)
    assert sorted(os.listdir(leaky)) == before


def test_a_state_that_cannot_be_written_is_told_and_stops_no_run(person: Person, leaky: Path) -> None:
    place = person.home / ".local/state/paddock/preflight"
    place.rename(person.home / "moved")
    place.write_text("")
    code, seen = at_a_terminal(person, leaky, "", *RUN)
    assert code == 0
    assert "the scan before the first run failed" in seen
    assert "size" in seen


def test_without_a_terminal_nothing_of_it_is_imported_and_nothing_said(person: Person, leaky: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "paddock", *RUN],
        cwd=leaky, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    said = [line for line in lines if not line.startswith("import time:") and "control group" not in line]
    assert said == []
    assert [line for line in lines if "preflight" in line or "cli.first" in line or "kingfisher" in line] == []
