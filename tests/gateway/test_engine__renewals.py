"""A secret that is fetched anew goes out in place of the old one, without a pause."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.renewals import Renewed, pack
from paddock.gateway.server import Entrusted
from paddock.plan.model import Bound, Credential, Rule
from paddock.policy.model import Origin
from tests.gateway.secure import Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gateway.conftest import Allow, Sandbox

IN_BOTH_WAYS = True

PORT = 18080
ORIGIN = Origin("person", "policy.toml:3")
ASK = """
import http.client
c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
c.request("GET", "/", headers={"Authorization": f"Bearer {SHOWN}"})
r = c.getresponse()
print(r.status, r.read().decode())
"""


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(None) as made:
        yield made


@pytest.fixture
def channel(allow: Allow, service: Service) -> Iterator[socket.socket]:
    """The end at which new secrets are sent to a gateway that brokers one credential."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    upstream = f"127.0.0.1:{service.port}"
    credential = Credential(
        "one", "command:get", "bearer", (Bound("127.0.0.1", service.port),), ("T",), ORIGIN, ttl_s=60
    )
    brokered = (Brokered(credential, "placeholder-0", Secret("secret-number-0")),)
    rule = Rule("127.0.0.1", PORT, ORIGIN, private=True, upstream=upstream, loopback=True)
    allow(rule, entrusted=Entrusted(brokered, renewals=there.fileno()))
    there.close()
    yield here
    here.close()


def ask(sandbox: Sandbox, service: Service) -> str:
    """What the service is shown when a client inside shows its placeholder."""
    said = sandbox.python(ASK, PORT=PORT, SHOWN="placeholder-0")
    assert said.startswith("200 "), said
    return service.headers()["authorization"]


def test_the_new_one_goes_out(sandbox: Sandbox, allow: Allow, service: Service, channel: socket.socket) -> None:
    assert ask(sandbox, service) == "Bearer secret-number-0"
    channel.send(pack(Renewed("one", Secret("secret-number-1"))))
    allow.wait_for(kind="renewed", credential="one", verdict="allowed")
    assert ask(sandbox, service) == "Bearer secret-number-1"


def test_a_failure_is_recorded_and_the_old_one_stays(
    sandbox: Sandbox, allow: Allow, service: Service, channel: socket.socket
) -> None:
    channel.send(pack(Renewed("one", None, "it is locked")))
    allow.wait_for(kind="renewed", credential="one", verdict="failed", reason="it is locked")
    assert ask(sandbox, service) == "Bearer secret-number-0"


def test_the_gateway_goes_on_when_nobody_renews_any_more(
    sandbox: Sandbox, service: Service, channel: socket.socket
) -> None:
    channel.close()
    assert ask(sandbox, service) == "Bearer secret-number-0"
    assert ask(sandbox, service) == "Bearer secret-number-0"


def test_no_secret_is_in_the_record(sandbox: Sandbox, allow: Allow, service: Service, channel: socket.socket) -> None:
    channel.send(pack(Renewed("one", Secret("secret-number-1"))))
    allow.wait_for(kind="renewed")
    ask(sandbox, service)
    allow.gateways[-1].stop()
    assert "secret-number" not in json.dumps(allow.lines())
