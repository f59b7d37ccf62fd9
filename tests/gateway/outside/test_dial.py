"""From a name to a connection: every answer of the resolver goes through the guard."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.outside import dial
from paddock.gateway.outside.dial import Address, NoWay, candidates
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests import capabilities
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from paddock.gateway.rules import Endpoint


def endpoint(**more: Any) -> Endpoint:
    return endpoint_of(Rule("api.example.test", 443, Origin("flag"), **more))


def to(*addresses: str) -> dial.Resolve:
    """A resolver that answers with these."""
    return lambda _, port: [
        Address(socket.AF_INET6 if ":" in text else socket.AF_INET, (text, port)) for text in addresses
    ]


def found(at: Endpoint, *addresses: str) -> list[str]:
    made = candidates(at, to(*addresses), own=frozenset, is_local=lambda _: False)
    return [address.where[0] for address in made]


def refused(at: Endpoint, *addresses: str) -> str:
    with pytest.raises(NoWay) as caught:
        found(at, *addresses)
    return caught.value.reason


def test_public_addresses_pass_in_their_order() -> None:
    assert found(endpoint(), "2606:4700::1", "1.1.1.1") == ["2606:4700::1", "1.1.1.1"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "metadata"),
        ("10.1.2.3", "private"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("0.0.0.0", "unspecified"),
        ("198.18.1.1", "synthetic"),
    ],
)
def test_a_name_that_is_rebound_leads_nowhere_and_the_reason_names_the_class(address: str, kind: str) -> None:
    assert refused(endpoint(), address) == f"address-{kind}"


def test_of_mixed_answers_only_those_that_passed_are_dialled() -> None:
    assert found(endpoint(), "127.0.0.1", "1.1.1.1", "10.0.0.1") == ["1.1.1.1"]


def test_private_opens_private_ranges_and_nothing_else() -> None:
    assert found(endpoint(private=True), "10.1.2.3", "127.0.0.1") == ["10.1.2.3"]
    assert refused(endpoint(private=True), "127.0.0.1") == "address-loopback"


def test_an_upstream_that_is_an_address_may_be_this_host() -> None:
    assert found(endpoint(upstream="127.0.0.1:8443"), "127.0.0.1") == ["127.0.0.1"]
    assert refused(endpoint(upstream="llm.example.test:1"), "127.0.0.1") == "address-loopback"
    assert found(endpoint(upstream="llm.example.test:1", private=True), "127.0.0.1") == ["127.0.0.1"]


def test_not_even_an_upstream_that_is_an_address_may_be_a_metadata_service() -> None:
    assert refused(endpoint(upstream="169.254.169.254:80", private=True), "169.254.169.254") == "address-metadata"


def test_an_address_of_this_host_is_refused_wherever_it_is() -> None:
    own = frozenset({socket.inet_aton("8.8.8.8")})
    with pytest.raises(NoWay, match="address-host"):
        candidates(endpoint(private=True), to("8.8.8.8"), own=lambda: own, is_local=lambda _: False)
    with pytest.raises(NoWay, match="address-host"):
        candidates(endpoint(private=True), to("8.8.8.8"), own=frozenset, is_local=lambda _: True)


def test_the_real_host_knows_its_own_addresses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            own = probe.getsockname()[0]
        except OSError:
            own = "127.0.0.1"
    with pytest.raises(NoWay, match="address-"):
        candidates(endpoint(private=True), to(own))


def test_when_the_own_addresses_are_unknown_nothing_is_dialled() -> None:
    def fails() -> frozenset[bytes]:
        raise OSError

    with pytest.raises(NoWay, match="address-unknown"):
        candidates(endpoint(), to("1.1.1.1"), own=fails, is_local=lambda _: False)


def test_no_answer_is_no_refusal() -> None:
    def fails(_: str, __: int) -> list[Address]:
        raise socket.gaierror

    with pytest.raises(NoWay) as caught:
        candidates(endpoint(), fails)
    assert (caught.value.reason, caught.value.is_refusal) == ("upstream-unresolved", False)
    assert refused(endpoint()) == "upstream-unresolved"


def test_the_number_of_addresses_is_bounded() -> None:
    assert len(found(endpoint(), *(f"1.1.1.{number}" for number in range(100)))) == dial.MOST_ADDRESSES


def test_the_resolver_takes_addresses_as_they_are() -> None:
    assert dial.resolve("127.0.0.1", 80) == [Address(socket.AF_INET, ("127.0.0.1", 80))]
    assert dial.resolve("::1", 80) == [Address(socket.AF_INET6, ("::1", 80))]


def connect(monkeypatch: pytest.MonkeyPatch, at: Endpoint, *addresses: str) -> tuple[str, int]:
    """Where `dial.connect` ends up with these answers."""
    monkeypatch.setattr(dial, "resolve", to(*addresses))

    async def work() -> tuple[str, int]:
        with ThreadPoolExecutor(1) as executor:
            connection = await dial.connect(at, asyncio.get_running_loop(), executor)
        with connection:
            return connection.getpeername()[:2]  # type: ignore[no-any-return]

    return asyncio.run(work())


def test_addresses_are_tried_until_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.3", 0)) as listener:
        port = listener.getsockname()[1]
        at = endpoint(upstream=f"localhost:{port}")
        assert connect(monkeypatch, at, "127.0.0.2", "127.0.0.3") == ("127.0.0.3", port)


def test_nobody_there_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # it does not listen, and while it is there nobody else does
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NoWay, match="upstream-unreachable"):
            connect(monkeypatch, endpoint(upstream=f"localhost:{taken.getsockname()[1]}"), "127.0.0.1")


def test_a_service_that_does_not_answer_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "CONNECT_DEADLINE_S", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # fill the backlog: the kernel then drops what comes
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(where)
        try:
            with pytest.raises(NoWay, match="upstream-slow"):
                connect(monkeypatch, endpoint(upstream=f"localhost:{where[1]}"), "127.0.0.1")
        finally:
            for one in waiting:
                one.close()


def test_no_descriptor_left_is_this_machines_shortage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "resolve", to("127.0.0.1"))

    async def work() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        with ThreadPoolExecutor(1) as executor:
            executor.submit(int).result()
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
            try:
                await dial.connect(endpoint(upstream="localhost:9"), asyncio.get_running_loop(), executor)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with pytest.raises(NoWay, match="upstream-exhausted"):
        asyncio.run(work())


# In a network of its own, which has two ports to connect from.
EXHAUSTING = """
import asyncio, socket, sys
from concurrent.futures import ThreadPoolExecutor
from paddock.gateway.outside import dial
from paddock.kernel import netlink
from paddock.plan.model import Rule
from paddock.policy.model import BUILT_IN
from tests.gateway.conftest import endpoint_of
netlink.bring_up("lo")
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file: file.write("40000 40001")
async def work():
    with socket.create_server(("127.0.0.1", 50000)), ThreadPoolExecutor(1) as executor:
        at = endpoint_of(Rule("api.example.test", 443, BUILT_IN, upstream="127.0.0.1:50000"))
        held = [await dial.connect(at, asyncio.get_running_loop(), executor) for _ in range(2)]
        await dial.connect(at, asyncio.get_running_loop(), executor)
try: asyncio.run(work())
except dial.NoWay as error: print(error.reason)
"""


@capabilities.needs("userns")
def test_no_port_left_is_this_machines_shortage() -> None:
    argv = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", EXHAUSTING]
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=os.environ | paths)
    assert done.stdout.strip() == "upstream-exhausted"


def test_only_where_it_is_asked_does_the_guard_look_at_this_hosts_addresses() -> None:
    """A loopback upstream that a person wrote needs no answer to that, and a plain name does."""
    asked = []

    def own() -> frozenset[bytes]:
        asked.append(1)
        return frozenset()

    candidates(endpoint(upstream="127.0.0.1:80"), to("127.0.0.1"), own=own, is_local=lambda _: False)
    assert asked == []
    candidates(endpoint(), to("1.1.1.1", "1.0.0.1"), own=own, is_local=lambda _: False)
    assert asked == [1]


def test_behind_the_networks_own_nat64_prefix_the_ipv4_address_is_judged() -> None:
    through = dial.Prefixes(to("2a01:4f8:64:64::192.0.0.170"))

    def passed(*addresses: str) -> list[str]:
        made = candidates(endpoint(), to(*addresses), own=frozenset, is_local=lambda _: False, through=through)
        return [address.where[0] for address in made]

    assert passed("2a01:4f8:64:64::8.8.8.8", "2a01:4f8:64:64::10.0.0.1") == ["2a01:4f8:64:64::8.8.8.8"]
    with pytest.raises(NoWay, match="address-metadata"):
        passed("2a01:4f8:64:64::169.254.169.254")


def test_the_prefix_is_asked_for_only_for_ipv6_and_then_kept_for_a_while() -> None:
    asked, now = [], 0.0

    def resolver(name: str, _: int) -> list[Address]:
        asked.append(name)
        raise OSError

    through = dial.Prefixes(resolver, clock=lambda: now)
    for addresses in (["1.1.1.1"], ["2606:4700::1"], ["2606:4700::2"]):
        candidates(endpoint(), to(*addresses), own=frozenset, is_local=lambda _: False, through=through)
    assert asked == ["ipv4only.arpa"]
    now += dial.PREFIXES_HOLD_S
    through()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("host", "verdict"),
    [("127.0.0.1", True), ("::1", True), ("localhost", False), ("1.2.3", False), ("0x7f000001", False), ("", False)],
)
def test_what_is_an_address_already(host: str, verdict: bool) -> None:
    assert dial.is_address(host) is verdict
