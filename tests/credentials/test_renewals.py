"""The messages of renewed secrets."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials.brokered import Secret
from paddock.credentials.renewals import Renewed, pack, take, unpack
from paddock.credentials.sources import LONGEST


@given(st.text("abc-1", min_size=1), st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_what_is_packed_is_unpacked(name: str, text: str) -> None:
    for renewed in (Renewed(name, Secret(text)), Renewed(name, None, text)):
        assert unpack(pack(renewed)) == renewed


def test_the_end_is_told_from_nothing_yet() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here:
        with there:
            assert take(here.fileno()) == ()
            there.send(pack(Renewed("one", Secret("s"))))
            there.send(pack(Renewed("two", None, "no")))
            assert [each.name for each in take(here.fileno()) or ()] == ["one", "two"]
        assert take(here.fileno()) is None


def test_the_longest_secret_passes() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        there.send(pack(Renewed("one", Secret("x" * LONGEST))))
        (found,) = take(here.fileno()) or ()
        assert found.secret == "x" * LONGEST
