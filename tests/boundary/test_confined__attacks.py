"""The landlock boundary attacked: a hostile command inside, real targets outside, the same attempts unconfined."""

from __future__ import annotations

import os
import select
import socket
import subprocess

import pytest

from tests.boundary.field import Field, alive
from tests.capabilities import needs

pytestmark = needs("landlock")


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
    assert program is not None
    assert os.stat(program).st_mode & 0o4000
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
