"""Full-screen programs, Ctrl-C, Ctrl-Z and the window's size work through the sandbox's own terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs
from tests.real.support import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap"), pytest.mark.slow]
ENTER_SCREEN, LEAVE_SCREEN = r"\x1b\[\?1049h", r"\x1b\[\?1049l"


@needs("vim")
def test_vim_draws_knows_its_window_and_its_work_is_held(person: Person, repo: Path) -> None:
    before = fingerprint(repo)
    vim = "vim" if shutil.which("vim") else "vim.tiny"
    command = person.argv("run", "--", vim, "-u", "NONE", "-N", "hello.txt")
    with Terminal(command, cwd=repo, environ=person.environ, rows=30, columns=100) as terminal:
        terminal.wait_for(ENTER_SCREEN)
        terminal.wait_for("hello")
        terminal.type(":set columns? lines?\r")
        terminal.wait_for(r"columns=100.*lines=30")
        terminal.type("\r")
        terminal.type("ihi there\x1b:wq\r")
        terminal.wait_for(LEAVE_SCREEN)
        assert terminal.finish() == 0
    assert fingerprint(repo) == before
    assert "+hi therehello" in person.call("diff", cwd=repo).stdout


@needs("less")
def test_less_pages_and_gives_the_screen_back(person: Person, repo: Path) -> None:
    (repo / "long.txt").write_text("".join(f"line {number}\n" for number in range(1, 501)))
    command = person.argv("run", "--", "less", "long.txt")
    with Terminal(command, cwd=repo, environ=person.environ) as terminal:
        terminal.wait_for(ENTER_SCREEN)
        terminal.wait_for("line 1\r")
        terminal.type("G")
        terminal.wait_for("line 500")
        terminal.type("q")
        terminal.wait_for(LEAVE_SCREEN)
        assert terminal.finish() == 0


def test_ctrl_c_reaches_the_command_and_ends_it_like_a_signal(person: Person, repo: Path) -> None:
    command = person.argv("run", "--", "sh", "-c", "echo up; exec sleep 600")
    with Terminal(command, cwd=repo, environ=person.environ) as terminal:
        terminal.wait_for("up")
        terminal.type("\x03")
        assert terminal.finish() == 130


@needs("bash")
def test_job_control_works_in_a_shell_inside(person: Person, repo: Path) -> None:
    command = person.argv("run", "--", "bash", "--norc", "--noprofile", "-i")
    with Terminal(command, cwd=repo, environ={**person.environ, "PS1": "$ "}) as terminal:
        terminal.wait_for(r"\$ ")
        terminal.type("sh -c 'echo st''arted; read word; echo got-$word'\r")
        terminal.wait_for("started")
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        # What is typed now waits for whoever reads next. `kill %1; wait` would be a race inside bash, which may look at
        # the job before it knows of its end.
        terminal.type("fg\ragain\n")  # a line feed ends a line in every mode of a terminal
        terminal.wait_for("got-again")
        terminal.type("exit 7\r")
        assert terminal.finish() == 7
