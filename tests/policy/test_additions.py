"""What a policy may say of hazards."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.policy.additions import FAMILIES, SEVERITIES, allowance, rule
from paddock.policy.values import Wrong
from paddock.workspace import hazard

GOOD = {"pattern": "deploy/*.sh", "family": "ci", "why": "it runs with the deploy key"}


def test_a_rule_has_a_pattern_a_family_and_a_reason_and_is_severe_unless_it_says_otherwise():
    assert rule(GOOD) == ("deploy/*.sh", "ci", "it runs with the deploy key", "high")
    assert rule({**GOOD, "severity": "low"})[3] == "low"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("deploy.sh", "expected { pattern"),
        ({}, "expected a pattern"),
        ({**GOOD, "patterns": "x"}, 'unknown "patterns"'),
        ({**GOOD, "family": "mine"}, "expected family to be one of git, "),
        ({**GOOD, "severity": 3}, "expected severity to be one of high, "),
        ({**GOOD, "why": ""}, "a sentence"),
        ({**GOOD, "why": "x" * 501}, "at most 500"),
        ({**GOOD, "pattern": "!x"}, "only add up"),
        ({**GOOD, "pattern": "/"}, "no place"),
        ({**GOOD, "pattern": "a/../b"}, "no place"),
        ({**GOOD, "pattern": "a//b"}, "no place"),
        ({**GOOD, "pattern": "a\0"}, "no name on this system"),
        ({**GOOD, "why": "\ud800"}, "no name on this system"),
    ],
)
def test_a_broken_rule_says_what_was_expected(value, said):
    with pytest.raises(Wrong) as caught:
        rule(value)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["build-make", "build-make:/Makefile", "build-make:docs/**/Makefile"])
def test_an_allowance_is_a_name_perhaps_with_a_pattern(text):
    assert allowance(text) == text


@pytest.mark.parametrize("value", ["", "Build", "a b", ":x", "x:", "x:!y", "x:../y", 3, None])
def test_a_broken_allowance_is_refused(value):
    with pytest.raises(Wrong):
        allowance(value)


def test_the_words_are_those_of_the_value_that_rooms_share():
    text = Path(hazard.__file__).read_text("utf-8")
    assert all(f'"{word}"' in text for word in (*FAMILIES, *SEVERITIES))
