"""Documents that are made from the code are current, and documents point at what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paddock.cli import manual
from paddock.cli.declarations import commands

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_reference_of_commands_is_current() -> None:
    current = manual._WRITERS["markdown"](commands())
    assert (ROOT / "docs/reference/commands.md").read_text() == current, "run scripts/docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_document_types_exists(page: Path) -> None:
    known = {part.path for command in commands() for part in command.everything()}
    verbs = {path[0] for path in known if len(path) > 1}
    for line in re.findall(r"^\s*(?:\$ )?paddock ((?:[a-z]+ ?)+)", page.read_text(), re.MULTILINE):
        words = line.split()
        assert (words[0],) in known, f"{page.name}: paddock {line}"
        if words[0] in verbs and len(words) > 1:
            assert tuple(words[:2]) in known, f"{page.name}: paddock {line}"


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text()
    for code, _ in manual.EXIT_CODES:
        assert f"| {code} |" in text
