"""Between the caller's terminal and a command inside: keys, job control, window, modes, and pipes mixed with it."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.kernel.reports import Joined, tell
from paddock.supervision import Outcome, Supervisor
from tests.capabilities import needs
from tests.forked import forked
from tests.real.support import Terminal, processes_with

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap", "git", "bash")]
PROMPT = r"\$ "
TIMEOUT_S = 90


def on_terminal(person: Person, repo: Path, *command: str) -> Terminal:
    return Terminal(person.argv("run", "--quiet", "--", *command), cwd=repo, environ=person.environ)


def in_shell(person: Person, repo: Path) -> Terminal:
    """An interactive shell of the host, at its prompt, with `paddock` as a program."""
    program = repo.parent / "programs/paddock"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(map(shlex.quote, person.argv()))} "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{person.environ['PATH']}"
    environ = {**person.environ, "PS1": "$ ", "HISTFILE": "/dev/null", "PATH": path}
    terminal = Terminal(["/bin/bash", "--norc", "--noprofile", "-i"], cwd=repo, environ=environ)
    terminal.wait_for(PROMPT, TIMEOUT_S)
    terminal.type("stty -echo; bind 'set enable-bracketed-paste off'; echo re''ady\r")
    terminal.wait_for(f"ready.*{PROMPT}", TIMEOUT_S)
    return terminal


class TestKeys:
    @pytest.mark.parametrize(("key", "number"), [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
    def test_a_key_is_a_signal_to_the_command(self, person: Person, repo: Path, key: str, number: int) -> None:
        with on_terminal(person, repo, "sh", "-c", "echo up; exec sleep 600") as terminal:
            terminal.wait_for("up", TIMEOUT_S)
            terminal.type(key)
            assert terminal.finish() == 128 + number

    def test_a_command_may_take_the_key_for_itself(self, person: Person, repo: Path) -> None:
        script = "trap 'echo caught; exit 3' INT; echo up; while :; do sleep 0.05; done"
        with on_terminal(person, repo, "sh", "-c", script) as terminal:
            terminal.wait_for("up", TIMEOUT_S)
            terminal.type("\x03")
            terminal.wait_for("caught", TIMEOUT_S)
            assert terminal.finish() == 3

    def test_ctrl_d_is_the_end_of_input(self, person: Person, repo: Path) -> None:
        with on_terminal(person, repo, "sh", "-c", "echo up; cat; echo over") as terminal:
            terminal.wait_for("up", TIMEOUT_S)
            terminal.type("line\r")
            terminal.wait_for("line.*line", TIMEOUT_S)  # the echo, then the output
            terminal.type("\x04")
            terminal.wait_for("over", TIMEOUT_S)
            assert terminal.finish() == 0

    def test_every_byte_arrives_in_raw_mode(self, person: Person, repo: Path) -> None:
        text = "".join(chr(33 + number % 90) for number in range(60_000))
        script = "stty raw -echo; echo up; head -c 60000 | sha256sum"
        with on_terminal(person, repo, "sh", "-c", script) as terminal:
            terminal.wait_for("up", TIMEOUT_S)
            terminal.type(text)
            terminal.wait_for(hashlib.sha256(text.encode()).hexdigest(), TIMEOUT_S)
            assert terminal.finish() == 0

    def test_a_long_output_is_complete(self, person: Person, repo: Path) -> None:
        with on_terminal(person, repo, "seq", "1", "30000") as terminal:
            assert terminal.finish() == 0
            assert terminal.seen.split() == [b"%d" % number for number in range(1, 30001)]

    def test_the_last_words_before_the_end_are_not_lost(self, person: Person, repo: Path) -> None:
        for _ in range(10):
            with on_terminal(person, repo, "sh", "-c", "printf 'last words'; kill -9 $$") as terminal:
                assert terminal.finish() == 137
                assert terminal.seen == b"last words"


class TestWindow:
    def test_the_command_knows_the_size_and_hears_of_a_change(self, person: Person, repo: Path) -> None:
        script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"
        with on_terminal(person, repo, "sh", "-c", script) as terminal:
            terminal.wait_for("30 100", TIMEOUT_S)
            terminal.resize(41, 87)
            terminal.wait_for("41 87", TIMEOUT_S)
            terminal.resize(5, 300)
            terminal.wait_for("5 300", TIMEOUT_S)
            terminal.type("\x03")
            assert terminal.finish() == 130

    @pytest.mark.parametrize("work", ["sleep 600; true", "yes"], ids=["silent", "talking"])
    def test_hanging_up_ends_the_command(self, person: Person, repo: Path, tmp_path: Path, work: str) -> None:
        mark = f"mark-{os.getpid()}-{tmp_path.name}"
        with on_terminal(person, repo, "sh", "-c", f"echo up; {work}", mark) as terminal:
            terminal.wait_for("up", TIMEOUT_S)
            os.close(terminal._side)
            terminal._side = os.open(os.devnull, os.O_RDWR)
            assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 128 + signal.SIGHUP
            terminal.pid = 0
        assert [line for line in processes_with(mark) if " run " not in line] == []


class TestShell:
    def test_ctrl_z_stops_the_job_and_fg_goes_on(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type("paddock run --quiet -- sh -c 'echo up; while read line; do echo got $line; done; echo over'\r")
            shell.wait_for("up", TIMEOUT_S)
            for turn in ("one", "two"):
                shell.type("\x1a")
                shell.wait_for("Stopped", TIMEOUT_S)
                shell.type("echo in the she''ll; jobs\r")
                shell.wait_for("in the shell.*Stopped", TIMEOUT_S)
                shell.type("fg\r")
                shell.wait_for("paddock run", TIMEOUT_S)
                shell.type(f"{turn}\r")
                shell.wait_for(f"got {turn}", TIMEOUT_S)
            shell.type("\x04")
            shell.wait_for(f"over.*{PROMPT}", TIMEOUT_S)
            shell.type("echo status $?; exit\r")
            shell.wait_for("status 0", TIMEOUT_S)
            assert shell.finish() == 0

    def test_what_it_said_before_it_was_stopped_is_in_its_file_by_then(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type("paddock run --quiet -- sh -c 'echo said >&2; echo up; read line; echo again >&2' 2>errors\r")
            shell.wait_for("up", TIMEOUT_S)
            shell.type("\x1a")
            shell.wait_for("Stopped", TIMEOUT_S)
            shell.type("cat errors; echo that w''as all\r")
            shell.wait_for("said.*that was all", TIMEOUT_S)
            shell.type("fg\r")
            shell.wait_for("paddock run", TIMEOUT_S)
            shell.type("\r")
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type("cat errors; exit\r")
            shell.wait_for("said.*again", TIMEOUT_S)
            shell.finish()

    def test_a_stopped_pipeline_goes_on_where_it_was(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            script = "echo u''p >&2; head -c 3000000 /dev/zero; read line; true"
            shell.type(f"paddock run --quiet -- sh -c '{script}' | (sleep 1; wc -c)\r")
            shell.wait_for("up", TIMEOUT_S)
            shell.type("\x1a")
            shell.wait_for("Stopped", TIMEOUT_S)
            shell.type("fg\r")
            shell.wait_for("paddock run", TIMEOUT_S)
            shell.type("\r")
            shell.wait_for("3000000", TIMEOUT_S)

    def test_a_stopped_sandbox_can_be_killed(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type("paddock run --quiet -- sh -c 'echo up; read line; true'\r")
            shell.wait_for("up", TIMEOUT_S)
            shell.type("\x1a")
            shell.wait_for("Stopped", TIMEOUT_S)
            shell.type("kill %1; while kill -0 %1 2>/dev/null; do sleep 0.05; done; echo ga''ve up; exit\r")
            shell.wait_for("gave up", TIMEOUT_S)
            shell.finish()

    def test_a_background_job_runs_to_its_end_without_being_stopped(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type(
                "paddock run --quiet -- sh -c 'echo u''p; sleep 0.3; echo do''ne' & wait; jobs; echo status $?\r"
            )
            shell.wait_for("up.*done", TIMEOUT_S)
            shell.wait_for("status 0", TIMEOUT_S)
            assert b"Stopped" not in shell.seen
            shell.type("stty -a | tr ' ;' '\\n\\n' | grep -c -x -e icanon -e isig -e icrnl; exit\r")
            shell.wait_for("3", TIMEOUT_S)
            shell.finish()

    def test_a_background_job_comes_to_the_foreground_and_reads(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type("paddock run --quiet -- sh -c 'read line; echo got $line' &\r")
            shell.wait_for(r"\[1\]", TIMEOUT_S)
            shell.type("fg\r")
            shell.wait_for("paddock run", TIMEOUT_S)
            shell.type("words\r")
            shell.wait_for(f"got words.*{PROMPT}", TIMEOUT_S)
            shell.type("exit\r")
            shell.finish()

    @pytest.mark.parametrize("ending", ["kill -9 $$", "exit 0", "kill -TERM $$"])
    def test_the_terminals_modes_are_given_back_however_it_ends(self, person: Person, repo: Path, ending: str) -> None:
        with in_shell(person, repo) as shell:
            shell.type("stty -g > before\r")
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type(f"paddock run --quiet -- sh -c 'stty raw -echo -isig; {ending}'\r")
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type("stty -g > after; cmp before after && echo sa''me; exit\r")
            shell.wait_for("same", TIMEOUT_S)
            shell.finish()

    def test_the_modes_are_given_back_when_paddock_is_asked_to_end(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type("stty -g > before\r")
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type("(paddock run --quiet --name it -- sh -c 'stty raw; echo u''p; sleep 600; true')\r")
            shell.wait_for("up", TIMEOUT_S)
            assert person.call("kill", "it", cwd=repo).returncode == 0
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type("stty -g > after; cmp before after && echo sa''me; exit\r")
            shell.wait_for("same", TIMEOUT_S)
            shell.finish()

    def test_pipes_and_a_terminal_mix(self, person: Person, repo: Path) -> None:
        tell = "for n in 0 1 2; do test -t $n && printf t || printf p; done; echo; cat"
        with in_shell(person, repo) as shell:
            shell.type(f"echo from a pi''pe | paddock run --quiet -- sh -c '{tell}'\r")
            shell.wait_for(f"ptt.*from a pipe.*{PROMPT}", TIMEOUT_S)
            shell.type(f"paddock run --quiet -- sh -c '{tell}' | tr a-z A-Z\r")
            shell.wait_for("TPT", TIMEOUT_S)
            shell.type("typed\r")
            shell.wait_for("TYPED", TIMEOUT_S)
            shell.type("\x04")
            shell.wait_for(PROMPT, TIMEOUT_S)
            shell.type(f"paddock run --quiet -- sh -c '{tell}' 2>/dev/null </dev/null; echo status $?\r")
            shell.wait_for(f"ptp.*status 0.*{PROMPT}", TIMEOUT_S)
            shell.type("exit\r")
            assert shell.finish() == 0

    def test_what_is_typed_is_echoed_once_where_only_the_output_is_a_pipe(self, person: Person, repo: Path) -> None:
        with Terminal(
            ["/bin/sh", "-c", '"$@" | cat', "sh", *person.argv("run", "--quiet", "--", "sh", "-c", "echo up; cat >/dev/null")],
            cwd=repo, environ=person.environ,
        ) as terminal:  # fmt: skip
            terminal.wait_for("up", TIMEOUT_S)
            terminal.type("only once\r")
            terminal.type("\x04")
            terminal.finish()
            assert terminal.seen.count(b"only once") == 1

    def test_nohup_leaves_it_alone(self, person: Person, repo: Path) -> None:
        with in_shell(person, repo) as shell:
            shell.type(
                "nohup $(which sh) -c '\"$@\"' sh " + " ".join(map(shlex.quote, person.argv("run", "--quiet", "--")))
            )
            shell.type(" sh -c 'echo from no''hup' >out 2>&1; cat out; exit\r")
            shell.wait_for("from nohup", TIMEOUT_S)
            shell.finish()


def test_without_a_terminal_there_is_none_inside(person: Person, repo: Path) -> None:
    done = person.call("run", "--", "sh", "-c", "tty; ls /dev/pts; echo > /dev/tty", cwd=repo)
    assert done.stdout == "not a tty\nptmx\n"
    assert done.returncode != 0


def test_a_caller_without_a_controlling_terminal_works(person: Person, repo: Path) -> None:
    done = subprocess.run(
        person.argv("run", "--", "echo", "up"), cwd=repo, env=person.environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, start_new_session=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "up\n")


def joined_to(ended: int, *, terminal: bool = False) -> Joined:
    """A command that sleeps for a while, and one who waits for it, who tells `ended` how it ended."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        try:
            here.close()
            if terminal:
                tell(there, b"T", 0, descriptor=os.openpty()[0])
            command = os.posix_spawn("/bin/sleep", ["sleep", "60" if not terminal else "0"], {}, setsid=True)
            tell(there, b"P", command)
            state = os.waitid(os.P_PID, command, os.WEXITED | os.WNOWAIT)
            assert state is not None
            os.write(ended, str(state.si_status).encode())
            tell(there, b"E", 7)
            there.recv(1)
        finally:
            os._exit(0)
    there.close()
    return Joined(pid, here, {})


def test_a_command_whose_supervision_fails_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lets go of it waits for its end."""
    read, write = os.pipe()
    supervisor = Supervisor(joined_to(write), None)

    def fail(_: int) -> dict[int, int]:
        raise OSError(errno.EIO, "an accident")

    monkeypatch.setattr(supervisor, "_wait", fail)
    with pytest.raises(OSError, match="an accident"):
        supervisor.run()
    assert os.read(read, 100) == str(int(signal.SIGKILL)).encode()
    os.close(read)
    os.close(write)


def test_a_terminal_that_went_away_before_it_is_relayed_is_not_taken_for_the_commands_end() -> None:
    def task() -> tuple[Outcome, str]:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        read, write = os.pipe()
        outcome = Supervisor(joined_to(write, terminal=True), None).run()
        return outcome, os.read(read, 100).decode()

    assert forked(task) == (Outcome(code=7), "0")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(code=3), 3),
        (Outcome(signal=9), 137),
        (Outcome(code=0, timed_out=True), 0),
        (Outcome(signal=1), 129),
        (Outcome(code=0, lost=("the last words",)), 125),
        (Outcome(code=3, lost=("the last words",)), 3),
        (Outcome(signal=13, lost=("the last words",)), 141),
    ],
)
def test_an_outcome_is_an_exit_code(outcome: Outcome, code: int) -> None:
    assert outcome.exit_code == code
