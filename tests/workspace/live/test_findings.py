"""What a live run has found is told in few lines, whole for scripts."""

from __future__ import annotations

import pytest

from paddock.workspace.live import findings
from paddock.workspace.live.findings import Findings, Found


def test_findings_survive_a_pipe() -> None:
    told = Findings((Found("a\udcff\n", "git", "git-hooks", True, "x"), Found("b", "shell", "y")), "name", "why", 3)
    assert findings.unpacked(findings.packed(told)) == told


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}"])
def test_half_a_word_is_an_error(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        findings.unpacked(data)


def test_nothing_found_is_nothing_told() -> None:
    assert findings.messages(Findings()) == []


def test_what_was_moved_is_named_with_its_hazard_and_where_it_is_held() -> None:
    (told,) = findings.messages(Findings((Found(".envrc", "shell", "shell-direnv"),), "fix-login"))
    assert told == ("1 dangerous change moved out of the repository, and held as fix-login: .envrc (shell-direnv)")


def test_many_are_counted_and_what_came_back_is_said() -> None:
    many = tuple(Found(f"f{number}", "build", "build-make", restored=number < 2) for number in range(8))
    (told,) = findings.messages(Findings(many, "name"))
    assert told.startswith("8 dangerous changes moved out of the repository, and held as name: f0 (build-make), ")
    assert told.endswith(" and 3 more; what stood there before is back (2)")


def test_what_is_beyond_counting_by_name_is_counted() -> None:
    (told,) = findings.messages(Findings((Found("a", "git", "git-hooks"),), "name", more=41))
    assert told.startswith("42 dangerous changes moved out of the repository, and held as name: a (git-hooks)")


def test_what_is_still_there_and_what_is_nowhere_held_are_told_apart() -> None:
    told = findings.messages(Findings((Found("a", "git", "git-hooks", problem="no room"),), problem="disk full"))
    assert told == [
        "what was moved out of the repository is not in a change set yet: disk full",
        "still in the repository, dangerous: a (git-hooks): no room",
    ]
