"""Attacks that need a run of their own: terminals, fork bombs, full disks, daemons, a second process of the host.

The many that share one run are in `tests/probes/inside/test_runner__attacks.py`. Ids are those of the catalogue of probes.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import IS_ROOT, needs
from tests.real.support import Terminal, processes_with

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

# Push a byte into every terminal that can be reached; also with high bits set in the command (CVE-2019-10063).
PUSH = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
byte = ctypes.create_string_buffer(b"!")
descriptors = [0, 1, 2]
for path in ("/dev/tty", "/dev/console", "/dev/pts/0", "/proc/self/fd/0", "/proc/1/fd/0", "/proc/2/fd/0"):
    try:
        descriptors.append(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        pass
for descriptor in descriptors:
    for command in (0x5412, 0x5412 | 1 << 32, 0x5412 | 0xFFFFFFFF << 32, 0x541C):
        libc.syscall(ctypes.c_long(NUMBER), ctypes.c_long(descriptor), ctypes.c_long(command), byte)
print("pushed")
"""
IOCTL = {"x86_64": 16, "aarch64": 29}[os.uname().machine]


def arrived(argv: Sequence[str], cwd: Path, environ: dict[str, str], redirect: str = "") -> int:
    """How many bytes wait in the input of a terminal after a program on it has ended."""
    outside, inside = pty.openpty()
    modes = termios.tcgetattr(inside)
    modes[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(inside, termios.TCSANOW, modes)
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            fcntl.ioctl(inside, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(inside, descriptor)
            os.chdir(cwd)
            os.execve("/bin/sh", ["sh", "-c", f'"$@" {redirect}', "sh", *argv], environ)
        finally:
            os._exit(99)
    status = None
    while status is None:
        if select.select([outside], [], [], 0.05)[0]:
            os.read(outside, 65536)
        ended, code = os.waitpid(pid, os.WNOHANG)
        status = code if ended else None
    waiting = struct.unpack("i", fcntl.ioctl(inside, termios.FIONREAD, b"\0" * 4))[0]
    os.close(outside)
    os.close(inside)
    assert os.waitstatus_to_exitcode(status) == 0
    return int(waiting)


@pytest.mark.parametrize("redirect", ["", "</dev/null", ">/dev/null", "2>/dev/null", "</dev/null >/dev/null"])
def test_pk_32_nothing_can_be_typed_into_the_callers_terminal(person: Person, repo: Path, redirect: str) -> None:
    script = PUSH.replace("NUMBER", str(IOCTL))
    argv = person.argv("run", "--", "/usr/bin/python3", "-c", script)
    assert arrived(argv, repo, person.environ, redirect) == 0


def test_pk_32_the_attack_works_where_the_kernel_allows_it(repo: Path) -> None:
    try:
        with open("/proc/sys/dev/tty/legacy_tiocsti") as file:
            allowed = file.read().strip() == "1"
    except FileNotFoundError:  # before 6.2: always
        allowed = True
    pushed = arrived([sys.executable, "-c", PUSH.replace("NUMBER", str(IOCTL))], repo, {"PATH": "/usr/bin:/bin"})
    assert pushed > 0 or not (allowed or IS_ROOT)


def test_rs_01_a_fork_bomb_stops_at_the_limit_and_the_host_goes_on(person: Person, repo: Path) -> None:
    bomb = """
import os, threading, time
made = 0
try:
    while made < 200:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError as error:
    print(made, error.errno)
"""
    done = person.call("run", "--limit", "processes=40", "--", "/usr/bin/python3", "-c", bomb, cwd=repo)
    made, number = map(int, done.stdout.split())
    assert 20 <= made <= 40
    assert number == 11  # EAGAIN
    assert subprocess.run(["/bin/true"], check=False).returncode == 0


def test_rs_01_threads_and_a_second_command_count_as_well(person: Person, repo: Path) -> None:
    script = """
import threading, time
made = 0
try:
    while made < 200:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        made += 1
except RuntimeError:
    print(made, flush=True)
import os
os._exit(0)
"""
    done = person.call("run", "--limit", "processes=40", "--", "/usr/bin/python3", "-c", script, cwd=repo)
    assert 20 <= int(done.stdout) <= 40


@pytest.mark.parametrize("directory", ["/tmp", "/dev/shm", "/run", "/var/tmp", "$HOME"])
def test_rs_05_private_directories_fill_up_within_the_limit_on_memory(
    person: Person, repo: Path, directory: str
) -> None:
    script = f'head -c 200M /dev/zero > "{directory}/full"; stat -c %s "{directory}/full"'
    small = ("--limit", "memory=128MiB", "--accept", "memory-total")
    done = person.call("run", *small, "--", "sh", "-c", script, cwd=repo)
    assert int(done.stdout or 0) <= 64 << 20
    assert "No space left" in done.stderr or "out of memory" in done.stderr


def test_rs_06_a_file_grows_to_its_limit_only(person: Person, repo: Path) -> None:
    script = "head -c 3M /dev/zero > big; echo $?; stat -c %s big"
    done = person.call("run", "--limit", "file_size=1MiB", "--", "sh", "-c", script, cwd=repo)
    status, size = map(int, done.stdout.split())
    assert status != 0
    assert size == 1 << 20


def test_rs_10_a_flood_of_output_passes_through_unharmed(person: Person, repo: Path) -> None:
    process = subprocess.Popen(
        person.argv("run", "--quiet", "--", "head", "-c", "50M", "/dev/zero"), cwd=repo, env=person.environ,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout
        total = 0
        while chunk := process.stdout.read(1 << 20):
            total += len(chunk)
    assert (process.returncode, total) == (0, 50 << 20)


def test_lc_01_a_daemon_ends_with_the_sandbox(person: Person, repo: Path, tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    script = f"(setsid sh -c 'trap \"\" TERM HUP; sleep 600' {mark} & ) & echo up"
    done = person.call("run", "--", "sh", "-c", script, cwd=repo)
    assert (done.returncode, done.stdout) == (0, "up\n")
    assert processes_with(mark) == []


@pytest.mark.parametrize(
    ("script", "code"),
    [("kill -9 2; exec sleep 60", 137), ("kill -9 -1; exec sleep 60", 137), ("kill -STOP 1 2; kill -9 1; exit 5", 5)],
    ids=["the keeper", "everything", "PID 1"],
)
def test_killing_the_sandboxs_own_processes_only_ends_the_sandbox(
    person: Person, repo: Path, script: str, code: int
) -> None:
    assert person.call("run", "--", "sh", "-c", script, cwd=repo).returncode == code
    assert json.loads(person.call("clean", "--json", cwd=repo).stdout)["removed"] == []


def test_filling_the_keepers_pipes_holds_nothing_up(person: Person, repo: Path) -> None:
    """They can be opened inside, since bubblewrap's processes have the same user id."""
    script = """
import os
for pid in (1, 2):
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            pipe = os.open(f"/proc/{pid}/fd/{name}", os.O_WRONLY | os.O_NONBLOCK)
            while True:
                os.write(pipe, b'{"child-pid": 1}' * 256)
        except OSError:
            pass
"""
    done = person.call("run", "--quiet", "--", "/usr/bin/python3", "-c", script, cwd=repo, timeout_s=60)
    assert done.returncode == 0, done.stderr
    assert "child-pid" not in done.stderr


def test_nw_44_what_listens_inside_cannot_be_reached_from_outside(person: Person, repo: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = f"""
import socket, sys
listener = socket.create_server(("0.0.0.0", {port}))
socket.create_connection(("127.0.0.1", {port})).close()
print("up", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        person.argv("run", "--", "/usr/bin/python3", "-c", script), cwd=repo, env=person.environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        with socket.socket() as ours:
            assert ours.connect_ex(("127.0.0.1", port)) != 0
        process.stdin.close()
    assert process.returncode == 0


def test_fs_14_a_directory_as_standard_stream_is_refused(person: Person, repo: Path) -> None:
    directory = os.open(person.home, os.O_RDONLY)
    done = subprocess.run(
        person.argv("run", "--", "ls", "/dev/fd/0"), cwd=repo, env=person.environ, stdin=directory,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(directory)
    # The interpreter refuses it even before Paddock could (test_session.py shows that it would).
    assert done.returncode != 0
    assert done.stdout == ""


def test_a_pipe_of_input_cannot_be_written_to(person: Person, repo: Path) -> None:
    """Whoever reads it next, such as the caller's own loop, would take it for input."""
    script = '("$@"; cat) # reads what is left'
    write = "echo injected > /proc/self/fd/0 || true; echo fine > /dev/stdout"  # its own pipe, and its own words
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *person.argv("run", "--quiet", "--", "sh", "-c", write)],
        cwd=repo, env=person.environ, input="first\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout in ("fine\n", "fine\nfirst\n")  # read ahead or not


def test_pk_11_on_the_host_the_command_is_not_root(person: Person, repo: Path, tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    process = subprocess.Popen(
        person.argv("run", "--", "sh", "-c", "echo up; read line", mark), cwd=repo, env=person.environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        inside = [int(line.split(":")[0]) for line in processes_with(mark) if " run --" not in line]
        assert inside
        for pid in inside:
            with open(f"/proc/{pid}/status") as file:
                ids = next(line.split()[1:] for line in file if line.startswith("Uid:"))
            assert set(ids) == {str(0x70000000) if IS_ROOT else str(os.getuid())}
        assert process.stdin
        process.stdin.close()


def test_lc_11_nothing_outside_the_change_set_lasts_to_the_next_session(person: Person, repo: Path) -> None:
    places = '"$HOME" /tmp /var/tmp /dev/shm /run "$HOME/.config" "$HOME/.cache" "$HOME/.local/bin"'
    write = f'mkdir -p {places}; for d in {places}; do echo x > "$d/paddock-marker"; done; ls {places} | grep -c marker'
    look = f"cat $(find / -name paddock-marker -not -path '/proc/*' 2>/dev/null) /dev/null; ls -d {places} 2>/dev/null"
    assert person.call("run", "--", "sh", "-c", write, cwd=repo).stdout == "8\n"
    found = person.call("run", "--", "sh", "-c", look, cwd=repo)
    assert "x" not in found.stdout.splitlines()
    assert not list(person.home.rglob("paddock-marker"))


@pytest.mark.parametrize("mode", ["review", "scratch", "readonly"])
def test_fs_40_a_write_storm_leaves_the_repository_as_it_was(person: Person, repo: Path, mode: str) -> None:
    (repo / "directory").mkdir()
    (repo / "directory/file").write_text("content\n")
    os.link(repo / "hello.txt", repo / "second-name")
    before = fingerprint(repo)
    storm = """
echo changed > hello.txt; chmod 777 directory/file; touch -d 2001-01-01 .; rm -rf .git; mkdir .git; ln -s / out
mv directory/file moved; rm -rf directory; mknod pipe p; truncate -s 1M hello.txt; true
"""
    done = person.call("run", "--workspace", mode, "--", "sh", "-c", storm, cwd=repo)
    assert done.returncode == 0, done.stderr
    assert fingerprint(repo) == before


def test_a_program_on_a_terminal_cannot_reach_another_sandboxs_terminal(person: Person, repo: Path) -> None:
    """Each has a devpts of its own: the first terminal inside has the same name in both."""
    with Terminal(person.argv("run", "--", "sh", "-c", "tty; read line"), cwd=repo, environ=person.environ) as first:
        first.wait_for("/dev/pts/0")
        done = person.call("run", "--", "sh", "-c", "echo spoof > /dev/pts/0; ls /dev/pts", cwd=repo)
        assert done.stdout == "ptmx\n"
        first.type("\r")
        assert first.finish() == 0
        assert b"spoof" not in first.seen
