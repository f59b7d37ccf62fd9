"""Attacks on the network of a whole run that need a run of their own: what is killed, what is spoken to, what is told.

The many that share one run are in `src/paddock/probes/inside/network.py`; ids are those of the threats of egress.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.control import NAME
from tests.capabilities import needs
from tests.real.support import left_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

# Talks to the service for ever; says so, and says when that ends.
STREAM = """
import socket, sys
ours = socket.create_connection(("host", int(sys.argv[1])), timeout=60)
ours.sendall(b"more")
print("up" if ours.recv(100) else "", flush=True)
try:
    while ours.recv(65536): pass
    print("ended", flush=True)
except OSError: print("reset", flush=True)
for name, port in (("host", int(sys.argv[1])), ("127.0.0.1", int(sys.argv[1])), ("198.18.1.1", int(sys.argv[1]))):
    try:
        ours = socket.create_connection((name, port), timeout=60)
        ours.sendall(b"more")
        print("open" if ours.recv(1) else "shut", flush=True)
    except OSError: print("shut", flush=True)
"""


class Service:
    """Sends to whoever connects, slowly and without end."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._send, args=(client,), daemon=True).start()
        except OSError:
            pass

    def _send(self, client: socket.socket) -> None:
        try:
            while True:
                client.sendall(b"x" * 100)
                select.select([client], [], [], 0.01)
        except OSError:
            self.ended.set()
        finally:
            client.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return f"mark-{os.getpid()}-{tmp_path.name}"


@contextmanager
def begin(person: Person, repo: Path, service: Service, mark: str) -> Iterator[subprocess.Popen[str]]:
    """A run called "victim" in which a connection is open."""
    process = subprocess.Popen(
        person.argv(
            "run", "--name", "victim", "--allow", f"host:{service.port}", "--",
            "/usr/bin/python3", "-c", STREAM, str(service.port), mark,
        ),
        cwd=repo, env=person.environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "up\n"
            yield process
        except BaseException:
            process.kill()
            raise


def of_process(pid: int, name: str) -> bytes:
    """What the kernel says of a process; nothing of one that has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def children(pid: int) -> list[int]:
    return [int(word) for word in of_process(pid, f"task/{pid}/children").split()]


def gateway_of(process: subprocess.Popen[str]) -> int:
    """The one of Paddock's children that has a child with Paddock's own command line: the maker."""
    own = of_process(process.pid, "cmdline")
    for child in children(process.pid):
        if own in (of_process(below, "cmdline") for below in children(child)):
            return child
    raise AssertionError("there is no gateway")


def verified(person: Person, repo: Path) -> list[dict[str, Any]]:
    """Every log, as it is judged."""
    found: list[dict[str, Any]] = json.loads(person.call("log", "verify", "--json", cwd=repo).stdout)["logs"]
    return found


def test_e20_when_paddock_is_killed_nothing_is_left_and_nothing_is_open(
    person: Person, repo: Path, service: Service, mark: str
) -> None:
    with begin(person, repo, service, mark) as process:
        process.kill()
        assert left_of(mark) == []
        assert service.ended.wait(90)
    (log,) = verified(person, repo)
    deadline = time.monotonic() + 90
    while log["state"] == "live":  # what a process had is closed in no order that anybody promises
        assert time.monotonic() < deadline
        (log,) = verified(person, repo)
    assert log["state"] == "open"  # nobody was left to keep how it ended
    with open(log["path"], encoding="ascii") as file:
        kinds = [json.loads(line)["kind"] for line in file]
    assert kinds == ["session", "dns", "connect", "closed"]
    again = person.call("run", "--name", "victim", "--allow", "api.example.test", "--", "true", cwd=repo)
    assert again.returncode == 0, again.stderr
    assert person.call("clean", cwd=repo).returncode == 0
    assert list((person.home / "runtime/paddock/live").iterdir()) == []


@pytest.mark.parametrize("who", ["gateway", "maker"])
def test_e20_when_the_gateway_or_its_maker_is_killed_there_is_no_network_or_the_one_there_was(
    person: Person, repo: Path, service: Service, mark: str, who: str
) -> None:
    with begin(person, repo, service, mark) as process:
        assert process.stdout
        gateway = gateway_of(process)
        (maker,) = children(gateway)
        os.kill(gateway if who == "gateway" else maker, signal.SIGKILL)
        if who == "maker":  # what is open goes on; nothing more is opened
            denied = person.call("net", "deny", "victim", "host", cwd=repo)
            assert denied.returncode == 0, denied.stderr
        assert process.stdout.readline() in ("ended\n", "reset\n")
        assert process.stdout.read().split() == ["shut", "shut", "shut"]
        assert process.stderr
        assert ("the gateway died" in process.stderr.read()) is (who == "gateway")
    assert left_of(mark) == []


def refused(person: Person, repo: Path, name: str) -> int:
    """How many different things were refused so far."""
    shown = person.call("net", "show", name, "--json", cwd=repo).stdout
    return len(json.loads(shown or "{}").get("refusals", ()))


def test_e22_names_with_control_characters_command_no_terminal(person: Person, repo: Path) -> None:
    """What was asked for inside is told in five places, and in each of them it is plain text."""
    script = r"""
import socket, struct
ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ours.settimeout(60)
ours.connect(("198.18.0.1", 53))
for name in (b"\x1b[31mred", b"a\nb\r", b"\x1b]0;title\x07", "\u202eevil".encode(), b"\x9b31m", b"{place}%s", b"\x00\x7f"):
    question = bytes([len(name)]) + name + b"\x04test\0" + struct.pack("!2H", 1, 1)
    ours.send(struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + question)
    ours.recv(1000)
input()
"""
    argv = person.argv("run", "--name", "teller", "--allow", "api.example.test", "--", "/usr/bin/python3", "-c", script)
    said = []
    with subprocess.Popen(
        argv, cwd=repo, env=person.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 90
        while refused(person, repo, "teller") < 7:
            assert time.monotonic() < deadline
        said += [person.call("net", "show", "teller", cwd=repo).stdout]
        said += [process.communicate(b"\n")[1].decode()]
    said += [person.call(*words, cwd=repo).stdout for words in (("log", "show"), ("net", "log"), ("learn",))]
    for text in said:
        assert r"\x1b[31mred" in text
        assert all(character.isprintable() or character == "\n" for character in text), ascii(text)
        assert not any(line.startswith("b") for line in text.splitlines())


@pytest.mark.root
def test_c8_no_other_user_is_heard_at_the_gateways_door(
    person: Person, repo: Path, service: Service, mark: str
) -> None:
    """Not even where the modes of files would let him in."""
    with begin(person, repo, service, mark) as process:
        directory = person.home / "runtime/paddock/live/victim"
        for place in (directory, *directory.parents):
            place.chmod(0o755) if place.stat().st_mode & 0o5 != 0o5 else None
        (directory / NAME).chmod(0o666)
        script = """
import os, socket, sys
os.setgroups([]); os.setresgid(*[70002] * 3); os.setresuid(*[70002] * 3)
ours = socket.socket(socket.AF_UNIX)
os.chdir(sys.argv[1])
ours.connect("gateway")
try:
    ours.sendall(b'{"do":"show"}\\n')
    print(len(ours.recv(1000)))
except OSError: print(0)
"""
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script, str(directory)], capture_output=True, text=True, check=True, cwd="/"
        )
        assert done.stdout.strip() == "0"
        assert person.call("net", "show", "victim", cwd=repo).returncode == 0
        process.terminate()
    assert left_of(mark) == []
