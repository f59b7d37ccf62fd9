"""Patterns and paths, held against a slow reading of the same rules."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.matching import Glob, Matcher
from paddock.workspace.hazards.rule import Rule
from paddock.workspace.hazards.spelling import folded


def matcher(*patterns: str) -> Matcher:
    return Matcher([Rule(pattern, "git", "high", "why", (pattern,)) for pattern in patterns])


def found(pattern: str, path: str) -> bool:
    return bool(matcher(pattern).matching(path))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a", "a", True), ("a", "x/a", True), ("a", "a/x", False), ("a/", "a/x", True), ("a/", "x/a/y/z", True), ("a/", "a", True),
        ("a/b", "x/a/b", True), ("a/b", "a/x/b", False), ("/a/b", "a/b", True), ("/a/b", "x/a/b", False), ("/a", "x/a", False),
        ("a/**/b", "a/b", True), ("a/**/b", "x/a/y/z/b", True), ("/a/**/b", "x/a/b", False), ("/**/b", "x/y/b", True), ("**/b", "b", True),
        ("a/**", "a/x/y", True), ("a/**", "b/x", False), ("*.pth", "x/y.pth", True), ("*.pth", ".pth", True), ("*.pth", "pth", False),
        ("x*y*z", "x1y2z", True), ("x*y*z", "xz", False), ("a?c", "abc", True), ("[ab]c", "bc", True), ("[ab]c", "cc", False),
        ("a*b", "ab", True), ("aba*aba", "aba", False), ("*", "anything/at/all", True), ("A/B", "a/b", True), ("é", "e\u0301", True),
        (".git/hooks/", "vendor\\.git\\hooks\\x", True), (".vscode/tasks.json", "VSCODE~1/TASKS~3.JSO", True), ("a/*/c", "a/b/c", True), ("a/*/c", "a/c", False),
    ],
)  # fmt: skip
def test_examples(pattern, path, expected):
    assert found(pattern, path) is expected


PARTS = st.sampled_from(["a", "b", "ab", "a.b", "*", "a*", "*b", "a*b", "?", "[ab]", "**"])
PATTERNS = st.builds(
    lambda parts, top, tree: "/" * top + "/".join(parts) + "/" * tree,
    st.lists(PARTS, min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
).filter(lambda text: not text.strip("/").endswith("**"))
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "aab", "a.b", "c"]), min_size=1, max_size=5).map("/".join)


def slowly(parts: list[str], names: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return slowly(parts[1:], names) or (bool(names) and slowly(parts, names[1:]))
    return bool(names) and fnmatch.fnmatchcase(names[0], parts[0]) and slowly(parts[1:], names[1:])


def expected(pattern: str, path: str) -> bool:
    parts, names = pattern.strip("/").split("/"), path.split("/")
    ends = range(1, len(names) + 1) if pattern.endswith("/") else [len(names)]
    starts = [0] if pattern.startswith("/") else range(len(names))
    return any(slowly(parts, names[start:end]) for end in ends for start in starts if start < end)


@given(PATTERNS, PATHS)
def test_a_pattern_means_what_a_slow_reading_says(pattern, path):
    assert found(pattern, path) == expected(pattern, path)
    assert Glob(pattern).fits(path) == expected(pattern, path)


@given(st.lists(PATTERNS, min_size=1, max_size=8), st.lists(PATHS, min_size=1, max_size=8))
def test_many_patterns_together_say_what_each_says_alone(patterns, paths):
    together = matcher(*patterns)
    for path in paths:  # one after the other: what is remembered of directories must not mislead
        assert [rule.name for rule in together.matching(path)] == [
            pattern for pattern in patterns if found(pattern, path)
        ]


@given(PATTERNS, PATHS, PATHS)
def test_a_link_is_judged_by_all_that_could_be_below_it(pattern, path, below):
    if "**" not in pattern and found(pattern, f"{path}/{below}"):
        whole = matcher(pattern).matching_link(path)
        tail_alone = found(pattern, below) or any(expected(pattern, below[at:]) for at in range(len(below)))
        assert whole or tail_alone


def test_an_allowance_is_exact():
    assert Glob("a/B").fits("x/a/B")
    assert not Glob("a/B").fits("a/b")
    assert not Glob(".git/").fits("git~1/x")


@given(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=60).filter(lambda text: text.strip("/")))
def test_no_path_is_too_odd_for_the_catalogue(path):
    for rule in RULES.matching(path.strip("/")):
        assert rule.patterns


RULES = catalogue.load()


@given(st.sampled_from([".git/hooks/x", ".vscode/tasks.json", "a/.claude/settings.json", "package.json"]), st.data())
def test_every_spelling_of_a_path_is_found(path, data):
    spelt = "".join(
        data.draw(st.sampled_from([character, character.upper(), character + "\u200d"])) if character != "/" else "/"
        for character in path
    )
    spelt += data.draw(st.sampled_from(["", " ", "."]))
    assert RULES.matching(spelt) == RULES.matching(path)


def test_paths_of_any_depth_cost_no_recursion_and_hostile_patterns_no_time():
    deep = "a/" * 1900 + "b"
    assert found("/" + "**/a/" * 200 + "b", deep)
    assert not found("/" + "**/a/" * 200 + "c/b", deep)
    assert not found("a*" * 100 + "b", "a" * 255)
    assert RULES.matching(".vscode/" * 450 + "tasks.json")
    assert folded("a" * 255)
