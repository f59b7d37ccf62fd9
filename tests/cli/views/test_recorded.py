from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from paddock.cli.views import recorded
from paddock.cli.views.recorded import Wanted
from paddock.record import anchors, logs
from paddock.record.logs import Log
from paddock.record.writer import Writer, open_to_append

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Session:
    """A log that is being written, with one event of each kind."""

    def __init__(self) -> None:
        path = logs.create("amber-fern")
        self.log = Log(path.rpartition("/")[2].removesuffix(".jsonl"), path)
        self.file = open(open_to_append(path), "wb", buffering=0)  # noqa: SIM115 - closed by `close`
        self.writer = Writer(self.file.fileno(), "amber-fern", "ab" * 32, limit_bytes=1 << 20, on_broken=lambda: None)
        self.writer.begin(repository="/a repo", program="sh")
        self.writer.append("dns", name="evil.test", port=53, verdict="refused", reason="not-allowed", count=7)
        self.writer.append("dns", name="api.example.test", port=53, verdict="allowed")
        self.writer.append(
            "connect", name="api.example.test", port=443, verdict="allowed", reason="tls", up=10, down=2000, rule="r"
        )
        self.writer.append("refused", name="api.example.test", port=80, verdict="refused", reason="http-both-lengths")
        self.writer.append(
            "granted", name="b.test", port=443, author="somebody", reason="for a test", until=1_795_239_846_308
        )
        self.writer.append("used", name="api.example.test", port=443, credential="github", rule="r")
        self.writer.append("alarm", name="", port=0, reason="a canary was used")

    def close(self) -> Log:
        anchor = self.writer.close(connections=1, bytes_up=10, bytes_down=2000, refused=1, names_refused=7)
        self.file.close()
        anchors.write(self.log.path, anchor)
        return self.log


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    return Session()


@pytest.fixture
def text() -> Callable[..., str]:
    """`text(denied=…)`: what `log show` prints."""

    def shown(**wanted: Any) -> str:
        pieces = recorded.show("amber-fern", Wanted(**wanted), as_json=False).pieces
        assert pieces is not None
        return "".join(pieces)

    return shown


def test_each_kind_has_its_line(session: Session, text: Callable[..., str]) -> None:
    session.close()
    _, first, *rest, last = text().splitlines()
    assert first.endswith("session    amber-fern: sh in /a repo, plan abababababab")
    assert [line[10:] for line in rest] == [
        "refused    name        evil.test  no rule names this host; 7 times in all",
        "allowed    name        api.example.test",
        "allowed    connection  api.example.test:443  tls; 10 bytes up, 2000 down",
        "refused    connection  api.example.test:80  the request has both Content-Length and Transfer-Encoding",
        rest[4][10:],
        "used       credential  api.example.test:443  github",
        "alarm      ?  a canary was used",
    ]
    assert rest[4][10:].startswith("granted    b.test:443  for a test; by somebody; until ")
    assert last.endswith("closed     1 connections, 10 bytes up, 2000 down; 8 refused")


def test_only_what_was_denied_or_is_about_a_host(session: Session, text: Callable[..., str]) -> None:
    session.close()
    denied = text(denied=True).splitlines()[2:-1]
    assert [line[10:].split()[0] for line in denied] == ["refused", "refused", "alarm"]
    assert len(text(host="example.test").splitlines()) == 3 + 4
    assert len(text(host="test").splitlines()) == 3 + 6
    assert len(text(host="ample.test").splitlines()) == 3
    assert len(text(host="api.example.test", denied=True).splitlines()) == 3 + 1


def test_nothing_that_a_sandbox_chose_reaches_the_terminal_raw(session: Session, text: Callable[..., str]) -> None:
    for odd in ("\x1b[2J", "a\nb", "\u202e", "\udcff", "\x00"):
        session.writer.append("dns", name=odd, port=53, verdict=odd, reason=odd)
        session.writer.append(odd, name=odd, port=odd, author=odd, credential=odd, count=odd, until=odd, up=odd)
    session.writer.append("session\x1b", repository="\x1b")
    session.close()
    shown = text()
    assert not set(shown) & set("\x1b\x00\u202e\udcff")
    assert len(shown.splitlines()) == 2 + 7 + 11 + 1


def test_what_is_wrong_is_said_where_it_is_whatever_is_asked_for(session: Session, text: Callable[..., str]) -> None:
    log = session.close()
    with open(log.path, "rb+") as file:
        raw = file.read().replace(b'"evil.test"', b'"good.test"').replace(b'"alarm"', b"\x1b]0;x\x07", 1)
        file.seek(0)
        file.write(raw)
        file.truncate()
    for shown in (text(), text(host="nobody.test")):
        assert "line 3: it does not follow the line before it: one of the two was changed" in shown
        assert "line 8: it is not JSON" in shown
        assert "\x1b" not in shown


def test_a_log_that_was_not_closed_says_so(session: Session, text: Callable[..., str]) -> None:
    assert text().splitlines()[-1] == "the session goes on: -f shows what comes"
    session.file.close()
    assert text().splitlines()[-1] == "the log ends here without having been closed"


def test_following_shows_what_comes_and_ends_with_the_session(session: Session) -> None:
    pieces = recorded.show("", Wanted(follow=True), as_json=False).pieces
    assert pieces is not None
    seen: list[str] = []
    paused = threading.Event()

    def follow() -> None:
        for piece in pieces:
            seen.append(piece)
            if not piece:
                paused.set()

    reader = threading.Thread(target=follow)
    reader.start()
    assert paused.wait(90)
    session.writer.append("dns", name="later.test", port=53, verdict="refused", reason="not-allowed")
    session.close()
    reader.join(90)
    assert any("later.test" in piece for piece in seen)
    assert "closed" in seen[-1]


def test_json_is_one_object_or_with_follow_one_for_each_line(session: Session) -> None:
    log = session.close()
    whole = recorded.show(log.id, Wanted(denied=True), as_json=True).pieces
    assert whole is not None
    data = json.loads("".join(whole))
    assert (data["schema"], data["log"], data["problems"]) == (1, log.id, [])
    assert [event["kind"] for event in data["events"]] == ["session", "dns", "refused", "alarm", "closed"]
    lines = recorded.show(log.id, Wanted(follow=True), as_json=True).pieces
    assert lines is not None
    events = [json.loads(line) for line in lines if line]
    assert len(events) == 9
    assert all(event["schema"] == 1 for event in events)


def test_json_names_what_is_wrong(session: Session) -> None:
    log = session.close()
    with open(log.path, "ab") as file:
        file.write(b"{}\n")
    pieces = recorded.show(log.id, Wanted(), as_json=True).pieces
    assert pieces is not None
    wrong = {"line": 10, "what": "it lacks seq, or has it wrong"}
    assert json.loads("".join(pieces))["problems"] == [wrong]
    lines = recorded.show(log.id, Wanted(follow=True, denied=True), as_json=True).pieces
    assert lines is not None
    assert json.loads([line for line in lines if line][-1]) == {"schema": 1, "kind": "problem", **wrong}
