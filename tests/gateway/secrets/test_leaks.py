"""Secrets are found in every promised spelling, wherever the pieces are cut."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.secrets.leaks import Needle, Needles, Search, base64_forms

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = b"tok/A+secret_9=~value"
NEEDLE = Needle("model", "secret", VALUE)
NEEDLES = Needles([NEEDLE, Needle("other", "canary", b"AKIAIOSFODNN7EXAMPLE")])

TEXTS = st.binary(max_size=40)
SECRETS = st.binary(min_size=8, max_size=60)


def mixed(value: bytes, seed: int) -> bytes:
    """Each byte as it is or percent-encoded, with digits of either case."""
    chance = random.Random(seed)
    return b"".join(
        chance.choice([bytes([byte]) if byte != 0x25 else b"%25", f"%{byte:02x}".encode(), f"%{byte:02X}".encode()])
        for byte in value
    )


def shifted(encode: Callable[[bytes], bytes], shift: int, value: bytes) -> bytes:
    """In base64, with other bytes around it."""
    return encode(b"?" * shift + value + b"!" * shift)


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda value: value,
    "quoted": lambda value: quote(value, safe="").encode(),
    "quoted twice": lambda value: quote(quote(value, safe=""), safe="").encode(),
    "all quoted": lambda value: b"".join(b"%%%02x" % byte for byte in value),
    "mixed": lambda value: mixed(value, 7),
    "json": lambda value: json.dumps(value.decode("latin-1")).encode(),
    "json with a slash escaped": lambda value: value.replace(b"\\", b"\\\\").replace(b"/", b"\\/"),
    "json, every character": lambda value: b"".join(b"\\u%04x" % byte for byte in value),
    "hex": lambda value: value.hex().encode(),
    "HEX": lambda value: value.hex().upper().encode(),
    "hex with colons": lambda value: value.hex(":").encode(),
    "hex in a C string": lambda value: b"".join(b"\\x%02X" % byte for byte in value),
    "base64 in lines": lambda value: base64.encodebytes(b"x" * 50 + value),
    "base64 quoted": lambda value: quote(base64.b64encode(b"user:" + value), safe="").encode(),
    "base64 in JSON": lambda value: json.dumps({"a": base64.b64encode(value).decode()}).replace("/", "\\/").encode(),
}
for shift in range(5):
    SPELLINGS[f"base64 after {shift}"] = functools.partial(shifted, base64.b64encode, shift)
    SPELLINGS[f"base64 for URLs after {shift}"] = functools.partial(shifted, base64.urlsafe_b64encode, shift)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_every_spelling(spelling: str) -> None:
    text = b"before " + SPELLINGS[spelling](VALUE) + b" behind"
    assert NEEDLES.in_whole(text) == (NEEDLE,)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_pieces_of_one_byte(spelling: str) -> None:
    search = Search(NEEDLES)
    text = b'{"a": "' + SPELLINGS[spelling](VALUE) + b'"}'
    found = [needle for at in range(len(text)) for needle in search.feed(text[at : at + 1])]
    assert set(found) == {NEEDLE}


@given(SECRETS, TEXTS, TEXTS, st.sampled_from(sorted(SPELLINGS)), st.lists(st.integers(0, 400), max_size=6))
def test_cuts_hide_nothing(secret: bytes, before: bytes, behind: bytes, spelling: str, cuts: list[int]) -> None:
    # Escapes that begin in the text around it are another secret.
    around = bytes.maketrans(b'%\\"', b"...")
    text = before.translate(around) + b" " + SPELLINGS[spelling](secret) + b" " + behind.translate(around)
    if spelling not in ("plain", "json with a slash escaped") or not {*b"%\\"} & {*secret}:
        needle = Needle("n", "secret", secret)
        search = Search(Needles([needle]))
        at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
        found = [hit for start, end in itertools.pairwise(at) for hit in search.feed(text[start:end])]
        assert set(found) == {needle}


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=6))
def test_any_bytes_are_read_without_a_failure_and_the_raw_secret_is_found_among_them(
    text: bytes, cuts: list[int]
) -> None:
    search = Search(NEEDLES)
    text = text[:300] + VALUE + text[300:]
    at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    found = [hit for start, end in itertools.pairwise(at) for hit in search.feed(text[start:end])]
    assert NEEDLE in found


def test_half_a_secret_is_none() -> None:
    assert NEEDLES.in_whole(VALUE[:-1] + b" " + VALUE[1:]) == ()


def test_several_are_told_apart() -> None:
    found = NEEDLES.in_whole(b"key=" + VALUE + b"&id=AKIAIOSFODNN7EXAMPLE")
    assert {needle.name for needle in found} == {"model", "other"}


def test_a_short_secret_is_refused_rather_than_found_everywhere() -> None:
    with pytest.raises(ValueError, match="shorter than 8"):
        Needles([Needle("pin", "secret", b"1234567")])


def test_no_value_is_shown() -> None:
    assert VALUE.decode() not in repr(NEEDLE)


@given(st.binary(min_size=8, max_size=40), TEXTS, TEXTS)
def test_one_of_the_three_forms_is_in_every_base64(value: bytes, before: bytes, behind: bytes) -> None:
    text = base64.b64encode(before + value + behind)
    assert base64_forms(value)[len(before) % 3] in text


def in_labels(text: bytes, size: int) -> str:
    return ".".join(text[at : at + size].decode() for at in range(0, len(text), size)) + ".example.test"


def test_a_name_carries_a_secret_over_its_labels() -> None:
    needles = Needles([Needle("token", "secret", b"tok-ABC-123-xyz-789")])
    value = needles.all[0].value
    for before in range(6):
        for text in (value, value.hex().encode(), base64.b32encode(b"?" * before + value + b"!").rstrip(b"=")):
            for size in (9, 30):
                assert needles.in_name(in_labels(text, size)) == needles.all
                assert needles.in_name(in_labels(text.swapcase(), size)) == needles.all
    assert needles.in_name("www.example.test") == ()
    assert needles.in_name("tok-abc-123.example.test") == ()


def test_a_private_key_is_found_in_its_armour_also_inside_json() -> None:
    seed = bytes(range(100, 132))
    needles = Needles([Needle("canary-ssh", "canary", seed)])
    armour = base64.encodebytes(b"openssh-key-v1" + seed + b"comment").decode()
    for text in (armour, armour.replace("\n", "\r\n"), json.dumps({"content": armour}), json.dumps(json.dumps(armour))):
        assert needles.in_whole(text.encode()) == needles.all


def test_no_search_without_needles() -> None:
    assert not Needles([])
    assert Needles([]).in_whole(b"anything") == ()
