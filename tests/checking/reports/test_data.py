from __future__ import annotations

import json

from paddock.checking import baseline
from paddock.checking.findings import Hit
from paddock.checking.reports.data import data
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, NASTY, check

TEXT = '{\n  "a": "bad",\n  "b": "odd" // paddock: ignore DC301 because why\n}'


def test_every_row_is_there_with_its_place_source_and_state() -> None:
    found = data(check(TEXT))
    assert (found["schema"], found["failed"], found["fail_on"]) == (1, True, "high")
    assert (found["counts"]["critical"], found["counts"]["medium"]) == (1, 0)
    first, second = found["findings"]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (2, 8, 2, 13)
    assert first["source"] == {"layer": "file", "name": FILE, "key": "a"}
    assert (first["fixable"], first["state"], second["state"], second["reason"]) == (
        True,
        "counts",
        "suppressed",
        "why",
    )
    assert len(first["fingerprint"]) == 32


def test_what_is_gone_from_the_baseline_is_there() -> None:
    entries = baseline.parsed(baseline.written(check(TEXT).counting), "b")
    assert [one["rule"] for one in data(check("{}", baseline=entries))["gone"]] == ["DC201"]


def test_all_of_it_is_json() -> None:
    report = check("{}", hits={"DC201": [Hit(NASTY, Source("label", NASTY))]})
    assert json.loads(json.dumps(data(report)))["findings"][0]["message"] == NASTY
