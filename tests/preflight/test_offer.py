from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.preflight.findings import Count, Finding, Report
from paddock.preflight.offer import is_masked, offered, reason

if TYPE_CHECKING:
    from paddock.preflight.findings import Certainty


def secret(path: str, certainty: Certainty = "high") -> Finding:
    return Finding("secret", path, 1, "a-rule", 40, certainty)


def test_files_of_data_are_offered_each_once_in_order() -> None:
    found = (secret("z.json"), secret("config/keys.yaml"), secret("z.json"), Finding("secret-file", "api/.env"))
    report = Report("/repo", found, (Count("secret", 3), Count("secret-file", 1)), 9, 9)
    assert offered(report, frozenset()) == ("api/.env", "config/keys.yaml", "z.json")
    assert offered(report, frozenset({"api", "z.json"})) == ("config/keys.yaml",)


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (secret("src/main.py"), "code"),
        (secret(".git/config"), "git needs it"),
        (secret("sub/.git/config"), "git needs it"),
        (secret("node_modules/a/key.json"), "package"),
        (secret("notes.txt", "low"), "perhaps"),
    ],
)
def test_what_the_command_needs_is_told_and_not_offered(finding: Finding, why: str) -> None:
    assert why in reason(finding, frozenset())


def test_a_masked_directory_masks_what_is_below_it_and_nothing_beside() -> None:
    assert is_masked("a/b/c", {"a/b"})
    assert not is_masked("a/bc", {"a/b"})
    assert not is_masked("a", {"a/b"})


def test_links_and_the_like_are_never_offered() -> None:
    report = Report("/repo", (Finding("link-out", "away"), Finding("socket", "s")), (), 2, 0)
    assert offered(report, frozenset()) == ()
