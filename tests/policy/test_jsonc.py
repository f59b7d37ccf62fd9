"""JSON with comments: the same data as the standard library, with lines, and an error with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.jsonc import NotJson, parse

TEXT = """\
// a container
{
  "name": "x", /* a "comment" { */
  "customizations": {
    "paddock": {
      "network": { "allow": [ "a.example", // one
        "b.example", ], },
    },
  },
}
"""


def test_comments_and_trailing_commas_are_understood_and_lines_are_known():
    document = parse(TEXT)
    data: Any = document.data
    assert data["customizations"]["paddock"] == {"network": {"allow": ["a.example", "b.example"]}}
    place = ("customizations", "paddock", "network", "allow")
    assert (document.lines[place], document.lines[*place, 0], document.lines[*place, 1]) == (6, 6, 7)
    assert document.lines["customizations", "paddock"] == 5
    assert document.repeated == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("", 1, 1), ("{", 1, 2), ('{"a" 1}', 1, 6), ('{"a":1\n "b":2}', 2, 2), ("[1 2]", 1, 4), ("[,]", 1, 2), ("/* x", 1, 1), ('{"a": tru}', 1, 7), ("1 2", 1, 3), ('"a\nb"', 1, 3),
     ("{a:1}", 1, 2), ("{'a':1}", 1, 2), ("[1,,2]", 1, 4), ("nul", 1, 1), ('{"a":}', 1, 6), ("NaN", 1, 1), ("-", 1, 1), ("01", 1, 2)],
)  # fmt: skip
def test_errors_say_where(text, line, column):
    with pytest.raises(NotJson) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_names_that_are_written_twice_are_reported():
    document = parse('{"a": {"b": 1, "b": 2}, "a": 3}')
    assert document.data == {"a": 3}
    assert set(document.repeated) == {("a", "b"), ("a",)}


def read(text: str) -> int:
    """The line of the document, or of its first error."""
    try:
        return parse(text).lines[()]
    except NotJson as error:
        return min(error.line, error.column)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_on_plain_json_it_agrees_with_the_standard_library(data, indent, ascii_only):
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    assert parse(text).data == json.loads(text)


@given(st.text(st.sampled_from('[]{}:,"\\/*01eE.-+ntu \n')))
def test_no_text_makes_it_crash(text):
    assert read(text) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        '{"a":' * 200_000,
        "1" * 1_000_000,
        "/*" * 500_000,
        '"' + "\\" * 999_999,
        "[" + "1," * 300_000 + "]",
        "//" * 500_000,
        '"\\ud800"' + " " * 900_000,
    ],
)
def test_a_megabyte_of_anything_ends(text):
    assert read(text) >= 1
