"""Texts of a stream are replaced by others of the same length, and nothing waits that need not."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.secrets.swapping import Swap, fitted, forms

SECRET, STAND_IN = b"real-secret-value", b"ph-secret-0000"


def through(swap: Swap, *pieces: bytes) -> bytes:
    return b"".join(swap.feed(piece) for piece in pieces) + swap.end()


def test_a_text_is_replaced_however_it_is_cut() -> None:
    text = b"a " + SECRET + b" b " + SECRET
    expected = text.replace(SECRET, fitted(STAND_IN, len(SECRET)))
    for size in range(1, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert through(Swap(forms(SECRET, STAND_IN)), *pieces) == expected


def test_only_a_possible_beginning_waits() -> None:
    swap = Swap([(b"secret", b"public")])
    assert swap.feed(b"data: done\n\n") == b"data: done\n\n"
    assert swap.feed(b"my sec") == b"my "
    assert swap.feed(b"ond") == b"second"
    assert swap.feed(b"sec") == b""
    assert swap.feed(b"ret!") == b"public!"
    assert swap.end() == b""


def test_what_waited_comes_at_the_end() -> None:
    swap = Swap([(b"secret", b"public")])
    assert swap.feed(b"secre") == b""
    assert swap.end() == b"secre"


@given(st.lists(st.binary(max_size=12), max_size=12), st.lists(st.binary(min_size=1, max_size=5), max_size=4))
def test_it_is_as_if_all_had_come_at_once(pieces: list[bytes], olds: list[bytes]) -> None:
    pairs = [(old, b"#" * len(old)) for old in olds if b"#" not in old]
    whole = Swap(pairs)
    cut = through(Swap(pairs), *pieces)
    assert len(cut) == sum(map(len, pieces))
    if len(pairs) == 1:  # of several that overlap, which one is first may depend on the pieces
        assert cut == whole.feed(b"".join(pieces)) + whole.end()
    if pairs and len(b"".join(pieces)) < 60:
        assert not any(old in cut for old, _ in pairs[:1])


@pytest.mark.parametrize(
    "echo", [lambda text: text, lambda text: text.hex().encode(), lambda text: text.hex().upper().encode()]
)
def test_an_echo_reads_as_if_the_stand_in_had_been_sent(echo) -> None:
    text = b"<" + echo(SECRET) + b">"
    assert through(Swap(forms(SECRET, STAND_IN)), text) == b"<" + echo(fitted(STAND_IN, len(SECRET))) + b">"


@pytest.mark.parametrize("before", [b"", b"u", b"user:", b"longer:", b"\xff\xfe\xfd"])
@pytest.mark.parametrize(
    ("encode", "decode"), [(base64.b64encode, base64.b64decode), (base64.urlsafe_b64encode, base64.urlsafe_b64decode)]
)
def test_nothing_is_left_in_base64_but_bits_of_the_first_and_last_character(before: bytes, encode, decode) -> None:
    text = decode(through(Swap(forms(SECRET, STAND_IN)), encode(before + SECRET + b"/end")))
    inner = slice(len(before) + 1, len(before) + len(SECRET) - 1)
    assert text[inner] == fitted(STAND_IN, len(SECRET))[1:-1]
    assert text.startswith(before)
    assert text.endswith(b"/end")


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        Swap([(b"secret", b"x")])
    with pytest.raises(ValueError, match="length"):
        Swap([(b"", b"")])


def test_without_pairs_all_passes() -> None:
    assert through(Swap([]), b"a", b"b") == b"ab"
