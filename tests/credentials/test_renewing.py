"""A secret that is good for a while only is fetched anew, outside, for as long as somebody listens."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING

import pytest

from paddock.credentials import brokering, logins, refreshing
from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.refreshing import Answer
from paddock.credentials.renewals import Renewed, take
from paddock.credentials.renewing import Renewer
from paddock.credentials.sources import Outside
from paddock.credentials.tokens import Login
from paddock.plan.model import Bound, Credential
from paddock.plan.profile import Issuer
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BOUND = (Bound("api.example.test", 443),)
TIMEOUT_S = 30


def brokered(source: str, ttl_s: float) -> Brokered:
    credential = Credential("one", source, "bearer", BOUND, ("T",), Origin("person", "p:1"), ttl_s=ttl_s)
    return Brokered(credential, "placeholder", Secret("first"))


@pytest.fixture
def counting(tmp_path: Path) -> Outside:
    """A program that prints another secret each time, until a file says that it fails."""
    place = tmp_path.resolve()
    script = f"""#!/bin/sh
test -e {place}/broken && {{ echo away >&2; exit 4; }}
echo x >> {place}/times
echo secret-$(wc -l < {place}/times)
"""
    (place / "get").write_text(script)
    (place / "get").chmod(0o755)
    return Outside({"PATH": f"{place}:/usr/bin:/bin"}, str(place), ("/nowhere",))


@pytest.fixture
def renewer(counting: Outside) -> Iterator[Renewer]:
    made = Renewer([brokered("command:get", 0.05)], counting)
    yield made
    made.stop()


def wait_for(channel: int) -> tuple[Renewed, ...] | None:
    assert select.select([channel], [], [], TIMEOUT_S)[0], "nothing came"
    return take(channel)


def test_new_secrets_come_without_being_asked_for(renewer: Renewer) -> None:
    found: list[Renewed] = []
    while len(found) < 3:
        found += wait_for(renewer.channel) or ()
    assert [each.secret for each in found[:3]] == ["secret-1", "secret-2", "secret-3"]
    assert {each.name for each in found} == {"one"}


def test_a_failure_is_told_and_tried_again(counting: Outside) -> None:
    broken = f"{counting.home}/broken"
    with open(broken, "w", encoding="ascii"):
        pass
    made = Renewer([brokered("command:get", 0.05)], counting)
    try:
        first = (wait_for(made.channel) or ())[0]
        assert first.secret is None
        assert "status 4" in first.why
        assert "away" in first.why
        os.unlink(broken)
        secret = None
        while secret is None:
            secret = next((each.secret for each in wait_for(made.channel) or () if each.secret), None)
        assert secret == "secret-1"
    finally:
        made.stop()


def test_what_is_as_it_was_is_not_sent_again(tmp_path: Path) -> None:
    """A login is looked at often, and seldom renewed: by whom, this process need not know."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    path = logins.place("agent/one", environ)
    issuer = Issuer("https://issuer.example.test/token", "client", "json")
    logins.save(path, logins.Kept(Login(Secret("first-token"), None, 0, "placeholder", "{}"), issuer))
    made = Renewer([brokered("login:agent/one", 0.05)], Outside(environ, str(tmp_path), ()))
    try:
        assert [each.secret for each in wait_for(made.channel) or ()] == ["first-token"]
        assert not select.select([made.channel], [], [], 0.5)[0]
        logins.save(path, logins.Kept(Login(Secret("second-token"), None, 0, "placeholder", "{}"), issuer))
        assert [each.secret for each in wait_for(made.channel) or ()] == ["second-token"]
        os.unlink(path)
        assert "no login any more" in (wait_for(made.channel) or ())[0].why
    finally:
        made.stop()


def test_one_that_is_stopped_while_it_renews_a_login_keeps_what_the_issuer_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = tmp_path / "asked", tmp_path / "answered"

    def ask(_issuer: Issuer, _refresh: str | None, sending: Callable[[], None]) -> Answer:
        sending()
        asked.touch()
        while not answered.exists():
            time.sleep(0.001)
        return Answer(Secret("access-number-1"), Secret("refresh-number-1"), 0)

    def sends(process: int, number: int) -> None:
        send(process, number)
        answered.touch()

    environ = {"XDG_STATE_HOME": str(tmp_path)}
    path = logins.place("agent/one", environ)
    login = Login(Secret("access-number-0"), Secret("refresh-number-0"), 1, "stand-in", "{}")
    logins.save(path, logins.Kept(login, Issuer("https://issuer.example.test/", "client", "json")))
    monkeypatch.setattr(refreshing, "ask", ask)  # the process is forked from here
    made = Renewer([brokered("login:agent/one", 0.01)], Outside(environ, str(tmp_path), ()))
    send = signal.pidfd_send_signal
    monkeypatch.setattr(signal, "pidfd_send_signal", sends)
    while not asked.exists():
        time.sleep(0.001)
    made.stop()
    found = logins.load(path)
    assert found
    assert found.login.refresh == "refresh-number-1"


def test_what_the_machine_lacks_is_told_and_tried_again(counting: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(brokering, "renew", full)  # the process is forked from here
    made = Renewer([brokered("command:get", 0.05)], counting)
    try:
        heard: list[Renewed] = []
        while len(heard) < 2:
            heard += wait_for(made.channel) or ()
        assert set(heard) == {Renewed("one", None, "No space left on device")}
    finally:
        made.stop()


def test_it_ends_when_nobody_listens(renewer: Renewer) -> None:
    end = os.pidfd_open(renewer.pid)
    try:
        renewer.handed_over()
        assert select.select([end], [], [], TIMEOUT_S)[0]
    finally:
        os.close(end)


def test_it_is_unreadable_and_holds_nothing_but_its_channel(renewer: Renewer) -> None:
    wait_for(renewer.channel)
    owner = os.stat(f"/proc/{renewer.pid}/environ").st_uid
    assert owner == 0, "a process that is not dumpable belongs to root (proc(5))"
    if os.geteuid() == 0:
        os.kill(renewer.pid, signal.SIGSTOP)  # it opens and closes pipes all the time
        os.waitpid(renewer.pid, os.WUNTRACED)
        kept = [os.readlink(f"/proc/{renewer.pid}/fd/{each}") for each in os.listdir(f"/proc/{renewer.pid}/fd")]
        assert sum(not place.startswith(("/dev/null", "pipe:")) for place in kept) <= 2  # the channel, a program's


def test_stopping_leaves_no_process_and_no_descriptor(counting: Outside) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    made = Renewer([brokered("command:get", 3600)], counting)
    made.stop()
    made.stop()
    assert sorted(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ProcessLookupError):
        os.kill(made.pid, 0)
