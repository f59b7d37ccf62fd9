from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.plan.patterns import components, is_literal, matches
from paddock.policy.model import Origin, Text

LETTERS = "ab.-[]!^*?\n\\\udc80é"


@given(st.text(LETTERS, max_size=12), st.text(LETTERS, max_size=8))
def test_patterns_mean_what_fnmatch_means(name: str, pattern: str) -> None:
    if "[^" in pattern or ("[" in pattern and "-" in pattern):
        return  # glob(7) reads [^ as [!, fnmatch does not; and it reads some odd ranges differently
    assert matches(name, pattern) == fnmatch.fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (".env", [".env"], [".env.local", "env", "x.env", ".ENV"]),
        (".env.*", [".env.local", ".env."], [".env", ".envx"]),
        ("*.pem", [".pem", "a.pem", "a\nb.pem", "\udcff.pem", "a\\b.pem", "[x].pem"], ["a.pem\n", "a.pemx"]),
        ("[x].env", ["x.env"], ["[x].env"]),
        ("[[]x].env", ["[x].env"], ["x.env"]),
        ("[!a-c]", ["d", "-"], ["a", "b", "c", ""]),
        ("[^a]", ["b"], ["a"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[a", ["[a"], ["a"]),
        ("?", ["\n", "é"], ["", "ab"]),
    ],
)
def test_a_table_of_names(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in yes if not matches(name, pattern)] == []
    assert [name for name in no if matches(name, pattern)] == []


def test_a_pattern_of_stars_does_not_explode() -> None:
    assert not matches("a" * 255, "*a" * 100 + "b")


def test_what_is_literal() -> None:
    assert is_literal("a\\b")
    assert not any(map(is_literal, ("*", "a?", "[x]")))


def pattern(text: str) -> Text:
    return Text(text, Origin("repository", "paddock.toml:4"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (".env", [".env"]),
        (".env/", [".env"]),
        ("./.env", [".env"]),
        ("a//b/./c/", ["a", "b", "c"]),
        ("/config/x", ["config", "x"]),
        ("/r/config/x", ["config", "x"]),
    ],
)
def test_every_spelling_of_a_place_is_the_same_place(text: str, parts: list[str]) -> None:
    assert components(pattern(text), "/r") == parts


@pytest.mark.parametrize("text", ["**/.env", "a/**", "../x", "a/../../x", "~/.aws", "", "/", ".", "a\0b"])
def test_what_names_no_place_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        components(pattern(text), "/r")
    assert "paddock.toml:4" in caught.value.what
    assert caught.value.next_step


def test_two_stars_say_that_they_will_come() -> None:
    with pytest.raises(PolicyError, match="not available yet"):
        components(pattern("**/.env"), "/r")
