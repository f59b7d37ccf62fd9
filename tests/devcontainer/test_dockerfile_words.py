"""Variables and quotes in Dockerfiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.dockerfile_words import assignments, balanced, expand, split

VALUES = {"A": "1", "E": "", "U": None}


# docs.docker.com/reference/dockerfile, "Environment replacement".
@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("x$A", "x1"),
        ("x${A}y", "x1y"),
        ("${A:-d}${E:-d}${E-d}${N-d}", "1dd"),
        ("${A:+d}${E:+d}${E+d}${N+d}", "dd"),
        ("${N:-${A}x}", "1x"),
        ("'$A'\"$A\"", "$A1"),
        (r"\$A\\", "$A\\"),
        (r'"a\b\"c"', r'a\b"c'),
        ("$N$", "$"),
    ],
)
def test_variables_are_put_in(word: str, text: str) -> None:
    assert expand(word, VALUES).text == text


@pytest.mark.parametrize("word", ["$U", "${U}", "${U:-x}", "${A#x}", "${A/1/2}"])
def test_what_is_not_known_stays_as_it_is_written(word: str) -> None:
    found = expand(word, VALUES)
    assert found.text == word
    assert found.unknown


def test_the_escape_character_is_that_of_the_file() -> None:
    assert expand("`$A\\x", VALUES, "`").text == "$A\\x"


def test_values_that_double_end() -> None:
    values: dict[str, str | None] = {"A0": "x" * 1000}
    for number in range(1, 40):
        values[f"A{number}"] = expand(f"$A{number - 1}" * 2, values).text
    assert len(values["A39"] or "") <= 1 << 16


def test_deep_defaults_end() -> None:
    expand("${N:-" * 3000 + "}" * 3000, {})


def test_assignments_have_two_forms() -> None:
    assert assignments("A=1 B='x y'", ("A=1", "B='x y'")) == (("A", "1"), ("B", "'x y'"))
    assert assignments("A b  c=d", ("A", "b", "c=d")) == (("A", "b  c=d"),)
    assert assignments("", ()) == ()


@given(st.text(alphabet="a\"'\\ \t", max_size=20))
def test_words_are_all_that_is_no_blank(text: str) -> None:
    parts = list(split(text))
    assert all(start < end for start, end in parts)
    gaps = [text[end:start] for (_, end), (start, _) in zip([(0, 0), *parts], [*parts, (len(text), 0)], strict=True)]
    assert not "".join(gaps).strip(" \t")


@pytest.mark.parametrize(
    ("text", "whole"), [("'a'", True), ("'a", False), ('"\'"', True), ('\\"', True), ("'\\'", True)]
)
def test_quotes_that_do_not_end_are_seen(text: str, whole: bool) -> None:
    assert balanced(text) is whole
