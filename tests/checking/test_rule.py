from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.checking import rule
from paddock.errors import PaddockError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """[[rule]]
id = "DC201"
slug = "privileged"
title = "t"
severity = "critical"
why = "w"
references = ["r"]
fix = "f"
"""
EVERY = rule.load()
NOT_OF_RULES = {"DC001", "DC002", "DC003", "DC004"}  # found by the check itself


def test_every_rule_has_a_function_and_every_function_a_rule() -> None:
    assert {one.id for one in EVERY} == set(rule.functions()) | NOT_OF_RULES


def test_ids_and_slugs_name_one_rule_each() -> None:
    assert len({one.slug for one in EVERY}) == len({one.id for one in EVERY}) == len(EVERY) >= 60


def test_what_a_rule_covers_is_less_than_itself() -> None:
    for one in EVERY:
        assert one.id not in one.covers


def written(folder: Path, text: str) -> str:
    (folder / "some.toml").write_text(text)
    return str(folder)


def test_a_catalogue_is_read_by_id(tmp_path: Path) -> None:
    text = (
        GOOD.replace("DC201", "DC301").replace("privileged", "other") + GOOD + "safe_fix = true\ncovers = ['DC301']\n"
    )
    first, second = rule.load(written(tmp_path, text))
    assert (first.id, first.safe_fix, first.covers, first.references) == ("DC201", True, ("DC301",), ("r",))
    assert (second.id, second.safe_fix, second.secret) == ("DC301", False, False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (GOOD + 'more = "x"\n', "more"),
        (GOOD.replace('fix = "f"\n', ""), "fix"),
        (GOOD.replace('"w"', '" "'), "why"),
        (GOOD.replace("critical", "grave"), "severity"),
        (GOOD.replace('["r"]', '[""]'), "references"),
        (GOOD.replace("DC201", "DC20"), "id"),
        (GOOD + "safe_fix = 1\n", "safe_fix"),
        (GOOD + "covers = ['DC999']\n", "DC999"),
        (GOOD + GOOD, "twice"),
        ("other = 1\n" + GOOD, "other"),
    ],
)
def test_a_mistake_in_a_catalogue_is_named(tmp_path: Path, wrong: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rule.load(written(tmp_path, wrong))


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["DC201"], {"DC201"}),
        (["dc201"], {"DC201"}),
        (["privileged"], {"DC201"}),
        (["DC2"], {one.id for one in EVERY if one.id[:3] == "DC2"}),
        (["DC20", "DC101"], {one.id for one in EVERY if one.id[:4] == "DC20"} | {"DC101"}),
        ([], set()),
    ],
)
def test_rules_are_chosen_by_id_slug_or_beginning(words: list[str], ids: set[str]) -> None:
    assert {one.id for one in rule.choose(EVERY, words)} == ids


@pytest.mark.parametrize("word", ["DC999", "DC", "D", "", "privilege", "DC9999"])
def test_a_word_that_names_none_is_refused(word: str) -> None:
    with pytest.raises(PaddockError, match="no rule is called"):
        rule.choose(EVERY, [word])
