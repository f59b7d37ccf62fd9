"""The reference page is current."""

from __future__ import annotations

from pathlib import Path

from paddock.policy.keys import COMING, KEYS
from paddock.policy.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policy.md"
MAKE = "python -c 'from paddock.policy.reference import page; print(page(), end=\"\")' > docs/reference/policy.md"


def test_the_page_in_the_documentation_is_the_one_the_table_makes():
    assert PAGE.read_text("utf-8") == page(), f"make it again: {MAKE}"


def test_every_key_and_everything_to_come_is_on_it():
    text = page()
    for key in KEYS.values():
        assert f"| `{key.name}` |" in text
        assert key.doc in text
    assert all(name in text for name in COMING)


def test_every_table_row_has_the_columns_of_its_head():
    columns = 0
    for line in page().splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        columns = columns or line.count("|")
        assert line.count("|") == columns
