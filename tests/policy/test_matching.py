"""Host patterns and stars."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.matching import below, fits, is_wildcard, matches, narrowness, takes_in

texts = st.text(st.sampled_from("AB_"), max_size=6)
patterns = st.text(st.sampled_from("AB_*"), max_size=5)
names = st.lists(st.sampled_from(("a", "b", "ab", "test")), min_size=1, max_size=4).map(".".join)
hosts = st.tuples(st.sampled_from(("", "*.")), names).map("".join)


@pytest.mark.parametrize(
    ("pattern", "name", "star"),
    [
        ("*.example.test", "a.example.test", "a"),
        ("*.example.test", "a.b.example.test", "a.b"),
        ("*.example.test", "example.test", ""),
        ("*.example.test", "notexample.test", ""),
        ("*.example.test", "a.example.test.other.test", ""),
        ("example.test", "a.example.test", ""),
    ],
)
def test_a_wildcard_is_one_label_or_more_below_its_name(pattern, name, star):
    assert below(pattern, name) == star
    assert fits(pattern, name) == bool(star)


def test_an_exact_name_fits_itself_only():
    assert fits("a.test", "a.test")
    assert not fits("a.test", "b.a.test")


@given(hosts, hosts, names)
def test_what_a_taken_in_pattern_fits_the_other_fits(outer, inner, name):
    if takes_in(outer, inner) and fits(inner, name):
        assert fits(outer, name)


@given(hosts, hosts)
def test_taking_in_is_complete(outer, inner):
    """Where it says no, there is a name that only the inner pattern fits."""
    if not takes_in(outer, inner):
        domain = inner.removeprefix("*.")
        candidates = [f"{label}.{domain}" for label in ("z", "a", "b", "ab", "test")] if is_wildcard(inner) else [inner]
        assert any(fits(inner, name) and not fits(outer, name) for name in candidates)


@given(hosts, hosts, names)
def test_of_two_patterns_that_fit_a_name_the_narrower_is_taken_in_by_the_other(one, other, name):
    if fits(one, name) and fits(other, name):
        wide, narrow = sorted((one, other), key=narrowness)
        assert takes_in(wide, narrow)
        assert one == other or narrowness(one) != narrowness(other)


@given(patterns, texts)
def test_matching_agrees_with_the_standard_librarys(pattern, text):
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@given(patterns, patterns, texts)
def test_a_pattern_that_matches_another_takes_in_what_that_matches(outer, inner, text):
    if matches(outer, inner) and matches(inner, text):
        assert matches(outer, text)
