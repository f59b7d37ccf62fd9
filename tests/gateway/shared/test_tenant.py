"""Who is let in, and that nothing of the others is touched by who is not."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.gateway.record import About
from paddock.gateway.shared import admission, place
from paddock.gateway.shared.admission import Admission
from paddock.gateway.shared.tenant import SMALLEST_SHARE, House, Tenant
from paddock.plan.model import Network, Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

ORIGIN = Origin("flag")
RULE = Rule("web.example.test", 80, ORIGIN)
PLAIN = Admission(Network("allow", (RULE,), ORIGIN), About(), (), (), None, vouches=False, door=False, renewals=False)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def answer_to(data: bytes, given: int | list[int], person: int, share: int = SMALLEST_SHARE) -> tuple[bytes, bytes]:
    """What a tenant says to one who sends this: its greeting, and its answer."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here:
        if data:
            admission.send(here, data, [0] * given if isinstance(given, int) else given)
        here.shutdown(socket.SHUT_WR)
        Tenant(there, House(person, b"hello", share)).live()
        try:
            return here.recv(100), here.recv(4096)
        except ConnectionResetError:  # it was closed with what was sent unread
            return b"", b""


def test_another_user_is_not_even_greeted() -> None:
    before = descriptors()
    assert answer_to(admission.pack(PLAIN), 7, os.getuid() + 1) == (b"", b"")
    assert descriptors() == before


@pytest.mark.parametrize(
    ("data", "count", "answer"),
    [
        (b"", 0, b""),
        (b"{}", 5, b"-ValueError: no admission"),
        (admission.pack(PLAIN), 2, b"-ValueError: 2 descriptors, not 5"),
        (admission.pack(PLAIN), 7, b"-ValueError: a descriptor is of the wrong kind"),
        (admission.pack(PLAIN), SMALLEST_SHARE + 1, b""),
    ],
)
def test_who_brings_nonsense_is_refused_and_all_of_it_closed(data: bytes, count: int, answer: bytes) -> None:
    before = descriptors()
    _, said = answer_to(data, count, os.getuid())
    assert said.startswith(answer)
    assert bool(said) == bool(answer)
    assert descriptors() == before


@pytest.fixture
def kinds() -> Iterator[list[int]]:
    """Descriptors of the right kinds for `PLAIN`: a record, a last word, a channel, a name server's, listeners."""
    with ExitStack() as stack:
        files = [os.memfd_create(name) for name in ("record", "last word")]
        stack.callback(admission.close_all, files)
        yield files + [stack.enter_context(socket.socket()).fileno() for _ in range(5)]


def asks(*rules: Rule) -> bytes:
    return admission.pack(replace(PLAIN, network=Network("allow", rules, ORIGIN)))


@pytest.mark.parametrize(
    ("data", "share", "answer"),
    [
        (asks(Rule("127.1", 80, ORIGIN)), SMALLEST_SHARE, b"-PolicyError"),
        (
            asks(RULE, Rule("more.example.test", 80, ORIGIN)),
            SMALLEST_SHARE,
            b"-ValueError: zip()",
        ),  # no listener for it
        (asks(RULE), 300, b"-ValueError: 37 descriptors are left of its share"),
    ],
)
def test_what_cannot_be_kept_is_refused(kinds: list[int], data: bytes, share: int, answer: bytes) -> None:
    before = descriptors()
    _, said = answer_to(data, kinds, os.getuid(), share)
    assert said.startswith(answer), said
    assert descriptors() == before


def test_one_that_comes_while_the_process_ends_is_refused_before_it_is_served(kinds: list[int]) -> None:
    before = descriptors()
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here:
        admission.send(here, asks(RULE), kinds)
        tenant = Tenant(there, House(os.getuid(), b"hello", SMALLEST_SHARE))
        assert not tenant.end()
        tenant.live()
        assert here.recv(100) == b"hello"
        assert here.recv(4096).startswith(b"-ConnectionAbortedError")
    assert descriptors() == before


@pytest.mark.parametrize("way", ["shared"], indirect=True)
@pytest.mark.parametrize("nonsense", [b"", b"{}", b"9 9", b"[" * 5000, b"\xff" * 30_000])
def test_nonsense_at_the_door_does_not_trouble_the_others(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: Callable[..., Rule], nonsense: bytes
) -> None:
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    for _ in range(3):
        line = place.connect()
        assert line is not None
        with line, suppress(BrokenPipeError):
            line.sendall(nonsense)
            socket.send_fds(line, [b"+"], [0, 1, 2])
    line = place.connect()
    assert line is not None
    with line:
        admission.send(line, nonsense, [0] * 9)
        assert admission.taken(line) is None
    fetch = "print(urlopen('http://web.example.test/big/3', timeout=20).read())"
    assert sandbox.python(fetch).strip() == "b'xxx'"
    assert allow.lines()[0]["gateway"] == "shared"
    assert gateway.is_alive
