"""Where variables are closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.braces import closings


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", {}),
        ("}", {}),
        ("${a}", {0: 3}),
        ("a${b}c${d}", {1: 4, 6: 9}),
        ("${a:-${b}}", {0: 9, 5: 8}),
        ("${a ${b}", {4: 7}),
        ("${a}}", {0: 3}),
    ],
)
def test_each_has_the_brace_that_closes_it(text: str, ends: dict[int, int]) -> None:
    assert closings(text) == ends


@given(st.text(alphabet="${}a", max_size=30))
def test_it_is_the_brace_that_counting_finds(text: str) -> None:
    found = closings(text)
    for start in (at for at in range(len(text)) if text.startswith("${", at)):
        depth, at = 1, start + 2
        while at < len(text) and depth:
            depth += 1 if text.startswith("${", at) else -1 if text[at] == "}" else 0
            at += 1
        assert found.get(start) == (at - 1 if not depth else None)


def test_a_hostile_text_is_searched_in_one_go() -> None:
    assert closings("${" * 100_000) == {}
    assert len(closings("${" * 100_000 + "}" * 100_000)) == 100_000
