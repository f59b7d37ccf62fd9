"""The page of all rules is made from the catalogue."""

from __future__ import annotations

from pathlib import Path

from paddock.checking import reference
from paddock.checking.rule import Rule, functions, load

PAGE = Path(__file__).parent.parent.parent / "docs/reference/checks.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == reference.page(load()), "run scripts/docs"


def test_every_rule_is_on_it_once() -> None:
    page = reference.page(load())
    assert [page.count(f"| **{one.id}** `{one.slug}`<br>") for one in load()] == [1] * len(load())


def test_what_markdown_would_take_for_its_own_is_escaped() -> None:
    rule = Rule("DC999", "x", "a | b", "low", "<i> *x* [y] `z`", ("a_b",), "\\")
    assert r"a \| b" in reference.page([rule])
    assert r"\<i> \*x\* \[y] \`z\` | \\ | a\_b |" in reference.page([rule])


def test_every_rule_has_a_function_and_every_function_a_rule() -> None:
    assert {one.id for one in load() if one.id > "DC1"} == functions().keys()


def test_there_are_more_rules_than_were_promised() -> None:
    assert len(load()) >= 60
    assert len({one.slug for one in load()}) == len(load())
