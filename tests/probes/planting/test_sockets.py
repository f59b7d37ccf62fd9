"""The host's listeners: who reaches one is heard, who only knocks is not."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import network
from paddock.probes.planting import sockets
from paddock.probes.planting.ground import Ground
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("git")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with Ground(str(tmp_path / "ground")) as made:
        yield made


def heard(ground: Ground) -> set[str]:
    return {name for name, _ in sockets.effects(ground)}


def test_who_says_the_word_is_heard(ground: Ground) -> None:
    with socket.create_connection(("127.0.0.1", ground.given["ports"][network.OTHER]), timeout=60) as ours:
        ours.sendall(b"GET /reached HTTP/1.1\r\n\r\n")
    assert heard(ground) == {network.OTHER}


def test_who_only_knocks_is_not_and_does_not_hide_the_next(ground: Ground) -> None:
    place = ("127.0.0.1", ground.given["ports"][network.OTHER])
    socket.create_connection(place, timeout=60).close()
    assert heard(ground) == set()
    socket.create_connection(place, timeout=60).close()
    with socket.create_connection(place, timeout=60) as ours:
        ours.sendall(b"reached")
    assert heard(ground) == {network.OTHER}


def test_the_service_tells_the_ways_to_it_apart(ground: Ground) -> None:
    place = ("127.0.0.1", ground.given["ports"][network.ALLOWED])
    for path in (b"/by-urllib", b"/past-the-gateway"):
        with socket.create_connection(place, timeout=60) as ours:
            ours.sendall(b"GET %s HTTP/1.1\r\n\r\n" % path)
    assert heard(ground) == {"NW-02 own-address-at-the-allowed-port"}


@pytest.mark.parametrize("name", ["NW-38 session-sockets", "NW-39 host-tmp-socket", "NW-40 editor-sockets"])
def test_each_path_is_a_listener(ground: Ground, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ground.given["sockets"][name]:
        monkeypatch.chdir(os.path.dirname(path))
        with socket.socket(socket.AF_UNIX) as ours:
            ours.connect(os.path.basename(path))
            ours.sendall(b"reached")
        assert heard(ground) == {name}


def test_nothing_of_it_is_left(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground")) as made:
        paths = made.given["sockets"]["NW-40 editor-sockets"]
        port = made.given["ports"][network.ALLOWED]
        assert all(map(os.path.exists, paths))
    assert not any(map(os.path.exists, paths))
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=60)
