"""Logins lie outside, for their owner alone; one Paddock at a time renews one."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
import time
from typing import TYPE_CHECKING

import pytest

from paddock.credentials import logins, refreshing, sources
from paddock.credentials.brokered import Secret
from paddock.credentials.logins import Kept, LoginOver, fresh, load, locked, place, save
from paddock.credentials.refreshing import Answer, RefreshFailed
from paddock.credentials.sources import Outside, Unavailable
from paddock.credentials.tokens import Login
from paddock.plan.profile import Issuer
from tests.forked import Died, forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ISSUER = Issuer("https://issuer.example.test/token", "client", "json")
DAY_S = 86400.0


def kept(ends_in_s: float = DAY_S, access: str = "first-access-token", refresh: str = "first-refresh-token") -> Kept:
    return Kept(Login(Secret(access), Secret(refresh), time.time() + ends_in_s, "stand-in", "{}"), ISSUER)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "logins/agent/one.json")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The refresh tokens that were used; each is good once, as with many issuers."""
    used: list[str] = []

    def ask(issuer: Issuer, refresh: str | None, sending: Callable[[], None]) -> Answer:
        assert issuer == ISSUER
        sending()
        assert refresh is not None
        if refresh in used:
            raise RefreshFailed("issuer.example.test answers 400 invalid_grant", over=True)
        used.append(refresh)
        time.sleep(0.05)
        number = len(used)
        return Answer(Secret(f"access-number-{number}"), Secret(f"refresh-number-{number}"), time.time() + DAY_S)

    monkeypatch.setattr(refreshing, "ask", ask)
    return used


def test_what_is_kept_is_read_again_and_private(path: str) -> None:
    one = kept()
    save(path, one)
    assert load(path) == one
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert os.listdir(os.path.dirname(path)) == ["one.json"]
    assert "first" not in repr(load(path))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"access": 1}', "\0", '{"access": "a", "refresh": "b"}'])
def test_a_broken_file_is_no_login(path: str, content: str) -> None:
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    assert load(path) is None


@pytest.mark.parametrize("key", ["../x", "agent/..", "agent//x", "/x", ""])
def test_a_key_leads_nowhere_else(key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        place(key)


def test_a_token_that_is_good_is_not_renewed(path: str, asked: list[str]) -> None:
    save(path, kept())
    assert fresh(path, "agent")[0].access == "first-access-token"
    assert not asked


@pytest.mark.parametrize("ends_in_s", [-5.0, 5.0])
def test_an_ending_one_is_renewed_and_the_rotation_kept(path: str, asked: list[str], ends_in_s: float) -> None:
    save(path, kept(ends_in_s))
    login, note = fresh(path, "agent")
    assert (login.access, login.refresh, login.placeholder, note) == (
        "access-number-1",
        "refresh-number-1",
        "stand-in",
        "",
    )
    assert load(path) == Kept(login, ISSUER)
    assert asked == ["first-refresh-token"]


def test_many_at_once_use_a_refresh_token_once(path: str, asked: list[str]) -> None:
    save(path, kept(-5))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(fresh(path, "agent")[0].access)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["access-number-1"] * 8
    assert asked == ["first-refresh-token"]


def test_a_login_that_is_over_says_so(path: str, asked: list[str]) -> None:
    asked.append("first-refresh-token")
    save(path, kept(-5))
    with pytest.raises(LoginOver, match="has ended") as error:
        fresh(path, "agent")
    assert error.value.next_step == "paddock login agent"
    assert "invalid_grant" in error.value.why


def test_as_long_as_the_token_is_good_a_failure_is_only_told(path: str, asked: list[str]) -> None:
    asked.append("first-refresh-token")
    save(path, kept(60))
    login, note = fresh(path, "agent")
    assert login.access == "first-access-token"
    assert "cannot be renewed" in note


def test_a_forgotten_login_is_none(path: str) -> None:
    with pytest.raises(LoginOver, match="no login any more"):
        fresh(path, "agent")


def test_another_that_never_ends_is_not_waited_for_for_ever(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "_LOCK_TIMEOUT_S", 0.1)
    save(path, kept(-5))
    with locked(path), pytest.raises(LoginOver, match="another Paddock"):
        fresh(path, "agent")


def test_a_renewed_login_that_cannot_be_kept_is_good_for_now_and_that_is_told(
    path: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    save(path, kept(-5))
    monkeypatch.setattr(os, "fsync", full)
    login, note = fresh(path, "agent")
    assert login.access == "access-number-1"
    assert "could not be kept: No space left on device" in note
    assert asked == ["first-refresh-token"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_ended_while_the_issuer_answers_keeps_what_it_says(
    path: str, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def ask(_issuer: Issuer, _refresh: str | None, sending: Callable[[], None]) -> Answer:
        sending()
        signal.raise_signal(number)
        return Answer(Secret("access-number-1"), Secret("refresh-number-1"), time.time() + DAY_S)

    def renewed() -> None:
        signal.signal(number, signal.SIG_DFL)
        fresh(path, "agent")

    save(path, kept(-5))
    monkeypatch.setattr(refreshing, "ask", ask)
    with pytest.raises(Died, match=f"it ended with -{number.value}"):
        forked(renewed)
    found = load(path)
    assert found
    assert found.login.refresh == "refresh-number-1"


def test_a_disk_that_is_full_leaves_the_old_login(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, kept())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(path, kept(access="another-access-token"))
    assert os.listdir(os.path.dirname(path)) == ["one.json"]
    with open(path, encoding="utf-8") as file:
        assert json.load(file)["access"] == "first-access-token"


def test_the_source_gives_the_token_and_its_stand_in(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    save(place("agent/one", environ), kept())
    outside = Outside(environ, str(tmp_path), ())
    found = sources.fetch("login:agent/one", outside)
    assert (found.text, found.placeholder) == ("first-access-token", "stand-in")
    with pytest.raises(Unavailable, match="no login any more") as error:
        sources.fetch("login:agent/two", outside)
    assert error.value.next_step == "paddock login agent"
