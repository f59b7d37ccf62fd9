"""What is planted beside a sandbox that somebody is about to use."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.traps import Traps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def traps(tmp_path: Path) -> Iterator[Traps]:
    made = Traps(str(tmp_path / "probes"), "/repository")
    yield made
    made.remove()


def test_the_canaries_are_where_the_probes_look_and_are_known_by_their_hashes_alone(traps: Traps) -> None:
    told = traps.told(["a"])
    assert not [text for text in repr(told).split("'") if text.startswith("canary-")]
    with open(f"{told['home']}/.ssh/id_canary", "rb") as file:
        held = file.read().strip()
    memory = os.pread(os.open(f"/proc/{told['victim']}/mem", os.O_RDONLY), 39, told["victim address"])
    for canary in (held, memory, os.environ["PADDOCK_PROBE"].encode()):
        assert hashlib.sha256(canary).hexdigest() in told["hashes"]
    assert len(told["hashes"]) == 3
    assert stat.S_IMODE(os.stat(told["home"]).st_mode) == 0o700


def test_a_listener_has_heard_a_probe_where_somebody_said_its_word(traps: Traps) -> None:
    port, name = traps.given["ports"]["NW-01 host-loopback-tcp"], traps.given["abstract"]
    assert list(traps.effects()) == []
    socket.create_connection(("127.0.0.1", port)).close()  # as a scanner of ports does
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(b"hello")
    with socket.create_connection(("127.0.0.1", port)):  # which says nothing
        assert list(traps.effects()) == []
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(b"reached")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(f"\0{name}")
        probe.sendall(b"reached")
    assert [found for found, _ in traps.effects()] == ["NW-01 host-loopback-tcp", "NW-37 abstract-socket"]


def test_nothing_stays_where_it_cannot_be_planted(tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    (tmp_path / "probes").write_text("in the way")
    with pytest.raises(FileExistsError):
        Traps(str(tmp_path / "probes"), "/repository")
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert "PADDOCK_PROBE" not in os.environ
    assert (tmp_path / "probes").read_text() == "in the way"


def test_two_at_the_same_time_are_apart(tmp_path: Path, traps: Traps) -> None:
    other = Traps(str(tmp_path / "other"), "/repository")
    assert not set(other.told([])["hashes"]) & set(traps.told([])["hashes"])
    assert other.given["ports"] != traps.given["ports"]
    assert other.given["abstract"] != traps.given["abstract"]
    other.remove()
