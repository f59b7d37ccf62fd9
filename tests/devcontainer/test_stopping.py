"""Why a reading stopped, in words: shown through the parser in test_jsonc; here, what needs no parser."""

from __future__ import annotations

import pytest

from paddock.devcontainer.stopping import unreadable


@pytest.mark.parametrize(
    ("text", "offset", "span", "word"),
    [
        ("x /* y", 2, (2, 4), "comment"),
        ("x / y", 2, (2, 3), "`//`"),
        ('"a\\qb"', 0, (2, 4), "`\\q`"),
        ('"a\\n\\u00e9\\ub"', 0, (10, 12), "`\\u`"),
        ('"a', 0, (0, 1), "string"),
        ('"a\\\n"', 0, (0, 1), "string"),
    ],
)
def test_where_no_token_begins_the_reason_is_named(text: str, offset: int, span: tuple[int, int], word: str) -> None:
    found, message = unreadable(text, offset)
    assert found == span
    assert word in message


def test_a_long_string_that_does_not_end_is_judged_in_one_pass() -> None:
    """The expression has no two ways to match one text: with two, this would not end."""
    assert unreadable('"' + '\\"\\\\' * 60_000, 0)[0] == (0, 1)
    assert unreadable('"' + "\\u0041" * 40_000 + "\\q", 0)[0] == (240_001, 240_003)
