from __future__ import annotations

import pytest

from paddock.checking.files import File
from paddock.checking.findings import Hit
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import check, told


def test_a_comment_at_the_end_of_the_line_suppresses_and_is_told() -> None:
    report = check('{\n  "a": "bad" // paddock: ignore DC201 because it is for the tests\n}')
    assert told(report) == []
    assert [(row.state, row.reason) for row in report.rows] == [("suppressed", "it is for the tests")]


@pytest.mark.parametrize(
    "comment",
    [
        "// paddock: ignore DC201 because why",
        "// paddock: ignore slug-201 because why",
        "// PADDOCK: Ignore dc201 because why",
        "/* paddock: ignore DC301, DC201 because why */",
        "/* paddock: ignore DC201\n   because why */",
        "// paddock: ignore DC201 until 2026-11-21 because why",
        "// paddock: ignore DC201 because why\n  // more about it\n",
    ],
)
def test_a_comment_on_lines_above_is_about_the_next_line_with_something_on_it(comment: str) -> None:
    report = check('{\n  "b": 1,\n  ' + comment + '\n  "a": "bad"\n}')
    assert [rule for rule, _ in told(report)] == ["DC003"] * ("DC301" in comment)
    assert told(report, "suppressed")


def test_it_is_about_its_rule_and_its_line_only() -> None:
    text = '{\n  // paddock: ignore DC301 because why\n  "a": "bad",\n  "b": "odd"\n}'
    assert told(check(text)) == [("DC201", 3), ("DC301", 4), ("DC003", 2)]
    text = '{\n  "a": 1, // paddock: ignore DC201 because why\n  "b": "bad"\n}'
    assert told(check(text)) == [("DC201", 3), ("DC003", 2)]


def test_after_its_date_the_finding_comes_back_and_says_why() -> None:
    text = '{\n  // paddock: ignore DC201 until 2026-11-20 because soon\n  "a": "bad"\n}'
    report = check(text)
    assert told(report) == [("DC201", 3), ("DC002", 2)]
    assert report.rows[1].finding.message == "the suppression of DC201 ended on 2026-11-20; its reason was: soon"
    assert told(check(text, today="2026-11-20")) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("ignore DC201", "it gives no reason"),
        ("ignore DC201 until 2027-01-31", "it gives no reason"),
        ("ignore DC201 because", "it gives no reason"),
        ("ignore", "it is not of the form paddock: ignore RULE"),
        ("ignore because it is fine", "it is not of the form paddock: ignore RULE"),
        ("ignore all the rules because why", "it is not of the form paddock: ignore RULE"),
        ("ignore DC999 because why", "there is no rule 'DC999'"),
        ("ignore DC201 until 2027-02-30 because why", "'2027-02-30' is no date like 2027-01-31"),
        ("ignore DC201 until 20270130 because why", "'20270130' is no date like 2027-01-31"),
        ("ignore DC201 until soon because why", "'soon' is no date like 2027-01-31"),
    ],
)
def test_what_cannot_be_understood_suppresses_nothing_and_says_so(words: str, why: str) -> None:
    report = check('{\n  "a": "bad" // paddock: ' + words + "\n}")
    assert told(report) == [("DC201", 2), ("DC004", 2)]
    assert why in report.rows[1].finding.message


def test_text_that_only_looks_like_a_comment_is_none() -> None:
    text = '{\n  "c": "// paddock: ignore DC201 because why", "a": "bad",\n  "d": "http://x/ paddock: ignore DC201"\n}'
    assert told(check(text)) == [("DC201", 2)]
    text = '{ // see the docs of paddock: ignore DC201 because why\n "a": "bad" }'
    assert told(check(text)) == [("DC201", 2)]


def test_an_image_cannot_suppress_what_is_found_in_it() -> None:
    """Its label is text with comments as well; it is not one of the files."""
    found = Hit(
        "x", Source("label", "image.example.test/a", ("a",), Place("label of image.example.test/a", 1, 1, 0, 3))
    )
    assert told(check('{\n  "image": 1\n}', hits={"DC201": [found]})) == [("DC201", 2)]


@pytest.mark.parametrize(
    ("kind", "text", "suppressed"),
    [
        ("compose", "a: b # paddock: ignore DC201 because why\n", True),
        ("compose", "# paddock: ignore DC201 because why\na: b\n", True),
        ("compose", "a: b#paddock: ignore DC201 because why\n", False),
        ("dockerfile", "# paddock: ignore DC201 because why\nRUN x\n", True),
        ("dockerfile", "RUN x # paddock: ignore DC201 because why\n", False),
    ],
)
def test_compose_files_and_dockerfiles_have_their_own_comments(kind: str, text: str, suppressed: bool) -> None:
    other = File("other", kind, text.encode(), text)  # type: ignore[arg-type]
    offset = text.index("a: b") if "a: b" in text else text.index("RUN")
    place = Place("other", 1 + text.count("\n", 0, offset), 1, offset, offset + 3)
    report = check("{}", others=[other], hits={"DC201": [Hit("x", Source("compose", "other", (), place))]})
    assert (told(report) == []) == suppressed
    assert [rule for rule, _ in told(report, "suppressed")] == ["DC201"] * suppressed
