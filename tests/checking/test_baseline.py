from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paddock.checking import baseline
from paddock.checking.findings import Hit
from paddock.devcontainer.source import Source
from paddock.errors import PaddockError
from tests.checking.made import check, told

if TYPE_CHECKING:
    from paddock.checking.baseline import Entry

TEXT = '{\n  "a": "bad",\n  "b": ["odd", "x"]\n}'


def known(text: str) -> tuple[Entry, ...]:
    return baseline.parsed(baseline.written(check(text).counting), "b.json")


def test_what_is_known_does_not_count_and_what_is_new_does() -> None:
    report = check(TEXT.replace('"x"', '"hunter2"'), baseline=known(TEXT))
    assert told(report) == [("DC701", 3)]
    assert told(report, "known") == [("DC201", 2), ("DC301", 3)]
    assert report.has_baseline
    assert report.gone == ()


@pytest.mark.parametrize(
    "moved",
    [
        "// more\n\n" + TEXT,
        TEXT.replace('"a"', '\n  // why\n\t"a"'),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace('["odd"', '["y", "odd"'),
        TEXT.replace('"b": ', '"new": 1,  "b": '),
    ],
)
def test_fingerprints_stay_when_lines_move(moved: str) -> None:
    assert told(check(moved, baseline=known(TEXT))) == []


@pytest.mark.parametrize(
    ("changed", "new"),
    [
        (TEXT.replace('"a"', '"c"'), ["DC201"]),
        (TEXT.replace('"x"', '"odd"'), ["DC301"]),
        (TEXT.replace('"a": "bad"', '"a": "worse"'), ["DC202"]),
    ],
)
def test_another_key_value_or_one_more_is_another_finding(changed: str, new: list[str]) -> None:
    assert [rule for rule, _ in told(check(changed, baseline=known(TEXT)))] == new


def test_the_same_in_another_file_is_another_finding() -> None:
    assert told(check(TEXT, baseline=known(TEXT), name="b/.devcontainer.json")) == [("DC201", 2), ("DC301", 3)]


def test_entries_that_nothing_meets_are_told() -> None:
    report = check('{"b": ["odd"]}', baseline=known(TEXT))
    assert [(entry.rule, entry.file) for entry in report.gone] == [("DC201", ".devcontainer/devcontainer.json")]


def test_what_an_image_brings_is_told_apart_by_what_is_said_of_it() -> None:
    hits = [Hit(f"mounts {name}", Source("label", "i", ("mounts", 0))) for name in (".ssh", ".aws")]
    first = baseline.parsed(baseline.written(check("{}", hits={"DC201": hits[:1]}).counting), "b")
    assert told(check("{}", hits={"DC201": hits[:1]}, baseline=first)) == []
    assert told(check("{}", hits={"DC201": hits[1:]}, baseline=first)) == [("DC201", 1)]


def test_a_suppressed_finding_is_not_known_as_well() -> None:
    text = TEXT.replace('bad",', 'bad", // paddock: ignore DC201 because why')
    assert told(check(text, baseline=known(TEXT)), "suppressed") == [("DC201", 2)]


def test_the_value_of_a_secret_is_in_no_fingerprint() -> None:
    first, second = (check(f'{{"a": "{value}"}}').rows for value in ("hunter2", "hunter2"))
    assert first[0].fingerprint == second[0].fingerprint
    text = baseline.written(first)
    assert "hunter2" not in text.replace("it is hunter2", "")  # the tests' own rule says it in its message


def test_the_file_is_a_line_for_each_finding_in_an_order_of_its_own() -> None:
    text = baseline.written(tuple(reversed(check(TEXT).rows)))
    assert text == baseline.written(check(TEXT).rows)
    assert [json.loads(line.rstrip(","))["rule"] for line in text.splitlines()[1:-1]] == ["DC201", "DC301"]
    assert baseline.parsed(baseline.written(()), "b") == ()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 2, "findings": []}', '{"schema": 1, "findings": [1]}', '{"schema": 1, "findings": 1}',
     '{"schema": 1, "findings": [{"fingerprint": 1, "rule": "", "file": "", "message": ""}]}', "[" * 100_000],
)  # fmt: skip
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(PaddockError, match=r"b\.json is no baseline"):
        baseline.parsed(text, "b.json")
