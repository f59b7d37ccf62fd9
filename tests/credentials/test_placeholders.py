"""What stands for a secret looks like it and tells nothing of it."""

from __future__ import annotations

import base64
import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paddock.credentials import placeholders
from paddock.credentials.placeholders import FEWEST_RANDOM, PREFIXES, SHARED_AT_MOST, SHORTEST_EXACT, like

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
BODY = st.text(string.ascii_letters + string.digits + "-_", min_size=24, max_size=120)


def encoded(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")


def decoded(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


TOKEN = ".".join(
    (
        encoded({"alg": "RS256", "typ": "JWT"}),
        encoded({"sub": "1234567890", "name": "A Person", "exp": 1700000000, "scope": "all the things"}),
        "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJl",
    )
)


@given(st.text(PRINTABLE, min_size=1, max_size=300))
@example("a" * 64)
@example("-" * 64)
@example("0" * 20)
@example("=-" * 30)
@example("sk-")
@example("ghp_.")
@example("deadbeef" * 8)
@example("x")
def test_no_part_of_a_secret_is_in_its_placeholder(secret: str) -> None:
    found = like(secret)
    prefix = placeholders.prefix_of(secret)
    rest = secret[len(prefix) :]
    size = min(SHARED_AT_MOST + 1, len(rest)) or 1
    inside = found[len(prefix) :]
    assert found != secret
    assert not [rest[at : at + size] for at in range(len(rest) - size + 1) if rest[at : at + size] in inside]


@given(st.text(PRINTABLE, min_size=1, max_size=300))
def test_the_length_stays_where_it_is_long_enough_and_no_placeholder_turns_up_by_chance(secret: str) -> None:
    found = like(secret)
    assert found.isascii()
    assert found.isprintable()
    if len(secret) >= SHORTEST_EXACT:
        assert len(found) == len(secret)
    else:
        assert len(found) >= FEWEST_RANDOM


@given(st.sampled_from(PREFIXES), BODY)
def test_a_known_prefix_stays(prefix: str, body: str) -> None:
    found = like(prefix + body)
    assert found.startswith(prefix)
    assert len(found) == len(prefix + body)


@given(st.text("0123456789abcdef", min_size=32, max_size=64))
def test_hexadecimal_stays_hexadecimal(secret: str) -> None:
    assert set(like(secret)) <= set("0123456789abcdef")


@given(BODY)
def test_every_placeholder_is_another(secret: str) -> None:
    assert len({like(secret) for _ in range(8)}) == 8


def test_separators_keep_their_places() -> None:
    secret = "123e4567-e89b-12d3-a456-426614174000"
    assert [at for at, each in enumerate(like(secret)) if each == "-"] == [8, 13, 18, 23]


@given(
    st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=9), st.integers() | BODY, min_size=2),
    st.text(string.ascii_letters, max_size=40),
)
def test_a_web_token_stays_readable_and_shares_nothing(claims: dict[str, object], kid: str) -> None:
    signature = "s1gNature" * 12
    token = f"{encoded({'alg': 'RS256', 'typ': 'JWT', 'kid': kid})}.{encoded({'exp': 1, **claims})}.{signature}"
    found = like(token)
    header, payload, _ = found.split(".")
    assert [len(part) for part in found.split(".")] == [len(part) for part in token.split(".")]
    assert isinstance(decoded(header), dict)
    assert found.startswith("eyJ")
    assert len(payload) < 60 or decoded(payload)["exp"] == 4102444800  # type: ignore[index]
    assert not [
        part
        for part in placeholders.hidden(token)
        for other in placeholders.hidden(found)
        if placeholders.shared(part, other)
    ]


def test_the_shortest_usual_header_can_still_be_read() -> None:
    assert set(decoded(like(TOKEN).split(".")[0])) == {"x", "alg"}  # type: ignore[call-overload]


@pytest.mark.parametrize("secret", ["eyJ.x.y", "eyJhbGci.$.y" * 4, "a.b.c", "eyJhbGci.eyJhbGci"])
def test_what_only_resembles_a_web_token_is_text(secret: str) -> None:
    assert not placeholders.is_jwt(secret)
    assert like(secret) != secret


def test_shared_finds_the_shortest_part_that_is_too_long() -> None:
    assert placeholders.shared("abcdefgh", "xxcdefghxx") == "cdefgh"
    assert placeholders.shared("abcdefgh", "xxcdefgxx") == ""
    assert placeholders.shared("abc", "xxabcxx") == "abc"
    assert placeholders.shared("", "anything") == ""
