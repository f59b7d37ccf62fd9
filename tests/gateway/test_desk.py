from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.desk import LONGEST_HEAD, answer_to
from paddock.gateway.record import Refusal

if TYPE_CHECKING:
    from tests.gateway.conftest import Allow, Sandbox

REFUSALS = [Refusal("dns", "evil.test", 53, "not-allowed", 3)]


def ask(request: str, refusals: list[Refusal] = REFUSALS) -> tuple[int, dict[str, Any]]:
    head, _, body = answer_to(request.encode("latin-1"), refusals).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body or b"{}")


def test_it_tells_what_was_refused_why_and_what_can_be_done() -> None:
    status, body = ask("GET /refusals HTTP/1.1\r\nHost: paddock.internal\r\n\r\n")
    assert status == 200
    (told,) = body["refusals"]
    assert (told["name"], told["port"], told["count"], told["reason"]) == ("evil.test", 53, 3, "not-allowed")
    assert "paddock run --allow" in told["remedy"]


def test_only_the_latest_kinds_are_told() -> None:
    many = [Refusal("dns", f"n{number}.test", 53, "not-allowed", 1) for number in range(4096)]
    told = ask("GET /refusals HTTP/1.1\r\nHost: paddock.internal\r\n\r\n", many)[1]["refusals"]
    assert (len(told), told[-1]["name"]) == (200, "n4095.test")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: PADDOCK.internal:80\r\n\r\n", 200),
        ("HEAD /refusals HTTP/1.1\r\nHost: paddock.internal\r\n\r\n", 200),
        ("GET /refusals?x=1 HTTP/1.0\r\nHost: paddock.internal\r\n\r\n", 200),
        ("GET /other HTTP/1.1\r\nHost: paddock.internal\r\n\r\n", 404),
        ("POST /refusals HTTP/1.1\r\nHost: paddock.internal\r\nContent-Length: 0\r\n\r\n", 405),
        ("GET /refusals HTTP/1.1\r\nHost: evil.test\r\n\r\n", 421),
        ("GET /refusals HTTP/1.1\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
        ("GET /" + "x" * LONGEST_HEAD, 400),
    ],
)
def test_all_else_gets_its_status(request_: str, status: int) -> None:
    assert ask(request_)[0] == status


def test_programs_inside_can_ask_it(sandbox: Sandbox, allow: Allow) -> None:
    allow()
    code = """
try: socket.create_connection(("evil.example.test", 443), timeout=20)
except OSError: pass
told = urlopen("http://paddock.internal/refusals", timeout=20).read()
print(__import__("json").loads(told)["refusals"][0]["name"])
"""
    assert sandbox.python(code).strip() == "evil.example.test"
    summary = allow.gateways[0].stop()
    assert (summary.connections, summary.refused) == (0, 0)
