from __future__ import annotations

import io
from typing import TYPE_CHECKING

from paddock.cli.views import scanned
from paddock.preflight.findings import Count, Finding, Report

if TYPE_CHECKING:
    import pytest

    from paddock.preflight.findings import Kind


def report(*found: Finding, counts: dict[Kind, int] | None = None) -> Report:
    numbers: dict[Kind, int] = {}
    for one in found:
        numbers[one.kind] = numbers.get(one.kind, 0) + 1
    numbers |= counts or {}
    return Report("/repo", found, tuple(Count(kind, number) for kind, number in numbers.items()), 12, 2)


def test_a_summary_counts_in_words() -> None:
    found = report(Finding("secret", "a", 1), Finding("link-out", "b"), Finding("link-out", "c"))
    assert scanned.summary(found) == "1 secret in a file, 2 symbolic links that leave"


def test_nothing_found_is_no_summary() -> None:
    assert scanned.summary(report()) == ""


def test_ten_of_a_kind_are_shown_unless_all_are_asked_for() -> None:
    found = report(
        *(Finding("link-out", f"{number:02}", detail="/x") for number in range(12)), counts={"link-out": 5000}
    )
    assert "\n  09 → /x\n  … and 4990 more: paddock scan --all\n" in scanned.text(found, (), everything=False)
    assert "\n  11 → /x\n" in scanned.text(found, (), everything=True)


def test_secrets_in_packages_are_counted_apart() -> None:
    found = report(Finding("secret", "vendor/a.json", 1, "x", 40), Finding("secret", "b.json", 1, "x", 40))
    short, long = (scanned.text(found, (), everything=everything) for everything in (False, True))
    assert "vendor/a.json" not in short
    assert "1 more place in packages: paddock scan --all" in short
    assert "vendor/a.json:1  x (40 characters)  part of a package" in long


def test_progress_goes_to_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    progress = scanned.Progress("looking")
    progress.tick(5, 1)
    progress.end()
    assert stream.getvalue() == ""


def test_progress_leaves_an_empty_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    progress = scanned.Progress("looking")
    progress.tick(0, 0)
    progress.end()
    progress.end()
    assert stream.getvalue() == "\rpaddock: looking: 0 files\x1b[K\r\x1b[K"
    monkeypatch.setenv("TERM", "dumb")
    scanned.Progress("looking").tick(1, 1)
    assert stream.getvalue().count("looking") == 1
