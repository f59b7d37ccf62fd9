"""Sessions under gVisor: what holds in a container holds here, in a kernel of the guest's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.background import one_message, running
from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.gvisor import person_of, sh
from tests.real.support import Terminal, processes_with

# The same tests, as a person whose policy says gvisor: the fixture below takes the place of the shared one.
from tests.real.test_terminal import test_job_control_works_in_a_shell_inside  # noqa: F401
from tests.test_session import TestExitCodes  # noqa: F401
from tests.test_session__attacks import test_lc_01_a_daemon_ends_with_the_sandbox  # noqa: F401
from tests.test_session__credentials import (  # noqa: F401
    service,
    test_the_service_gets_the_secret_and_the_command_has_a_placeholder,
)
from tests.test_supervision import TestShell as CallersShell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("gvisor", "git")


class TestShell:
    """From the caller's own shell: which streams are its terminal decides who hears the key."""

    test_ctrl_z_stops_the_job_and_fg_goes_on = CallersShell.test_ctrl_z_stops_the_job_and_fg_goes_on
    test_without_errors_on_it = CallersShell.test_what_it_said_before_it_was_stopped_is_in_its_file_by_then
    test_without_output_on_it = CallersShell.test_a_stopped_pipeline_goes_on_where_it_was
    test_a_stopped_sandbox_can_be_killed = CallersShell.test_a_stopped_sandbox_can_be_killed


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    yield from person_of(tmp_path / "home")


def test_the_kernel_inside_is_another_one(person: Person, repo: Path) -> None:
    said = sh(person, repo, "uname -r; cat /proc/1/comm; id -u; grep -E '^(Seccomp|CapBnd)' /proc/self/status")
    release, first, uid, *bounds = said.splitlines()
    assert release != os.uname().release
    assert (first, uid) == ("paddock-init", str(os.getuid() or 1000))
    assert [line.split() for line in bounds] == [["CapBnd:", "0000000000000000"], ["Seccomp:", "2"]]


def test_changes_are_held_for_review_and_come_over(person: Person, repo: Path) -> None:
    (repo / "gone.txt").write_text("x\n")
    sh(person, repo, "echo more >> hello.txt; rm gone.txt; mkdir d; echo new > d/new; ln -s d/new link")
    assert (repo / "hello.txt").read_text() == "hello\n"
    shown = json.loads(person.call("diff", "--json", cwd=repo).stdout)
    assert {change["path"] for change in shown["changes"]} >= {"hello.txt", "gone.txt", "d/new", "link"}
    assert person.call("apply", "--yes", cwd=repo).returncode == 0
    assert (repo / "hello.txt").read_text() == "hello\nmore\n"
    assert (repo / "d/new").read_text() == "new\n"
    assert not (repo / "gone.txt").exists()


@pytest.mark.parametrize(("mode", "fails"), [("live", False), ("readonly", True), ("scratch", False)])
def test_each_mode_is_what_it_says(person: Person, repo: Path, mode: str, fails: bool) -> None:
    accept = ("--accept", "live-hazards-window") if mode == "live" else ()
    said = sh(person, repo, "echo x > new && cat new || echo refused", "--workspace", mode, *accept)
    assert said == ("refused\n" if fails else "x\n")
    assert (repo / "new").exists() == (mode == "live")


def test_what_is_held_in_mode_live_is_neither_written_nor_renamed(person: Person, repo: Path) -> None:
    script = "echo '[core]' >> .git/config; mv .git x; test -d .git && echo .git"
    assert sh(person, repo, script, "--workspace", "live", "--accept", "live-hazards-window") == ".git\n"
    assert "[core]\n[core]" not in (repo / ".git/config").read_text()
    assert not (repo / "x").exists()


def test_masked_files_are_empty(person: Person, repo: Path) -> None:
    (repo / ".env").write_text("SECRET=1\n")
    assert sh(person, repo, "cat .env; wc -c < .env") == "0\n"


def test_limits_bind_in_the_guest(person: Person, repo: Path) -> None:
    limits = ("--limit", "processes=20", "--limit", "open_files=64", "--limit", "file_size=1MiB")
    script = "ulimit -n; head -c 2000000 /dev/zero > big 2>/dev/null; wc -c < big; "
    script += "n=0; while [ $n -lt 40 ]; do sleep 20 & n=$((n+1)); done"
    done = person.call("run", "--quiet", *limits, "--", "sh", "-c", script, cwd=repo)
    assert done.stdout.split() == ["64", "1048576"]
    assert "annot fork" in done.stderr or "unavailable" in done.stderr


def test_a_memory_limit_that_nothing_keeps_is_refused_by_name(person: Person, repo: Path) -> None:
    done = person.call("run", "--limit", "memory=64MiB", "--", "true", cwd=repo)
    if done.returncode == 0:
        assert json.loads(person.call("doctor", "--json", cwd=repo).stdout)  # a control group keeps it
        return
    assert "memory-total" in done.stderr
    assert "it would not bind at all" in done.stderr


def test_streams_are_kept_apart_and_whole(person: Person, repo: Path) -> None:
    data = os.urandom(300_000)
    done = subprocess.run(
        person.argv("run", "--quiet", "--", "sh", "-c", "cat; echo error >&2"),
        cwd=repo, env=person.environ, input=data, capture_output=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (data, b"error\n")


def test_a_terminal_is_one(person: Person, repo: Path) -> None:
    with Terminal(person.argv("run", "--quiet", "--", "bash"), cwd=repo, environ=person.environ, rows=33) as terminal:
        terminal.type("test -t 0 && test -t 1 && echo is-a-t'erminal'; stty size\r")
        terminal.wait_for("is-a-terminal")
        terminal.wait_for("33 100")
        terminal.resize(44, 100)
        # A key may overtake the window on its way in.
        terminal.type("until test \"$(stty size)\" = '44 100'; do sleep 0.1; done; echo re'sized'\r")
        terminal.wait_for("resized")
        terminal.type("sh -c 'echo in-the''-front; exec sleep 600'\r")
        terminal.wait_for("in-the-front")  # a key before that is the shell's
        terminal.type("\x03")  # ends the job, not the shell
        terminal.type("echo still-h'ere'\r")
        terminal.wait_for("still-here")
        terminal.type("exit 3\r")
        assert terminal.finish() == 3


def test_a_command_that_stopped_itself_goes_on_when_paddock_is_continued(person: Person, repo: Path) -> None:
    command = person.argv("run", "--quiet", "--", "sh", "-c", "echo up; kill -STOP $$; echo awake; exit 5")
    with Terminal(command, cwd=repo, environ=person.environ) as terminal:
        terminal.wait_for("up")
        for _ in range(200):  # one before it has stopped is lost
            os.kill(terminal.pid, signal.SIGCONT)
            with suppress(AssertionError):
                terminal.wait_for("awake", 0.3)
                break
        assert terminal.finish() == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_command_hears_signals_and_has_the_last_word(person: Person, repo: Path, number: int) -> None:
    script = "trap 'echo heard; exit 7' TERM INT HUP; echo up; while :; do sleep 0.1; done"
    with running(person, repo, "--quiet", command=("sh", "-c", script)) as process:
        process.send_signal(number)
        assert process.wait(60) == 7
        assert process.stdout
        assert process.stdout.read() == "heard\n"


def test_exec_joins_the_same_guest_under_the_same_bounds(person: Person, repo: Path) -> None:
    script = "echo first > /tmp/note; echo up; while [ ! -e /tmp/done ]; do sleep 0.1; done"
    with running(person, repo, "--quiet", "--name", "pair", command=("sh", "-c", script)) as process:
        said = "cat /tmp/note; uname -r; grep Seccomp: /proc/self/status; umask"
        done = person.call("exec", "pair", "--", "sh", "-c", said, cwd=repo)
        assert done.stdout.splitlines()[::2] == ["first", "Seccomp:\t2"]
        assert done.stdout.splitlines()[1] != os.uname().release
        assert person.call("exec", "pair", "--", "no-such-program", cwd=repo).returncode == 127
        assert person.call("exec", "pair", "--", "sh", "-c", "exit 9", cwd=repo).returncode == 9
        assert person.call("exec", "pair", "--", "touch", "/tmp/done", cwd=repo).returncode == 0
        assert process.wait(60) == 0


def test_a_killed_paddock_leaves_nothing_and_its_name_can_be_used_again(
    person: Person, repo: Path, tmp_path: Path
) -> None:
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    script = f"echo up; sleep 600; : {mark}"
    with running(person, repo, "--quiet", "--name", "victim", command=("sh", "-c", script)) as process:
        process.kill()
        process.wait(60)
    wait_for(lambda: processes_with(mark) == [])
    assert sh(person, repo, "echo again", "--name", "victim") == "again\n"


def test_what_is_no_text_is_refused_and_not_changed(person: Person, repo: Path) -> None:
    done = subprocess.run(
        [*person.argv("run", "--quiet", "--", "echo"), b"\xff"],
        cwd=repo, env=person.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 126
    assert b"UTF-8" in done.stderr
    assert done.stdout == b""


def test_without_runsc_nothing_else_is_used(person: Person, repo: Path) -> None:
    code = "import sys; from paddock.boundary import runsc; runsc.find = lambda _: None; "
    code += "from paddock.cli.main import main; main()"
    argv = [*person.argv()[:1], "-c", code, "run", "--", "touch", "ran"]
    done = subprocess.run(argv, cwd=repo, env=person.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "gVisor is not installed" in one_message(done.stderr)


@pytest.mark.root
def test_as_root_the_engine_is_a_gap(person: Person, repo: Path) -> None:
    policy = person.home / ".config/paddock/policy.toml"
    policy.write_text('[boundary]\nuse = "gvisor"\nminimum = "gvisor"\n')
    done = person.call("run", "--", "true", cwd=repo)
    assert done.returncode == 126
    assert "rootful" in done.stderr
