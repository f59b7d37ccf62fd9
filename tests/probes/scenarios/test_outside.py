"""A network of the probe's own: what is outside of it is ours, and nothing else is there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside.effects import Skipped
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import world
from paddock.probes.scenarios.outside import Outside
from paddock.probes.scenarios.scene import Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("git", "userns")

NAMES = {"known.example.test": "169.254.169.254", "other.example.test": "10.77.0.1"}
ASKS = """
import socket
for name in ("known.example.test", "unknown.example.test"):
    try: print(socket.gethostbyname(name))
    except OSError: print("nowhere")
query = b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6stream\\7example\\4test\\0\\0\\1\\0\\1"
with socket.create_connection(("127.0.0.1", 53), timeout=20) as ours:
    ours.sendall(len(query).to_bytes(2, "big") + query)
    print(len(ours.recv(1000)) > 12)
for place in ("169.254.169.254", "10.77.0.1"):
    with socket.create_connection((place, 8080), timeout=20) as ours:
        ours.sendall(b"GET /arrived HTTP/1.1\\r\\n\\r\\n")
        print(ours.recv(12).decode())
try: socket.create_connection(("192.0.2.1", 80), timeout=20)
except OSError as error: print(error.errno)
"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        yield Scene(ground, ())


def test_names_lead_where_they_should_and_nowhere_else(scene: Scene) -> None:
    found = world.visit(scene, (sys.executable, "-I", "-c", ASKS), NAMES, 8080)
    assert found.stdout.decode().splitlines() == [
        "169.254.169.254", "nowhere", "True", "HTTP/1.1 200", "HTTP/1.1 200", "101",
    ], found.stderr  # fmt: skip
    assert [one.split(b"\r\n")[0] for one in found.arrived] == [b"GET /arrived HTTP/1.1"] * 2
    assert set(found.asked) == {"known.example.test", "unknown.example.test", "stream.example.test"}


BEYOND = {"own.example.test": "10.77.0.1", "near.example.test": "10.77.0.2", "six.example.test": "2001:db8::77"}
VISITS = """
import socket
from paddock.kernel import netlink
for name in ("own.example.test", "near.example.test", "six.example.test"):
    (family, _, _, _, where), *_ = socket.getaddrinfo(name, 8080, 0, socket.SOCK_STREAM)
    packed = socket.inet_pton(family, where[0])
    with socket.create_connection(where[:2], timeout=20) as ours:
        ours.sendall(b"GET /%s HTTP/1.1\\r\\n\\r\\n" % name.encode())
        print(packed in netlink.own_addresses(), netlink.is_delivered_here(packed), len(ours.recv(12)))
"""


def test_what_is_beyond_is_reached_and_is_not_the_machines_own(scene: Scene) -> None:
    command = (sys.executable, "-I", "-c", VISITS)
    found = world.visit(scene, command, BEYOND, 8080, ["10.77.0.2", "2001:db8::77"])
    assert found.stdout.decode().splitlines() == ["True True 12", "False False 12", "False False 12"], found.stderr
    assert {one.split(b" ")[1].decode() for one in found.arrived} == {f"/{name}" for name in BEYOND}


def test_the_commands_own_end_is_told(scene: Scene) -> None:
    found = world.visit(scene, ("/bin/sh", "-c", "echo out; echo err >&2; exit 3"), NAMES, 8080)
    assert (found.status, found.stdout, found.stderr) == (3, b"out\n", b"err\n")
    assert (found.asked, found.arrived) == ((), ())


def test_a_name_server_of_ours_answers_nonsense_without_harm() -> None:
    answer = Outside._answer
    asked: list[str] = []
    served = type("Served", (), {"_names": {}, "_asked": asked})()
    for query in (b"", b"\0" * 12, b"\xff" * 40, b"\0" * 12 + b"\x3fa"):
        assert len(answer(served, query)) >= 10
    assert len(asked) == 4


def test_where_there_can_be_no_such_network_it_is_skipped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"no network of its own can be made here: Operation not permitted\n"
    done = type("Done", (), {"status": 125, "stdout": b"", "stderr": said})
    monkeypatch.setattr(scene, "host", lambda *_, **__: done)
    with pytest.raises(Skipped, match="not permitted"):
        world.visit(scene, ("/bin/true",), NAMES, 8080)
