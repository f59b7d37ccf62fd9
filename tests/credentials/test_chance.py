"""Random text from the kernel."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials.chance import DIGITS, LETTERS, below, choice, text


@given(st.integers(1, 10**6))
def test_a_number_is_below_its_limit(limit: int) -> None:
    assert 0 <= below(limit) < limit


def test_every_character_comes_up() -> None:
    assert {choice(DIGITS) for _ in range(1000)} == set(DIGITS)


def test_no_character_comes_up_much_more_often() -> None:
    counts = Counter(text(50_000, DIGITS))
    assert max(counts.values()) < 1.2 * min(counts.values())


@given(st.integers(0, 50))
def test_a_text_has_its_length_and_alphabet(length: int) -> None:
    found = text(length, LETTERS)
    assert len(found) == length
    assert set(found) <= set(LETTERS)
