"""What is said of changes, and what is kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from paddock.checking import rule
from paddock.errors import Usage
from paddock.hardening import changes
from paddock.hardening.changes import Keep

RULES = {one.id: one for one in rule.load()}
TABLE = tomllib.loads((Path(changes.__file__).parent / "breaks.toml").read_text())


def test_the_table_is_about_rules_that_there_are():
    assert TABLE.keys() <= RULES.keys()
    assert all(text and not text.endswith(".") for text in TABLE.values())


def test_every_rule_that_the_code_changes_something_for_is_in_the_table():
    import re

    sources = "".join(path.read_text() for path in Path(changes.__file__).parent.glob("*.py"))
    assert set(re.findall(r'"(DC[0-9]{3})"', sources)) <= TABLE.keys()


def test_a_change_is_a_comment_of_short_lines_with_its_rule_and_what_it_may_break():
    made = changes.change(RULES["DC201"], "a\nb\u202e" + " word" * 40)
    lines = changes.comment(made)
    assert lines[0].startswith("// DC201 privileged: a\\nb\\u202e word")
    assert all(len(line) <= 113 and line.startswith("// ") for line in lines)
    assert "May break: containers and builds inside" in " ".join(line[3:] for line in lines)
    assert changes.comment(made, "#")[0].startswith("# DC201")


def test_a_rule_is_kept_by_id_or_slug_and_with_a_reason():
    assert changes.keeps(["dc301=our tests", "privileged = the runner"], RULES) == (
        Keep("DC301", "our tests"),
        Keep("DC201", "the runner"),
    )
    assert changes.suppression(Keep("DC301", "so")) == "// paddock: ignore DC301 because so"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["DC301"], "needs a reason"),
        (["DC301= "], "needs a reason"),
        (["DC301=a\nb"], "in one line"),
        (["DC999=x"], "there is no rule DC999"),
        (["DC402=x"], "harden changes nothing for DC402"),
        (["DC301=a", "network-default=b"], "twice"),
    ],
)
def test_what_is_not_understood_is_refused(words: list[str], what: str):
    with pytest.raises(Usage, match=what):
        changes.keeps(words, RULES)
