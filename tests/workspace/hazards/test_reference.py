"""The reference page is current."""

from __future__ import annotations

from pathlib import Path

from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "hazards.md"
MAKE = "python -c 'from paddock.workspace.hazards.reference import page; print(page(), end=\"\")' > docs/reference/hazards.md"


def test_the_page_in_the_documentation_is_the_one_the_catalogue_makes():
    assert PAGE.read_text("utf-8") == page(), f"make it again: {MAKE}"


def test_every_rule_is_on_it():
    text = page()
    for rule in catalogue.load().rules:
        assert f"| `{rule.name}`" in text
        assert all(f"`{pattern}`" in text for pattern in rule.patterns)
