"""Attacks that no probe may try on a person's machine, since they would harm it where a sandbox does not hold, and
some that need two sandboxes. All others are rows of `paddock prove`: see `tests/probes`.
"""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.background import cleaned
from tests.capabilities import needs
from tests.real.support import Terminal, processes_with

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")


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
    assert cleaned(person, repo) == []


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
    with socket.socket() as held:  # which nobody else outside can listen on meanwhile
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
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
