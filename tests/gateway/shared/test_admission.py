"""What is handed over comes out as it went in; whatever else comes is refused, and no descriptor of it stays."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.frozen import replace
from paddock.gateway.record import About
from paddock.gateway.shared import admission
from paddock.gateway.shared.admission import Admission, Descriptors
from paddock.plan.model import Bound, Credential, Denied, Network, Published, Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Pair = tuple[socket.socket, socket.socket]

ORIGIN = Origin("person", "policy.toml:1")
CREDENTIAL = Credential(
    "model", "env:KEY", "bearer", (Bound("a.example.test", 443, ("GET",), ("/v1",)),), ("K",), ORIGIN
)
WHOLE = Admission(
    Network(
        "allow", (Rule("a.example.test", 443, ORIGIN, methods=("GET",)),), ORIGIN,
        (Denied("b.example.test", 80, ORIGIN),), (Published(80, 8080, ORIGIN),), 7, 9,
    ),
    About("box", "0123", {"repository": "/r\udcff", "mode": "review"}),
    (Brokered(CREDENTIAL, "placeholder", Secret("the-secret-itself")),),
    (Canary("canary-env", "/.env", (b"mark\xff", b"\x00")),),
    (b"-----BEGIN CERTIFICATE-----\n",),
    vouches=True, door=True, renewals=True,
)  # fmt: skip
PLAIN = Admission(Network("allow", (), ORIGIN), About(), (), (), None, vouches=False, door=False, renewals=False)


@pytest.fixture
def line() -> Iterator[Pair]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        yield here, there


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("made", [WHOLE, PLAIN])
def test_what_is_packed_is_read_as_it_was(made: Admission) -> None:
    found = admission.unpack(admission.pack(made))
    assert found == made
    assert all(isinstance(one.secret, Secret) for one in found.brokered)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("network"),
        lambda data: data["network"].pop("rate"),
        lambda data: data["network"].update(more=1),
        lambda data: data["network"]["rules"][0].update(port="443"),
        lambda data: data["brokered"][0].update(secret=None, more=1),
        lambda data: data["brokered"][0]["credential"].pop("bound"),
        lambda data: data["canaries"][0].update(marks=["zz"]),
        lambda data: data.update(trusted=[7]),
        lambda data: data.update(about=[]),
        lambda data: data.update(brokered={"a": 1}),
    ],
)
def test_what_is_not_whole_is_refused_without_a_word_of_its_secrets(change: Callable[[dict[str, Any]], Any]) -> None:
    data = json.loads(admission.pack(WHOLE))
    change(data)
    with pytest.raises(ValueError, match="no admission") as caught:
        admission.unpack(json.dumps(data).encode())
    assert "the-secret-itself" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no admission"):
        admission.unpack(data)


@pytest.mark.parametrize(("size", "count"), [(0, 0), (1, 0), (0, 1), (100_000, 3), (70_000, 600)])
def test_bytes_and_descriptors_arrive_in_any_number(line: Pair, size: int, count: int) -> None:
    here, there = line
    data = os.urandom(size)
    before = descriptors()
    sending = threading.Thread(target=admission.send, args=(here, data, [0] * count))
    sending.start()
    found, received = admission.receive(there, 1000)
    sending.join()
    assert (found, len(received)) == (data, count)
    assert all(os.path.sameopenfile(0, descriptor) for descriptor in received)
    admission.close_all(received)
    assert descriptors() == before


def pieces(*sent: tuple[bytes, int]) -> Callable[[socket.socket], None]:
    def send(line: socket.socket) -> None:
        for data, count in sent:
            socket.send_fds(line, [data], [0] * count)
        line.shutdown(socket.SHUT_WR)

    return send


@pytest.mark.parametrize(
    "send",
    [
        pieces(),
        pieces((b"nonsense", 3)),
        pieces((b"-1 0", 0)),
        pieces((b"1 2 3", 0)),
        pieces((b"99999999999 0", 0)),
        pieces((b"1 21", 0)),
        pieces((b"5 1", 0), (b"+ab", 1)),
        pieces((b"5 1", 0), (b"+ab", 2)),
        pieces((b"1 1", 0), (b"+ab", 1)),
        pieces((b"1 1", 0), (b"?a", 1)),
        pieces((b"1 1", 0), (b"+", 0), (b"+a", 1)),
        pieces((b"9 0", 0), (b"+" + b"a" * 60_000, 0)),
    ],
)
def test_what_was_not_announced_or_is_too_much_is_refused(line: Pair, send: Callable[[socket.socket], None]) -> None:
    here, there = line
    before = descriptors()
    send(here)
    with pytest.raises(ValueError, match=r"announce|too many"):
        admission.receive(there, 20)
    assert descriptors() == before


def test_one_that_says_half_and_waits_is_not_waited_for(line: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "DEADLINE_S", 0.05)
    here, there = line
    before = descriptors()
    here.sendall(b"9 2")
    socket.send_fds(here, [b"+a"], [0])
    with pytest.raises(TimeoutError):
        admission.receive(there, 20)
    assert descriptors() == before


def test_too_much_is_not_even_sent(line: Pair) -> None:
    with pytest.raises(ValueError, match="bytes"):
        admission.send(line[0], b"x" * (admission.LONGEST + 1), [])


@pytest.mark.parametrize("made", [WHOLE, PLAIN])
def test_descriptors_have_their_names_by_their_order(made: Admission) -> None:
    flat = range(10, 10 + made.descriptors + 2)
    named = admission.descriptors_of(made, flat)
    assert named.flat() == tuple(flat)
    assert isinstance(named, Descriptors)
    assert (named.record, len(named.listeners), len(named.published)) == (10, 2, len(made.network.published))
    assert (named.door >= 0, named.renewals >= 0) == (made.door, made.renewals)
    with pytest.raises(ValueError, match="descriptors"):
        admission.descriptors_of(replace(made, door=True, renewals=True), flat[: made.descriptors - 1])


def test_the_answer_is_a_certificate_or_a_refusal(line: Pair) -> None:
    here, there = line
    for certificate in (b"", b"pem"):
        admission.take(here, certificate)
        assert admission.taken(there) == certificate
    admission.refuse(here, "because\n" * 9999)
    assert admission.taken(there) is None
    here.close()
    assert admission.taken(there) is None
