"""An exchange to speak to, and its steps as a transcript has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.gateway.gate import Gate
from paddock.gateway.http.exchange import Exchange
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from paddock.gateway.http.exchange import Step

GET = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def exchange(gate: Gate | None = None, **more: Any) -> Exchange:
    endpoint = endpoint_of(Rule("api.example.test", 80, Origin("flag"), **more))
    return Exchange(endpoint, gate or Gate())


def kinds(steps: list[Step]) -> list[str]:
    return [step.kind for step in steps]


def sent(steps: list[Step], kind: str) -> bytes:
    return b"".join(step.data for step in steps if step.kind == kind)


def asked(head: bytes = GET) -> Exchange:
    made = exchange()
    assert kinds(made.client_data(head))[:2] == ["dial", "up"]
    return made


def reason(steps: list[Step]) -> str:
    assert kinds(steps)[-1:] == ["refuse"]
    return steps[-1].reason
