"""Real configurations: what a person found in them, and how many of them each rule must at least find."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.rules import Judged, judge

DATA = os.environ.get("PADDOCK_DATA", "")
SAMPLE = Path(DATA, "devcontainers")
TABLE = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text())
PAGE = Path(__file__).parent.parent.parent / "docs/explanation/check.md"
ABSENT = {"DC221", "DC222", "DC404", "DC514", "DC515"}  # about what is not in the sample
pytestmark = pytest.mark.skipif(
    not DATA or not SAMPLE.is_dir(), reason="PADDOCK_DATA does not name the folder of shared data"
)


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    return {one.number: one for one in judge(SAMPLE)}


def test_all_but_the_template_with_placeholders_can_be_read(judged: dict[str, Judged]) -> None:
    assert {path.stem for path in SAMPLE.glob("*.json")} - judged.keys() == {"019"}


def test_what_a_person_found_is_found_and_nothing_else(judged: dict[str, Judged]) -> None:
    assert len(TABLE["labels"]) >= 30
    differ = {}
    for number, labels in TABLE["labels"].items():
        wanted = {f"DC{label}" for label in labels.split()}
        told = {one.rule for one in judged[number].told} - ABSENT
        if told != wanted:
            differ[number] = {"false alarms": told - wanted, "missed": wanted - told}
    assert differ == {}


def test_no_rule_finds_less_than_a_simple_look_at_the_file(judged: dict[str, Judged]) -> None:
    files = Counter(rule for one in judged.values() for rule in {finding.rule for finding in one.said})
    unread = files["DC221"]
    floors = TABLE["floors"] | {rule: floor - unread for rule, floor in TABLE["floors_without_compose"].items()}
    assert {rule: files[rule] for rule, floor in floors.items() if files[rule] < floor} == {}


def test_every_finding_has_a_place_and_no_control_characters(judged: dict[str, Judged]) -> None:
    for one in judged.values():
        for finding in one.told:
            assert finding.source.place, finding
            assert finding.message.isprintable(), finding


def test_the_page_has_the_counts_of_today(judged: dict[str, Judged]) -> None:
    files = Counter(rule for one in judged.values() for rule in {finding.rule for finding in one.told})
    rows = [
        line.split("|")[1:5]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| DC") and line.count("|") == 5
    ]
    assert {row[0].strip(): int(row[2]) for row in rows} == dict(files), (
        "python benchmarks/rules.py FOLDER prints the table"
    )
