"""What a person may change while a sandbox runs, by way of a real gateway."""

from __future__ import annotations

import mmap
import os
import socket
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PolicyError, SessionError
from paddock.gateway import control, engine
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import BOTH_WAYS
from tests.gateway.signs import SIGN, at_the_sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    Ask = Callable[[dict[str, Any]], dict[str, Any]]

WEB = "web.example.test"
ASK = f"print(urlopen('http://{WEB}/big/1', timeout=20).status)"
REFUSED = f"""
try: urlopen('http://{WEB}/big/1', timeout=20); print("open")
except (HTTPError, OSError) as error: print("refused")
"""


def wish(do: str, host: str, port: int = 80, for_s: float | None = None, upstream: str = "") -> dict[str, Any]:
    place = {
        "host": host, "port": port, "private": bool(upstream), "upstream": upstream, "methods": [], "paths": [],
        "upload": 0, "raw": False,
    }  # fmt: skip
    return {"do": do, "place": place, "author": "somebody", "why": "for a test", "for_s": for_s}


@pytest.fixture
def ask(allow: Allow, tmp_path: Path) -> Ask:
    allow(directory=str(tmp_path))
    return lambda request: control.ask(str(tmp_path), request)


def test_more_is_allowed_while_the_sandbox_runs(sandbox: Sandbox, ask: Ask, upstreams: Upstreams, allow: Allow) -> None:
    assert sandbox.python(REFUSED).strip() == "refused"
    shown = ask(wish("allow", WEB, upstream=f"127.0.0.1:{upstreams.http}"))
    assert [rule["host"] for rule in shown["rules"]] == [WEB]
    assert sandbox.python(ASK).strip() == "200"
    line = allow.wait_for(kind="granted")
    assert (line["name"], line["author"], line["reason"], line["until"]) == (WEB, "somebody", "for a test", None)


def test_what_was_allowed_is_denied_at_once(sandbox: Sandbox, ask: Ask, upstreams: Upstreams) -> None:
    ask(wish("allow", WEB, upstream=f"127.0.0.1:{upstreams.http}"))
    assert sandbox.python(ASK).strip() == "200"
    shown = ask(wish("deny", WEB))
    assert [denied["host"] for denied in shown["denied"]] == [WEB]
    assert sandbox.python(REFUSED).strip() == "refused"


@BOTH_WAYS
def test_an_open_connection_ends_with_its_rule(sandbox: Sandbox, ask: Ask, upstreams: Upstreams, allow: Allow) -> None:
    code = f"""
s = socket.create_connection(("{WEB}", 80), timeout=60)
s.sendall(b"GET /big/1 HTTP/1.1\\r\\nHost: {WEB}\\r\\n\\r\\n")
assert s.recv(65536)
{SIGN}
try:
    while s.recv(65536): pass
    print("ended")
except ConnectionResetError: print("reset")
"""
    wanted = wish("allow", WEB, upstream=f"127.0.0.1:{upstreams.http}")
    ask(wanted)
    with at_the_sign(allow, lambda: ask({**wanted, "for_s": 0.2})):
        assert sandbox.python(code).strip() == "reset"
    assert allow.wait_for(kind="connect", name=WEB)["verdict"] == "allowed"
    assert ask({"do": "show"})["grants"] == []


def test_what_cannot_be_kept_is_refused_with_its_reason(ask: Ask) -> None:
    with pytest.raises(PolicyError, match="cannot be kept"):
        ask(wish("allow", "127.1"))
    assert ask({"do": "show"})["rules"] == []


@pytest.mark.parametrize("nonsense", [{"do": "allow"}, {"do": "dance"}, {}, {"do": "allow", "place": []}])
def test_nonsense_is_refused_and_the_gateway_lives_on(ask: Ask, nonsense: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="does not understand"):
        ask(nonsense)
    assert ask({"do": "show"})["mode"] == "allow"


@BOTH_WAYS
def test_refusals_are_shown(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.python(REFUSED)
    refusals = ask({"do": "show"})["refusals"]
    assert {(one["kind"], one["name"], one["reason"]) for one in refusals} == {("dns", WEB, "not-allowed")}


def test_the_socket_is_the_persons_alone(ask: Ask, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / control.NAME).stat().st_mode) == 0o600
    assert (tmp_path / control.NAME).stat().st_uid == os.getuid()


def test_a_caller_that_says_nothing_or_too_much_is_sent_away(ask: Ask, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(tmp_path / control.NAME))
        line.settimeout(20)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - one of them meets the end
            for _ in range(100):
                line.sendall(b"x" * 65536)
    assert ask({"do": "show"})["mode"] == "allow"


def test_without_a_gateway_the_answer_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="does not answer") as caught:
        control.ask(str(tmp_path), {"do": "show"})
    assert "paddock run --net allow" in caught.value.next_step


def test_a_directory_with_a_very_long_path_has_a_door_too(tmp_path: Path, allow: Allow) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    allow(directory=str(deep))
    assert control.ask(str(deep), {"do": "show"})["mode"] == "allow"


def test_a_door_that_was_left_by_a_paddock_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    for _ in range(2):
        door = control.open_door(str(tmp_path))
        os.close(door.descriptor)
    assert stat.S_ISSOCK((tmp_path / control.NAME).stat().st_mode)


def test_a_door_is_never_made_where_a_link_leads(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / control.NAME).symlink_to(elsewhere)
    os.close(control.open_door(str(tmp_path)).descriptor)
    assert elsewhere.read_text() == "mine"
    assert stat.S_ISSOCK((tmp_path / control.NAME).lstat().st_mode)


OUTLIVES = f"""
s = socket.create_connection(("api.example.test", 80), timeout=60)
def ask():
    said = b""
    try:
        s.sendall(b"GET /big/1 HTTP/1.1\\r\\nHost: api.example.test\\r\\n\\r\\n")
        while not said.endswith(b"x") and (more := s.recv(65536)): said += more
    except OSError: pass
    return said[9:12].decode()
print(ask())
{SIGN}
AFTERWARDS
print(ask() or "ended")
"""
ENDS = OUTLIVES.replace(
    "AFTERWARDS",
    """
try:
    while s.recv(65536): pass
except OSError: pass
""",
)
GOES_ON = OUTLIVES.replace(
    "AFTERWARDS",
    """
while True:
    try: socket.getaddrinfo("done.example.test", 80); break
    except socket.gaierror: time.sleep(0.05)
""",
)


def test_what_was_begun_under_a_grant_does_not_outlive_it_under_a_narrower_rule(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, tmp_path: Path
) -> None:
    allow(Rule("*.example.test", 80, Origin("flag"), paths=("/v1/*",)), directory=str(tmp_path))
    wanted = wish("allow", "api.example.test", upstream=f"127.0.0.1:{upstreams.http}")
    control.ask(str(tmp_path), wanted)
    with at_the_sign(allow, lambda: control.ask(str(tmp_path), {**wanted, "for_s": 0.2})):
        assert sandbox.python(ENDS).split() == ["200", "ended"]
    assert [rule["host"] for rule in control.ask(str(tmp_path), {"do": "show"})["rules"]] == ["*.example.test"]


def test_a_grant_that_is_given_again_breaks_no_connection(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, tmp_path: Path
) -> None:
    allow(directory=str(tmp_path))
    wanted = wish("allow", "api.example.test", upstream=f"127.0.0.1:{upstreams.http}")
    control.ask(str(tmp_path), wanted)

    def again() -> None:
        control.ask(str(tmp_path), {**wanted, "author": "somebody else", "for_s": 3600.0})
        control.ask(str(tmp_path), wish("allow", "done.example.test"))

    with at_the_sign(allow, again):
        assert sandbox.python(GOES_ON).split() == ["200", "200"]


def test_a_grant_ends_by_the_clock_on_the_wall(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that sleeps stops the loop's clock: what an hour was allowed for may be over when it wakes."""
    slept_s = mmap.mmap(-1, 2)  # shared with the gateway, which is forked from here
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + int.from_bytes(slept_s[:], "big"))
    monkeypatch.setattr(engine, "LOOK_AGAIN_S", 0.2)
    allow(directory=str(tmp_path))
    control.ask(str(tmp_path), wish("allow", "api.example.test", for_s=600.0, upstream=f"127.0.0.1:{upstreams.http}"))
    with at_the_sign(allow, lambda: slept_s.write((3600).to_bytes(2, "big"))):
        assert sandbox.python(ENDS).split() == ["200", "ended"]
