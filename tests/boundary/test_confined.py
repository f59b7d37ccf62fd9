"""The landlock boundary attacked: a hostile command inside, real targets outside, the same attempts unconfined."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import confined, landlock
from paddock.boundary.confined import LandlockSandbox
from paddock.boundary.landlock_trial import facts_here
from paddock.errors import BoundaryUnavailable, PaddockError, Refused
from paddock.frozen import replace
from paddock.plan.model import BoundaryChoice, File, Limit, Mount, Network, Person, Plan, Variable, Workspace
from paddock.policy.model import BUILT_IN
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from paddock.kernel.join import Joined, Report

pytestmark = needs("landlock")

SHOWN = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
PYTHON = "/usr/bin/python3"


class Field:
    """A workspace, what lies outside, and a way to run Python inside."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.workspace, self.outside, self.own = base / "work", base / "outside", base / "own"
        for directory in (self.workspace, self.outside, self.own):
            directory.mkdir()
        (self.outside / "secret").write_text("secret")
        self.sandboxes: list[LandlockSandbox] = []

    def plan(self, *command: str, mode: Any = "live", accept: Sequence[str] = (), **changes: Any) -> Plan:
        mounts = [Mount(p, p, "read", BUILT_IN) for p in ("/usr", *SHOWN) if os.path.exists(p)]
        mounts += [
            Mount(p, p, "read", BUILT_IN)
            for p in ("/bin", "/lib", "/lib64")
            if os.path.isdir(p) and not os.path.islink(p)
        ]
        plan = Plan(
            command=command,
            cwd=str(self.workspace),
            terminal=False,
            person=Person(os.getuid(), os.getgid(), "someone", str(self.base / "home")),
            environment=(Variable("PATH", "/usr/bin:/bin", BUILT_IN),),
            workspace=Workspace(str(self.workspace), mode, (), BUILT_IN),
            mounts=tuple(mounts),
            links=(),
            files=(File("/etc/passwd", ""), File(str(self.base / "home/.config/x"), "shown\n")),
            private=(),
            network=Network("off", (), BUILT_IN),
            limits=(),
            boundary=BoundaryChoice("landlock", "landlock", tuple(accept), BUILT_IN),
        )
        return replace(plan, **changes)

    def start(self, plan: Plan, **options: Any) -> Joined:
        own = self.own / str(len(self.sandboxes))
        own.mkdir()
        sandbox = LandlockSandbox(landlock.compile(plan, facts_here(), str(own)))
        self.sandboxes.append(sandbox)
        return sandbox.exec(**options)

    def script(self, source: str, *arguments: object) -> tuple[str, ...]:
        """A command that runs `source`; its `say(value)` leaves JSON in the workspace."""
        head = f"""
            import ctypes, errno, json, os, signal, socket, struct, sys, time
            def say(value): open({str(self.workspace / "said")!r}, "w").write(json.dumps(value))
            def attempt(task):
                try: task()
                except OSError as error: return errno.errorcode[error.errno]
                return "ok"
            libc = ctypes.CDLL(None, use_errno=True)
            def call(number, *arguments):
                if libc.syscall(ctypes.c_long(number), *arguments) < 0:
                    raise OSError(ctypes.get_errno(), "")
        """
        return (PYTHON, "-I", "-c", textwrap.dedent(head) + textwrap.dedent(source), *map(str, arguments))

    def said(self) -> Any:
        return json.loads((self.workspace / "said").read_text())

    def inside(self, source: str, *arguments: object, **options: Any) -> Any:
        """Run Python inside to its end; what it said."""
        assert end(self.start(self.plan(*self.script(source, *arguments), **options))).number == 0
        return self.said()

    def unconfined(self, source: str, *arguments: object) -> Any:
        """The same without a boundary: what an attempt gives that nothing stops."""
        subprocess.run(self.script(source, *arguments), cwd=self.workspace, check=True)
        return self.said()


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field(tmp_path)
    yield field
    for sandbox in field.sandboxes:
        sandbox.stop()


def reports(joined: Joined) -> Iterator[Report]:
    while report := joined.receive():
        yield report
        if report.kind in ("exited", "killed", "failed"):
            return


def end(joined: Joined) -> Report:
    return list(reports(joined))[-1]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


FILES = """
    out, host = sys.argv[1:]
    say({
        "read": attempt(lambda: open(f"{out}/secret")),
        "read by ..": attempt(lambda: open("../outside/secret")),
        "list": attempt(lambda: os.listdir(out)),
        "list home": attempt(lambda: os.listdir("/")),
        "write": attempt(lambda: open(f"{out}/secret", "r+")),
        "make": attempt(lambda: open(f"{out}/new", "x")),
        "truncate": attempt(lambda: os.truncate(f"{out}/long", 1)),
        "link in": attempt(lambda: os.link(f"{out}/secret", "linked")),
        "rename in": attempt(lambda: os.rename(f"{out}/movable", "moved")),
        "rename out": attempt(lambda: os.rename(os.open("mine", os.O_CREAT) and "mine", f"{out}/mine")),
        "by symlink": attempt(lambda: (os.symlink(f"{out}/secret", "symlink"), open("symlink"))),
        "by /proc/self/root": attempt(lambda: open(f"/proc/self/root{out}/secret")),
        "by /proc/self/cwd": attempt(lambda: open("/proc/self/cwd/../outside/secret")),
        "by a path descriptor": attempt(lambda: os.open("secret", os.O_RDONLY, dir_fd=os.open(out, os.O_PATH))),
        "by reopening it": attempt(lambda: open(f"/proc/self/fd/{os.open(f'{out}/secret', os.O_PATH)}")),
        "host environment": attempt(lambda: open(f"/proc/{host}/environ").read()),
        "host memory": attempt(lambda: open(f"/proc/{host}/mem")),
        "host root": attempt(lambda: open(f"/proc/{host}/root{out}/secret")),
        "host descriptors": attempt(lambda: os.readlink(f"/proc/{host}/fd/0")),
        "tmp": attempt(lambda: open(f"/tmp/paddock-test-{os.getpid()}", "x")),
        "execute": attempt(lambda: os.posix_spawn(f"{out}/program", ["x"], {})),
    })
"""


@pytest.mark.user
def test_files_outside_are_neither_read_nor_changed_nor_executed(field: Field):
    def prepare() -> None:
        (field.outside / "long").write_text("long")
        (field.outside / "movable").write_text("movable")
        (field.outside / "program").write_text("#!/bin/sh\n")
        (field.outside / "program").chmod(0o755)

    prepare()
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as host:
        try:
            found = field.inside(FILES, field.outside, host.pid)
            after = {path.name: path.read_text() for path in field.outside.iterdir()}
            for name in ("mine", "symlink"):
                (field.workspace / name).unlink()
            free = field.unconfined(FILES, field.outside, host.pid)
        finally:
            host.kill()
    assert set(found.values()) <= {"EACCES", "EXDEV"}, found
    assert after == {"secret": "secret", "long": "long", "movable": "movable", "program": "#!/bin/sh\n"}
    assert set(free.values()) == {"ok"}, free


NETWORK = """
    tcp, udp, abstract, path = int(sys.argv[1]), int(sys.argv[2]), "\\0" + sys.argv[3], sys.argv[4]
    def fast_open():
        socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", tcp))
    say({
        "tcp": attempt(lambda: socket.socket().connect(("127.0.0.1", tcp))),
        "mptcp": attempt(lambda: socket.socket(2, 1, 262).connect(("127.0.0.1", tcp))),
        "fast open": attempt(fast_open),
        "udp": attempt(lambda: socket.socket(2, 2).sendto(b"x", ("127.0.0.1", udp))),
        "listen": attempt(lambda: socket.socket().bind(("127.0.0.1", 0))),
        "abstract": attempt(lambda: socket.socket(1).connect(abstract)),
        "path": attempt(lambda: socket.socket(1).connect(path)),
        "datagram": attempt(lambda: socket.socket(1, 2).sendto(b"x", path + ".datagram")),
        "netlink": attempt(lambda: socket.socket(16, 3, 0)),
    })
"""


@pytest.mark.user
def test_nothing_is_reached_by_tcp_udp_mptcp_fast_open_or_unix_sockets(field: Field):
    """The socket at a path stands for docker.sock; the abstract one for X11 and D-Bus."""
    path, name = str(field.workspace / "docker.sock"), f"paddock-{os.getpid()}"
    tcp, udp, abstract, unix, datagram = (
        socket.socket(), socket.socket(2, 2), socket.socket(1), socket.socket(1), socket.socket(1, 2)
    )  # fmt: skip
    with tcp, udp, abstract, unix, datagram:
        for listener, address in (
            (tcp, ("127.0.0.1", 0)),
            (udp, ("127.0.0.1", 0)),
            (abstract, "\0" + name),
            (unix, path),
        ):
            listener.bind(address)
        datagram.bind(path + ".datagram")
        for listener in (tcp, abstract, unix):
            listener.listen()
        arguments = (tcp.getsockname()[1], udp.getsockname()[1], name, path)
        found = field.inside(NETWORK, *arguments)
        assert select.select([tcp, udp, abstract, unix, datagram], [], [], 0)[0] == []
        free = field.unconfined(NETWORK, *arguments)
    assert set(found.values()) == {"EAFNOSUPPORT"}, found
    assert {name: free[name] for name in free if name != "mptcp"} == {name: "ok" for name in free if name != "mptcp"}


PROCESSES = """
    host, keeper = map(int, sys.argv[1:])
    say({
        "signal": attempt(lambda: os.kill(host, 0)),
        "signal the keeper": attempt(lambda: os.kill(os.getppid(), 9)),
        "signal by descriptor": attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(host), 0)),
        "ptrace": attempt(lambda: call(101 if os.uname().machine == "x86_64" else 117, 0x4206, host, 0, 0)),
        "limits": attempt(lambda: __import__("resource").prlimit(host, 7, (64, 64))),
        "priority": attempt(lambda: os.setpriority(0, host, 5)),
        "trace me": attempt(lambda: call(101 if os.uname().machine == "x86_64" else 117, 0, 0, 0, 0)),
        "shared memory": attempt(lambda: call(29 if os.uname().machine == "x86_64" else 194, 4242, 0, 0)),
        "posix memory": attempt(lambda: open(f"/dev/shm/paddock-{os.getpid()}", "x")),
        "user namespace": attempt(lambda: call(272 if os.uname().machine == "x86_64" else 97, 0x10000000)),
        "terminals": attempt(lambda: os.open("/dev/ptmx", os.O_RDWR)),
    })
"""


@pytest.mark.user
@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="numbers of system calls")
def test_processes_memory_and_terminals_of_the_host_are_out_of_reach(field: Field):
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as host:
        try:
            found = field.inside(PROCESSES, host.pid, 0)
            assert alive(host.pid)
        finally:
            host.kill()
    allowed = {"EPERM", "EACCES", "ENOSYS"}
    assert {name: error for name, error in found.items() if error not in allowed} == {}


@pytest.mark.user
def test_a_debugging_plan_traces_its_own_and_still_not_the_hosts(field: Field):
    source = """
        host, number = int(sys.argv[1]), 101 if os.uname().machine == "x86_64" else 117
        own = os.fork()
        if own == 0:
            time.sleep(600)
        say([attempt(lambda: call(number, 0x4206, pid, 0, 0)) for pid in (own, host)])
        os.kill(own, 9)
    """
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as host:
        try:
            assert field.inside(source, host.pid, syscalls="debug") == ["ok", "EPERM"]
        finally:
            host.kill()


@pytest.mark.user
def test_nothing_of_the_caller_is_inherited_but_three_descriptors(field: Field, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("A_SECRET_TOKEN", "secret")
    descriptor = os.open(field.outside / "secret", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        found = field.inside(
            """
            say({
                "descriptors": [f for f in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{f}")],
                "environment": sorted(os.environ), "initial": open("/proc/self/environ").read(),
                "privileges": [l for l in open("/proc/self/status") if l.startswith(("NoNewPrivs", "Seccomp:", "CapEff"))],
            })
            """
        )
    finally:
        os.close(descriptor)
    assert set(found["descriptors"]) == {"0", "1", "2"}
    assert "A_SECRET_TOKEN" not in found["environment"]
    assert "secret" not in found["initial"]
    assert found["privileges"] == ["CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"]


@pytest.mark.user
def test_a_setuid_program_gives_nothing(field: Field):
    program = next((p for p in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd") if os.path.exists(p)), None)
    if program is None or not os.stat(program).st_mode & 0o4000:
        pytest.skip("no setuid program to try")
    found = field.inside(
        """
        pid = os.posix_spawn(sys.argv[1], [sys.argv[1], "--help"], os.environ)
        os.waitpid(pid, 0)
        held = os.open("/proc/self/status", os.O_RDONLY)
        say([l for l in os.read(held, 4096).decode().splitlines() if l.startswith("Uid")])
        """,
        program,
    )
    assert set(found[0].split()[1:]) == {str(os.getuid())}


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
    assert found == ["EFBIG", "ENOMEM", [32, 32], [0, 0]]


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
    ended = end(field.start(field.plan(*field.script("os.kill(os.getpid(), 15)"))))
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


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
            (field.base / "command").write_text(str(report.number))
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
    found = field.sandboxes[-1].exec(field.script("say(attempt(lambda: open(sys.argv[1])))", field.outside / "secret"))
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
    joined = field.start(field.plan(*field.script(source)), on_terminal=(0, 1))
    seen = list(reports(joined))
    assert [report.kind for report in seen] == ["terminal", "pid", "exited"]
    assert os.read(seen[0].descriptor, 100) == b"hello\r\n"
    os.close(seen[0].descriptor)
    assert field.said() == [True, True, "ok", "EPERM", True]


@pytest.mark.user
@pytest.mark.parametrize(
    ("family", "kind"),
    [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_UNIX, socket.SOCK_DGRAM)],
)
def test_a_socket_as_standard_input_is_refused_where_others_could_be_reached_by_it(
    field: Field, family: int, kind: int
):
    saved = os.dup(0)
    try:
        with socket.socket(family, kind) as given:
            os.dup2(given.fileno(), 0)
            with pytest.raises(Refused) as caught:
                field.start(field.plan("/bin/true"))
        assert caught.value.code == "socket-descriptor"
        left, right = socket.socketpair()
        with left, right:
            os.dup2(left.fileno(), 0)
            confined.refuse_open_sockets()
    finally:
        os.dup2(saved, 0)
        os.close(saved)


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
