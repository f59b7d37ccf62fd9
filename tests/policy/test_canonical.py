"""Values as one text: the same for everybody, and nothing can pretend to be a placeholder."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.canonical import HOME, REPOSITORY, digest, placed, places, text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(PLAIN)
def test_a_text_is_canonical_and_survives_reading(data: object) -> None:
    written = text(data)
    assert written.isascii()
    assert text(json.loads(written)) == written


def test_numbers_have_one_form_and_what_is_none_is_refused() -> None:
    assert text({"b": 4.0, "a": [2.5, True, None]}) == '{"a":[2.5,true,null],"b":4}'
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            text(value)


def test_bytes_that_are_no_text_are_carried() -> None:
    assert text("/a\udcff") == '"/a\\udcff"'
    assert digest("/a\udcff") != digest("/a")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("/home/ann/code/app", REPOSITORY),
        ("/home/ann/code/app/x", f"{REPOSITORY}/x"),
        ("/home/ann", HOME),
        ("file:/home/ann/.token", f"file:{HOME}/.token"),
        ("/home/anna", "/home/anna"),
        ("x/home/ann", "x/home/ann"),
        ("/srv/home/ann", "/srv/home/ann"),
        ("/home/ann/code/apple", f"{HOME}/code/apple"),
        ("", ""),
    ],
)
def test_whole_paths_are_replaced_and_nothing_else(given: str, found: str) -> None:
    assert placed([{"a": given}], places("/home/ann", "/home/ann/code/app")) == [{"a": found}]


def test_keys_are_left_out_at_any_depth_and_lists_without_an_order_are_sorted() -> None:
    data = {"origin": 1, "mask": [{"b": 1, "origin": 2}, {"a": 1}], "words": ["b", "a"]}
    assert placed(data, (), left_out=("origin",), unordered=("mask",)) == {
        "mask": [{"a": 1}, {"b": 1}],
        "words": ["b", "a"],
    }


def test_a_home_that_is_the_root_directory_is_no_part_of_every_path() -> None:
    assert placed("/usr/bin", places("/", "/srv/app")) == "/usr/bin"
