"""Sockets of rare families: one that can be made is named, one that cannot is not."""

from __future__ import annotations

import socket

import pytest

from paddock.probes.inside import families


def test_a_socket_that_can_be_made_is_named_and_closed() -> None:
    assert families.opened("UNIX", socket.AF_UNIX, socket.SOCK_STREAM) == ["UNIX"]


@pytest.mark.parametrize("kind", [(45000, socket.SOCK_STREAM, 0), (socket.AF_UNIX, 77, 0)], ids=["family", "type"])
def test_a_socket_that_nobody_knows_is_not_named(kind: tuple[int, int, int]) -> None:
    assert families.opened("unknown", *kind) == []


def test_every_rare_family_is_tried_once() -> None:
    numbers = [family for family, _, _ in families.RARE.values()]
    assert len(set(numbers)) == len(numbers)
    ordinary = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET}
    assert ordinary.isdisjoint(numbers)
