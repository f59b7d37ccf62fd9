from __future__ import annotations

import pytest
from hypothesis import given

from paddock.checking.layout import Layout
from paddock.devcontainer import jsonc
from tests.checking.texts import layouts


@pytest.mark.parametrize(
    ("text", "commas"),
    [
        ("{}", []),
        ("[]", []),
        ('{"a": 1}', [None]),
        ('{"a": 1,}', [7]),
        ('["a,b" /* , */ , 2 // ,\n]', [15, None]),
        ('{"a": [1, 2],\n// ,\n"b": 3 // ,\n,}', [12, 31]),
    ],
)
def test_the_comma_of_a_part_is_none_of_its_comments_or_texts(text: str, commas: list[int | None]) -> None:
    document = jsonc.parse("f", text)
    assert [part.comma for part in Layout(document).parts(document.root)] == commas


@given(layouts())
def test_every_part_has_its_comma_but_the_last(text: str) -> None:
    document = jsonc.parse("f", text)
    parts = Layout(document).parts(document.root)
    assert len(parts) == len(document.root.members)
    assert all(part.comma is not None and text[part.comma] == "," for part in parts[:-1])
    places = [place for part in parts for place in (part.start, part.end, part.comma) if place is not None]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ('{"a": 1}', '"k": ["x", "y"]'),
        ('{\n  "a": 1}', '"k": ["x", "y"]'),
        ('{\n\t"a": 1}', '"k": ["x", "y"]'),
    ],
)
def test_a_short_list_is_written_on_one_line(text: str, member: str) -> None:
    document = jsonc.parse("f", text)
    assert Layout(document).member("k", ["x", "y"], document.root) == member


@pytest.mark.parametrize(("text", "unit"), [('{\n\t"a": 1}', "\t"), ('{\n    "a": 1}', "    "), ("{\n}", "  ")])
def test_what_is_nested_is_indented_as_the_file_is(text: str, unit: str) -> None:
    document = jsonc.parse("f", text)
    said = Layout(document).member("k", {"x": {}}, document.root)
    assert said == f'"k": {{\n{unit * 2}"x": {{}}\n{unit}}}'
