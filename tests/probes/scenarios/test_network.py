"""Scenarios of the network: each holds in a sandbox, breaches without one, and notices a gateway that is broken."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paddock import planning
from paddock.errors import PaddockError
from paddock.probes.catalogue.reading import ANYONE, load
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import find, gateway, names, network, requests
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

pytestmark = needs("bubblewrap", "git")

PROBES = {probe.id: probe for probe in load(["network"]) if probe.where == "scenario"}
PADDOCK = (sys.executable, "-I", "-m", "paddock")
ALLOWS = b'[network]\nmode = "allow"\nallow = ["api.example.test"]\n'
# What a broken Paddock would do, by the row that has to notice. Run before anything else of Paddock is imported.
BROKEN = {
    "NW-12 dns-resolver": """
import socket
from paddock.gateway import engine
real = engine.Engine.asked
def asked(self, name):
    try: socket.getaddrinfo(name.encode(), 80)
    except OSError: pass
    return real(self, name)
engine.Engine.asked = asked
""",
    "NW-14 names-like-data": """
from paddock.plan import labels
labels.is_data_like = lambda _: False
""",
    "NW-14 names-without-end": """
from paddock.gateway import table
table.MOST_UNDER_WILDCARD = 1000
""",
    "NW-17 host-header-mismatch": """
from paddock.gateway.http import requests
requests._is_spoken = lambda *_: True
""",
    "NW-18 sni-mismatch": """
from paddock.gateway import opening
opening.check_name = lambda *_: None
""",
    "NW-18 malformed-hello": """
from paddock.gateway.tls import hello
hello._Bytes.end = lambda _: None
""",
    "NW-18 records-without-end": """
from paddock.gateway.tls import retries
retries.MOST_RECORDS = 1 << 20
""",
    "NW-22 broad-wildcard": """
from paddock.gateway import rules
rules.OUR_OWN = "none"
""",
    "NW-25 dns-rebind": """
from paddock.gateway.outside import dial
dial.netlink.is_delivered_here = lambda _: False
dial.candidates.__defaults__ = (frozenset, lambda _: False, tuple)
""",
    "NW-25 no-place-on-the-internet": """
from paddock.gateway.outside import guard
guard.carried = lambda _: b""
""",
    "NW-25 private-and-no-further": """
from paddock.gateway.outside import guard
guard._RANGES = {4: guard._ranges(guard._TABLE_4), 16: guard._ranges(guard._TABLE_6.replace("metadata", "private"))}
""",
    "NW-26 beyond-methods-and-paths": """
from paddock.gateway.secrets import broker
broker.allows_request = lambda *_: True
""",
    "NW-31 denied-meanwhile": """
from paddock.gateway import engine
engine.Engine._judge_again = lambda _: None
""",
    "NW-32 http-smuggling": """
from paddock.gateway.http import requests
requests._framing = lambda given, version: 0
""",
    "NW-44 published-on-loopback-only": """
from paddock.gateway import publishing
publishing.LOOPBACK = "0.0.0.0"
""",
    "NW-45 egress-volume": """
from paddock.gateway import budget
budget.Uploads.spend = lambda *_: True
""",
    "NW-45 connections-in-a-second": """
from paddock.gateway import budget
budget.Pace.allows = lambda _: True
""",
    "NW-45 open-connections": """
from paddock.gateway import engine
engine.Engine.limit = property(lambda self: 1000, lambda self, value: None)
""",
    "NW-47 gateway-ends-with-paddock": """
from paddock.gateway import child
child.die_with_parent = lambda _: None
""",
    "NW-47 gateway-memory": """
from paddock.gateway.http import bodies
bodies.LONGEST_LINE = 1 << 30
""",
    "NW-47 gateway-has-given-up": """
import os
os.setsid = lambda: None
""",
    "NW-47 gateway-reads-no-files": """
from paddock.gateway import child
child._confine = lambda: None
""",
    "NW-46 network-record-complete": """
from paddock.gateway import record
real = record.Record.connected
def connected(self, *words):
    self.seen = getattr(self, "seen", 0) + 1
    if self.seen != 3: real(self, *words)
record.Record.connected = connected
""",
}
HELD = [name for name in PROBES if name != "NW-44 published-ports"]


@contextmanager
def scene(tmp_path: Path, policy: bytes = ALLOWS, paddock: Sequence[str] = PADDOCK) -> Iterator[Scene]:
    """A sandbox of ours on a ground of its own."""
    with Ground(str(tmp_path / "ground"), policy, bare=True) as ground:
        plan = planning.make_plan(ground.repo, ("/bin/sh",), None, terminal=False, environ=ground.environ, create=False)
        yield Scene(ground, (*paddock, "run", "--quiet", "--"), paddock, plan)


def found(name: str, played: Scene) -> Sequence[str]:
    """What a scenario found of one of its rows."""
    told = find(name)(played)
    finding = told[name] if isinstance(told, dict) else told
    assert isinstance(finding, list | tuple), finding
    return finding


@pytest.mark.parametrize("name", HELD)
def test_a_sandbox_holds(name: str, tmp_path: Path) -> None:
    with scene(tmp_path) as played:
        assert found(name, played) == []


@pytest.mark.parametrize("name", [name for name, probe in PROBES.items() if probe.control == ANYONE])
def test_it_gets_through_without_one(name: str, tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        assert found(name, Scene(ground, ()))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_gateway_is_noticed(name: str, tmp_path: Path) -> None:
    launcher = tmp_path / "launcher.py"
    launcher.write_text(f"{BROKEN[name]}\nfrom paddock.cli.main import main\nmain()\n")
    with scene(tmp_path, paddock=(sys.executable, "-I", str(launcher))) as played:
        assert found(name, played)


@pytest.mark.parametrize("name", [name for name, probe in PROBES.items() if probe.promise == "gateway"])
@pytest.mark.parametrize("policy", [b"", ALLOWS + b'deny = ["host"]\n'], ids=["no network", "host denied"])
def test_where_there_is_nothing_to_attack_it_says_so(name: str, policy: bytes, tmp_path: Path) -> None:
    with scene(tmp_path, policy) as played, pytest.raises(NotApplicable, match=r"no network|denies host"):
        found(name, played)


def test_what_the_policy_publishes_answers(tmp_path: Path) -> None:
    port = network.free_port()
    with scene(tmp_path, b'[network]\npublish = ["%d:3000"]\n' % port) as played:
        os.unlink(f"{played.ground.home}/.config/paddock/policy.toml")  # a proof takes them out for its other runs
        assert found("NW-44 published-ports", played) == [f"reached 127.0.0.1:{port}"]


def test_a_record_that_was_changed_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene(tmp_path) as played:
        real = played.ask

        def changed(*words: str) -> dict[str, Any]:
            said = real(*words)
            (log,) = (tmp_path / "ground/home/.local/state/paddock").rglob("*.jsonl")
            log.write_bytes(log.read_bytes().replace(b'"allowed"', b'"refused"', 1))
            return said

        monkeypatch.setattr(played, "ask", changed)
        assert found("NW-46 network-record-complete", played) == ["the chain of the record is broken"]


def test_a_policy_check_that_accepts_everything_is_noticed(tmp_path: Path) -> None:
    with scene(tmp_path, paddock=("/bin/true",)) as played:
        assert "wrote a rule for *" in found("NW-22 broad-wildcard", played)
    with scene(tmp_path / "other", paddock=("/bin/false",)) as played, pytest.raises(PaddockError):
        found("NW-22 broad-wildcard", played)


def test_what_joins_a_sandbox_is_not_taken_for_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    children = {1: [2, 3], 2: [4], 3: [5]}
    monkeypatch.setattr(network, "_children", lambda pid: children.get(pid, []))
    monkeypatch.setattr(network, "_command_line", lambda _: b"paddock")
    monkeypatch.setattr(network, "status", lambda pid: {"NSpid": "4 1" if pid == 4 else str(pid)})
    assert network.gateway_of(1) == 3
    del children[3]
    with pytest.raises(PaddockError, match="not found"):
        network.gateway_of(1)


def test_a_sandbox_in_which_nothing_runs_has_shown_nothing() -> None:
    gateway.check(0, b"done\n", b"")
    with pytest.raises(PaddockError, match="it ended with 1"):
        gateway.check(1, b"", b"")
    with pytest.raises(PaddockError, match="no such thing"):
        gateway.check(0, b"not do", b"no such thing\n")
    with pytest.raises(Exception, match="no Python inside"):
        gateway.check(127, b"", b"")


@pytest.mark.parametrize("name", ["", "api.example.test"])
def test_the_first_words_of_tls_name_the_server(name: str) -> None:
    said, again = requests.hello(name), requests.hello(name)
    assert said[:2] == b"\x16\x03"
    assert (b"api.example.test" in said) == bool(name)
    assert said[requests._RANDOM] != again[requests._RANDOM]


def test_every_scenario_is_in_the_catalogue() -> None:
    from paddock.probes.scenarios.scene import SCENARIOS

    assert {names, network, requests}
    assert {name for name in SCENARIOS if name.startswith("NW")} == set(PROBES)
