from __future__ import annotations

import ipaddress

import pytest

from paddock.gateway.inside.addresses import BLOCK, BLOCK_LENGTH, MOST_NAMES, RESOLVER, synthetic
from paddock.plan.etc import resolver

BLOCK_NETWORK = ipaddress.ip_network(f"{BLOCK}/{BLOCK_LENGTH}")


def test_addresses_start_where_nothing_else_is_and_count_up() -> None:
    assert [synthetic(index) for index in (0, 1, 254, 255)] == [
        "198.18.1.1",
        "198.18.1.2",
        "198.18.1.255",
        "198.18.2.0",
    ]


def test_every_address_is_in_the_block_and_none_is_the_resolver() -> None:
    last = ipaddress.ip_address(synthetic(MOST_NAMES - 1))
    assert ipaddress.ip_address(synthetic(0)) in BLOCK_NETWORK
    assert last in BLOCK_NETWORK
    assert int(ipaddress.ip_address(RESOLVER)) < int(ipaddress.ip_address(synthetic(0)))


@pytest.mark.parametrize("index", [-1, MOST_NAMES])
def test_there_is_no_address_outside_of_the_block(index: int) -> None:
    with pytest.raises(ValueError, match="no synthetic address"):
        synthetic(index)


def test_the_plan_sends_questions_to_the_resolver() -> None:
    assert f"nameserver {RESOLVER}\n" in resolver(network=True)
