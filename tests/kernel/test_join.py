"""Commands are started in a sandbox that bubblewrap holds, as root and as an ordinary user."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import struct
import termios
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import bubblewrap
from paddock.boundary.build import Build
from paddock.boundary.facts import facts_for
from paddock.boundary.sandbox import Sandbox
from paddock.frozen import replace
from paddock.kernel import mounts, seccomp
from paddock.kernel.join import Joiner, Start
from paddock.kernel.reports import Report
from paddock.plan.model import BoundaryChoice, Link, Mount, Network, Person, Plan, Private, Workspace
from paddock.policy.model import BUILT_IN
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from paddock.kernel.namespaces import Namespaces
    from paddock.kernel.reports import Joined

pytestmark = needs("bubblewrap")

PYTHON = "/usr/bin/python3"
HOME = "/home/ada"
UID, GID = os.getuid() or 1000, os.getgid() or 1000
FILTER = seccomp.program("default", "aarch64" if os.uname().machine == "aarch64" else "x86_64")
START = Start(
    argv=("true",), cwd="/", environment={"PATH": "/usr/bin:/bin"}, uid=UID, gid=GID, limits={}, filter=FILTER,
    streams=("null", "pipe", "output"),
)  # fmt: skip


def plan(workspace: str) -> Plan:
    system = [path for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64") if os.path.exists(path)]
    return Plan(
        command=("true",),
        cwd="/",
        terminal=False,
        person=Person(UID, GID, "ada", HOME),
        environment=(),
        workspace=Workspace(workspace, "readonly", (), BUILT_IN),
        mounts=tuple(Mount(p, p, "read", BUILT_IN) for p in ("/usr", *(p for p in system if not os.path.islink(p)))),
        links=tuple(Link(path, os.readlink(path)) for path in system if os.path.islink(path)),
        files=(),
        private=(Private("/tmp", 1 << 20), Private(HOME, 1 << 20)),
        network=Network("off", (), BUILT_IN),
        limits=(),
        boundary=BoundaryChoice("bubblewrap", "bubblewrap", (), BUILT_IN),
    )


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Namespaces]:
    program = shutil.which("bwrap")
    assert program
    (tmp_path / "work").mkdir()
    wanted = plan(str(tmp_path / "work"))
    compiled = bubblewrap.compile(wanted, facts_for(wanted), ())
    made = Sandbox(Build(program, compiled, stand_in=os.geteuid() == 0))
    yield made.namespaces
    made.stop()


class Ran:
    """A command with its output and complaints in a pipe, and what was reported."""

    def __init__(self, sandbox: Namespaces, *argv: str, **changes: Any) -> None:
        complete: Callable[[], None] | None = changes.pop("complete", None)
        before: Callable[[], None] = changes.pop("before", lambda: None)
        self.joined: Joined = Joiner(replace(START, argv=argv, **changes), before, complete).enter(sandbox)
        self._read = self.joined.streams.pop(1)
        os.set_blocking(self._read, True)

    def next(self) -> Report:
        report = self.joined.receive()
        assert report is not None
        return report

    def end(self) -> tuple[str, int, str]:
        """The last report; then nothing of it is left."""
        report = self.next()
        while report.kind not in ("exited", "killed", "failed"):
            report = self.next()
        self.joined.release()
        with open(self._read, "rb") as pipe:
            self.output = pipe.read()
        return report.kind, report.number, report.text


def output(sandbox: Namespaces, *argv: str, **changes: Any) -> str:
    ran = Ran(sandbox, *argv, **changes)
    end = ran.end()
    assert end[:2] == ("exited", 0), (end, ran.output)
    return ran.output.decode()


def said(sandbox: Namespaces, source: str, **changes: Any) -> Any:
    """What Python inside gives for an expression."""
    source = f"import json, os, signal, sys; print(json.dumps({source}))"
    return json.loads(output(sandbox, PYTHON, "-I", "-S", "-c", source, **changes))


def test_a_joiner_that_failed_before_it_was_told_says_why_also_then(sandbox: Namespaces):
    def fail() -> None:
        raise OSError(errno.EBUSY, "no room")

    joiner = Joiner(START, fail)
    assert joiner._waiting
    os.waitid(os.P_PID, joiner._waiting.joiner, os.WEXITED | os.WNOWAIT)  # gone before it is told
    joined = joiner.enter(sandbox)
    report = joined.receive()
    joined.release()
    assert report == Report("failed", errno.EBUSY, "control group: no room")


def test_a_joiner_that_is_told_while_it_fails_says_why(sandbox: Namespaces):
    def fail() -> None:
        os.read(told, 1)
        raise OSError(errno.EBUSY, "no room")

    told, tell = os.pipe()
    joined = Joiner(START, fail).enter(sandbox)  # which lies unread when it ends
    os.write(tell, b"!")
    report = joined.receive()
    joined.release()
    for descriptor in (told, tell):
        os.close(descriptor)
    assert report == Report("failed", errno.EBUSY, "control group: no room")


def test_a_joiner_that_is_called_off_enters_nothing(sandbox: Namespaces):
    entered, tell_entered = os.pipe()

    def tell() -> None:
        os.write(tell_entered, b"!")

    joiner = Joiner(START, complete=tell)
    assert joiner._waiting
    pid = joiner._waiting.joiner
    joiner.cancel()
    joiner.cancel()
    assert not os.path.exists(f"/proc/{pid}")
    os.close(tell_entered)
    assert os.read(entered, 1) == b""
    os.close(entered)


def test_the_exit_code_and_the_signal_are_reported(sandbox: Namespaces):
    first = Ran(sandbox, "sh", "-c", "exit 7")
    report = first.next()
    assert report.kind == "pid"
    assert first.end() == ("exited", 7, "")
    assert Ran(sandbox, "sh", "-c", "kill -TERM $$").end() == ("killed", signal.SIGTERM, "")


def test_the_pid_is_the_commands_in_our_numbering_until_it_is_released(sandbox: Namespaces):
    ran = Ran(sandbox, "sh", "-c", "echo ready; exec sleep 600")
    report = ran.next()
    assert os.read(ran._read, 100) == b"ready\n"  # before, it may still ignore what the joiner ignores
    os.kill(report.number, signal.SIGTERM)
    assert ran.next().kind == "killed"
    os.kill(report.number, 0)  # dead, and the number still its own
    ran.joined.first.append(replace(report, kind="killed"))
    ran.end()
    with pytest.raises(ProcessLookupError):
        os.kill(report.number, 0)


def test_stops_are_reported_each_time(sandbox: Namespaces):
    ran = Ran(sandbox, "sh", "-c", "kill -STOP $$; kill -TSTP $$; exit 3", streams=("terminal", "pipe", "output"))
    terminal, pid = ran.next(), ran.next()
    for wanted in (signal.SIGSTOP, signal.SIGTSTP):
        report = ran.next()
        assert (report.kind, report.number) == ("stopped", wanted)
        os.kill(pid.number, signal.SIGCONT)
    assert ran.end() == ("exited", 3, "")
    os.close(terminal.descriptor)


@pytest.mark.parametrize(
    ("changes", "number", "text"),
    [
        ({"cwd": "/missing"}, 2, "working directory /missing: "),
        ({"cwd": "/usr/bin/env"}, 20, "working directory /usr/bin/env: "),
        ({"argv": ("no-such-program",)}, 2, "command: "),
        ({"argv": ("/usr",)}, 13, "command: "),
    ],
)
def test_the_step_that_failed_is_named(sandbox: Namespaces, changes: dict[str, Any], number: int, text: str):
    changes = dict(changes)
    kind, found, said_text = Ran(sandbox, *changes.pop("argv", ("true",)), **changes).end()
    assert (kind, found) == ("failed", number)
    assert said_text.startswith(text)


def refuse() -> None:
    raise OSError(28, "no room", "/there")


def break_down() -> None:
    raise ValueError("odd")


def test_the_callers_own_steps_fail_by_name_and_nothing_is_started(sandbox: Namespaces):
    touch = ("touch", f"{HOME}/started")
    assert Ran(sandbox, *touch, before=refuse).end() == ("failed", 28, "control group: no room (/there)")
    assert Ran(sandbox, *touch, complete=refuse).end() == ("failed", 28, "workspace: no room (/there)")
    assert Ran(sandbox, *touch, complete=break_down).end() == ("failed", 0, "workspace: ValueError: odd")
    assert output(sandbox, "ls", HOME) == ""


def test_a_filter_that_the_kernel_refuses_starts_nothing(sandbox: Namespaces):
    kind, _, text = Ran(sandbox, "touch", f"{HOME}/started", filter=b"\xff" * 8).end()
    assert (kind, text.partition(":")[0]) == ("failed", "system-call filter")
    assert output(sandbox, "ls", HOME) == ""


def test_mounts_are_completed_inside_with_power_over_them(sandbox: Namespaces, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()

    def complete() -> None:
        if outside.exists():
            raise FileExistsError(17, "still outside", str(outside))
        mounts.bind_read_only("/usr/bin", HOME)

    assert "env" in output(sandbox, "ls", HOME, complete=complete).split()
    assert "env" in output(sandbox, "ls", HOME).split()  # for the next one as well
    assert outside.exists()
    assert not os.path.exists(f"{HOME}/env")


def test_the_environment_is_exactly_the_given_one(sandbox: Namespaces):
    given = {"PATH": "/usr/bin", "ODD": "a=b c\n\udcff", "EMPTY": ""}
    ran = Ran(sandbox, "env", "-0", environment=given)
    assert ran.end()[:2] == ("exited", 0)
    assert ran.output == b"PATH=/usr/bin\0ODD=a=b c\n\xff\0EMPTY=\0"


def test_the_command_is_an_ordinary_user_and_holds_nothing(sandbox: Namespaces):
    assert said(sandbox, "[os.getresuid(), os.getresgid()]") == [[UID] * 3, [GID] * 3]
    lines = dict(line.split(":", 1) for line in output(sandbox, "cat", "/proc/self/status").splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "SigIgn", "SigBlk"):
        assert int(lines[name], 16) == 0, name
    assert (lines["NoNewPrivs"].strip(), lines["Seccomp"].strip()) == ("1", "2")


@pytest.mark.root
def test_the_groups_of_root_are_not_taken_along(sandbox: Namespaces):
    groups = said(sandbox, "os.getgroups()", before=lambda: os.setgroups([0, 4, 27]))
    assert groups == []


def test_limits_hold_and_memory_is_taken_from_it_first(sandbox: Namespaces):
    found = said(
        sandbox,
        '[len(os.sched_getaffinity(0)) > 0, __import__("resource").getrlimit(7), open("/proc/self/oom_score_adj").read()]',
        limits={"open_files": 77},
    )
    assert found == [True, [77, 77], "300\n"]


def test_nothing_is_open_but_the_standard_streams(sandbox: Namespaces):
    held = os.open("/", os.O_RDONLY)
    os.set_inheritable(held, True)
    high = fcntl.fcntl(held, fcntl.F_DUPFD, 900)
    # listdir's own descriptor is closed by the time that it is asked for.
    found = said(sandbox, '[n for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)]')
    assert sorted(found) == ["0", "1", "2"]
    os.close(held)
    os.close(high)


def test_what_appears_in_the_private_home_is_reported(sandbox: Namespaces):
    script = f"cd {HOME} && touch notes.txt .hidden && mkdir 'two words'"
    assert Ran(sandbox, "sh", "-c", script, private_home=HOME).end() == ("exited", 0, "notes.txt/two words")
    again = Ran(sandbox, "sh", "-c", f"touch {HOME}/later", private_home=HOME)
    assert again.end() == ("exited", 0, "later")
    assert Ran(sandbox, "true", private_home="/missing").end() == ("exited", 0, "")


def test_a_second_command_joins_the_first(sandbox: Namespaces):
    first = Ran(sandbox, "sh", "-c", f"echo of the first >{HOME}/file; echo ready; exec sleep 600")
    pid = first.next()
    assert os.read(first._read, 100) == b"ready\n"
    assert output(sandbox, "cat", f"{HOME}/file") == "of the first\n"
    seen = said(sandbox, '[open(f"/proc/{n}/comm").read() for n in os.listdir("/proc") if n.isdigit()]')
    assert "sleep\n" in seen
    os.kill(pid.number, signal.SIGKILL)
    assert first.end() == ("killed", signal.SIGKILL, "")


def test_the_terminal_is_the_sandboxs_own(sandbox: Namespaces):
    source = """
import fcntl, os, signal, sys, termios
sys.stdin.readline()
print(os.ttyname(0), os.ttyname(2), os.isatty(1), *os.get_terminal_size(0), flush=True)
print(os.getpgrp() == os.tcgetpgrp(0), os.getsid(0))
"""
    ran = Ran(sandbox, PYTHON, "-I", "-S", "-c", source, streams=("terminal", "pipe", "terminal"))
    terminal = ran.next()
    assert terminal.kind == "terminal"
    fcntl.ioctl(terminal.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 51, 133, 0, 0))
    os.write(terminal.descriptor, b"\n")
    assert ran.end() == ("exited", 0, "")
    assert ran.output.decode().splitlines() == ["/dev/pts/0 /dev/pts/0 False 133 51", "True 0"]
    os.close(terminal.descriptor)


def test_keys_interrupt_and_stop_the_command(sandbox: Namespaces):
    ran = Ran(sandbox, "sh", "-c", "echo ready; exec sleep 600", streams=("terminal", "pipe", "output"))
    terminal, pid = ran.next(), ran.next()
    assert os.read(ran._read, 100) == b"ready\n"
    os.write(terminal.descriptor, b"\x1a")
    report = ran.next()
    assert (report.kind, report.number) == ("stopped", signal.SIGTSTP)
    os.kill(pid.number, signal.SIGCONT)
    os.write(terminal.descriptor, b"\x03")
    assert ran.end() == ("killed", signal.SIGINT, "")
    os.close(terminal.descriptor)


def test_nothing_of_ours_is_left(sandbox: Namespaces):
    before = sorted(os.listdir("/proc/self/fd"))
    assert Ran(sandbox, "true").end() == ("exited", 0, "")
    assert Ran(sandbox, "true", before=refuse).end()[0] == "failed"
    assert sorted(os.listdir("/proc/self/fd")) == before
