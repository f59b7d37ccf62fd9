"""A confined command from start to end: what it may do, how it is reported, and that nothing outlives it."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import landlock
from paddock.boundary.confined import LandlockSandbox
from paddock.boundary.landlock_trial import facts_here
from paddock.errors import BoundaryUnavailable, PaddockError
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN
from tests.boundary.field import NOTHING, Field, alive, end, reports, wait_for
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("landlock")


@pytest.mark.user
def test_a_readonly_workspace_is_not_written(field: Field):
    (field.workspace / "file").write_text("before")
    source = "sys.exit(0 if [attempt(lambda: open('file', 'w')), attempt(lambda: open('new', 'x'))] == ['EACCES'] * 2 else 1)"
    assert end(field.start(field.plan(*field.script(source), mode="readonly"))).number == 0
    assert (field.workspace / "file").read_text() == "before"


@pytest.mark.user
def test_home_and_temporary_files_are_private_and_usable(field: Field):
    found = field.inside(
        """
        import tempfile
        with tempfile.NamedTemporaryFile() as file:
            say([os.path.expanduser("~"), file.name, open(os.path.expanduser("~/.config/x")).read()])
        """
    )
    assert found[0] == str(field.own / "0/home")
    assert found[1].startswith(str(field.own / "0/tmp/"))
    assert found[2] == "shown\n"


@pytest.mark.user
def test_limits_bind(field: Field):
    limits = (
        Limit("open_files", 32, BUILT_IN),
        Limit("file_size", 4096, BUILT_IN),
        Limit("memory", 256 << 20, BUILT_IN),
    )
    found = field.inside(
        """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        def fill(): open("big", "wb", buffering=0).write(b"x" * 4096); open("big", "ab", buffering=0).write(b"x")
        def memory():
            try: bytearray(512 << 20)
            except MemoryError: raise OSError(12, "")
        say([attempt(fill), attempt(memory),
             __import__("resource").getrlimit(7), __import__("resource").getrlimit(4)])
        """,
        limits=limits,
    )
    assert found == ["EFBIG", "ENOMEM", [32, 32], [1, 1]]  # a core of no more than a byte, and no handler: core(5)


@pytest.mark.user
def test_the_end_is_reported_as_it_was(field: Field):
    assert [(r.kind, r.number) for r in reports(field.start(field.plan("/bin/sh", "-c", "exit 42")))][1:] == [
        ("exited", 42)
    ]
    ended = end(field.start(field.plan("/bin/sh", "-c", "kill -TERM $$")))
    assert (ended.kind, ended.number) == ("killed", signal.SIGTERM)


@pytest.mark.user
def test_signals_have_their_defaults(field: Field):
    assert field.inside("say([l for l in open('/proc/self/status') if l.startswith(('SigIgn', 'SigBlk'))])")[
        0
    ].endswith("0000000000000000\n")
    ended = end(field.start(field.plan(*field.script("signal.raise_signal(15)"))))
    assert (ended.kind, ended.number) == ("killed", 15)


@pytest.mark.user
@pytest.mark.parametrize(("command", "number"), [(("no-such-command",), 2), (("./missing",), 2), (("./plain",), 13)])
def test_a_command_that_cannot_start_is_reported_with_its_reason(field: Field, command: tuple[str, ...], number: int):
    (field.workspace / "plain").write_text("no program")
    failed = next(r for r in reports(field.start(field.plan(*command))) if r.kind == "failed")
    assert failed.number == number
    assert failed.text.startswith("command: ")


DAEMON = """
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except OSError: pass
            say(os.getpid())
            os.rename("said", "daemon")
            time.sleep(600)
        os._exit(0)
    while not os.path.exists("daemon"):
        time.sleep(0.01)
"""


@pytest.mark.user
def test_a_daemon_does_not_outlive_the_command(field: Field):
    assert end(field.start(field.plan(*field.script(DAEMON)))).number == 0
    assert not alive(json.loads((field.workspace / "daemon").read_text()))


@pytest.mark.user
def test_stop_ends_everything_and_can_be_repeated(field: Field):
    joined = field.start(field.plan(*field.script(DAEMON + "\n    time.sleep(600)")))
    command = joined.receive()
    assert command is not None
    wait_for((field.workspace / "daemon").exists)
    field.sandboxes[-1].stop()
    assert not alive(command.number)
    assert not alive(json.loads((field.workspace / "daemon").read_text()))
    field.sandboxes[-1].stop()


@pytest.mark.user
def test_when_paddock_is_killed_nothing_is_left_running(field: Field):
    plan = field.plan(*field.script(DAEMON + "\n    time.sleep(600)"))
    paddock = os.fork()
    if paddock == 0:
        try:
            joined = field.start(plan)
            other = os.fork()  # holds a copy of the channel's other end
            if other == 0:
                signal.pause()
            (field.base / "other").write_text(str(other))
            report = joined.receive()
            assert report is not None
            (field.base / "command.new").write_text(str(report.number))
            (field.base / "command.new").rename(field.base / "command")  # with all that is in it
            signal.pause()
        finally:
            os._exit(1)
    wait_for(lambda: (field.workspace / "daemon").exists() and (field.base / "command").exists())
    pids = [json.loads((field.workspace / "daemon").read_text()), int((field.base / "command").read_text())]
    assert all(map(alive, pids))
    os.kill(paddock, signal.SIGKILL)
    os.waitpid(paddock, 0)
    try:
        wait_for(lambda: not any(map(alive, pids)))
    finally:
        os.kill(int((field.base / "other").read_text()), signal.SIGKILL)


@pytest.mark.user
def test_a_second_command_runs_under_the_same_rules(field: Field):
    end(field.start(field.plan("/bin/true")))
    found = field.sandboxes[-1].exec(
        NOTHING, field.script("say(attempt(lambda: open(sys.argv[1])))", field.outside / "secret")
    )
    assert end(found).number == 0
    assert field.said() == "EACCES"


@pytest.mark.user
def test_a_terminal_is_the_sandboxs_own_and_nothing_can_be_typed_into_it(field: Field):
    source = """
        import fcntl, termios
        say([os.isatty(0), os.isatty(1), attempt(lambda: open("/dev/tty", "r+b", buffering=0)),
             attempt(lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x")), os.tcgetpgrp(0) == os.getpgrp()])
        print("hello")
    """
    joined = field.start(field.plan(*field.script(source)), ("terminal", "terminal", "null"))
    seen = list(reports(joined))
    assert [report.kind for report in seen] == ["terminal", "pid", "exited"]
    assert os.read(seen[0].descriptor, 100) == b"hello\r\n"
    os.close(seen[0].descriptor)
    assert field.said() == [True, True, "ok", "EPERM", True]


@pytest.mark.user
def test_a_directory_that_is_taken_is_one_clear_error(field: Field):
    (field.own / "0/home").mkdir(parents=True)
    with pytest.raises(PaddockError) as caught:
        LandlockSandbox(landlock.compile(field.plan("/bin/true"), facts_here(), str(field.own / "0")))
    assert caught.value.code == "private-directories"


@pytest.mark.user
@needs("git")
def test_ordinary_tools_work_inside(field: Field):
    script = """
        set -e
        git init -q . && git -c user.name=A -c user.email=a@example.test commit -q --allow-empty -m first
        test "$(git log --format=%s)" = first
        cat <(echo substitution) > /dev/null
        f=$(mktemp) && echo x > "$f" && rm "$f"
        echo done > result
    """
    assert end(field.start(field.plan("/bin/bash", "-c", script))).number == 0
    assert (field.workspace / "result").read_text() == "done\n"


@pytest.mark.user
def test_multiprocessing_works_where_shared_memory_is_accepted(field: Field):
    source = "import multiprocessing as m; say(m.get_context('fork').Pool(1).map(abs, [-1]))"
    assert field.inside(source, accept=("ipc-isolation",)) == [1]
    assert end(field.start(field.plan(*field.script(source)))).number != 0


@pytest.mark.user
def test_odd_names_are_names(tmp_path: Path):
    base = tmp_path / os.fsdecode(b"new\nline \xff 'quoted'")
    base.mkdir()
    field = Field(base)
    joined = field.start(field.plan("/bin/sh", "-c", "echo x > here"))
    assert end(joined).number == 0
    assert (field.workspace / "here").read_text() == "x\n"
    field.sandboxes[-1].stop()


@pytest.mark.root
def test_root_is_refused(field: Field):
    with pytest.raises(BoundaryUnavailable) as caught:
        field.start(field.plan("/bin/true"))
    assert "ordinary user" in caught.value.next_step
