"""Where names must not lead: an address of every range that the gateway's guard knows, as far as one can be reached."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.gateway.outside import guard
from paddock.kernel import landlock
from paddock.probes.inside.effects import Skipped
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import rebinding
from paddock.probes.scenarios.scene import Scene

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSES = {address for _, _, _, address, _ in rebinding._names()}
# Connections to these go nowhere, or need an interface's name beside the address.
OUT_OF_REACH = {"multicast", "loopback", "unspecified", "link-local"}


def packed(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


@pytest.mark.parametrize("size", guard._RANGES)
def test_each_range_has_an_address_that_is_tried(size: int) -> None:
    tried = [address for address in map(packed, ADDRESSES) if len(address) == size]
    missing = [entry for entry in guard._RANGES[size] if not any(map(entry.holds, tried))]
    assert {entry.kind for entry in missing} <= OUT_OF_REACH


def test_each_form_that_carries_another_address_is_tried() -> None:
    tried = [address for address in map(packed, ADDRESSES) if len(address) == 16]
    without = [text for text, _, _ in guard._CARRIERS if not any(map(guard._range(text, "").holds, tried))]
    assert without == ["::ffff:0:0/96"]  # which is dialled as the address that it carries


def test_the_two_that_must_arrive_are_what_the_rules_let_them_be() -> None:
    assert guard.classify(packed(rebinding._PUBLIC)) == guard.PUBLIC
    assert guard.classify(packed(rebinding._NEIGHBOUR)) == "private"


def test_without_landlock_nothing_is_said_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> int:
        raise OSError(errno.EOPNOTSUPP, "switched off")

    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        bare, held = Scene(ground, ()), Scene(ground, ("/usr/bin/env",))
        monkeypatch.setattr(landlock, "version", lambda: 1)
        assert isinstance(rebinding._read(held, ()), Skipped)  # nobody asked
        assert rebinding._read(held, (rebinding._SHORT,)) == []
        monkeypatch.setattr(landlock, "version", version)
        assert isinstance(rebinding._read(held, (rebinding._IN_FILE,)), Skipped)
        assert rebinding._read(bare, (rebinding._IN_FILE,))
