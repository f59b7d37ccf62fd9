"""The reference page is current."""

from __future__ import annotations

from pathlib import Path

from paddock.frozen import replace
from paddock.probes.catalogue.reading import load
from paddock.probes.proof import VERDICTS
from paddock.probes.reports.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "probes.md"


def test_the_page_in_the_documentation_is_the_one_the_catalogue_makes() -> None:
    assert PAGE.read_text("utf-8") == page(load()), "run scripts/docs"


def test_every_probe_and_every_verdict_is_on_it() -> None:
    text = page(load())
    for probe in load():
        assert f"| **{probe.id.replace('_', chr(92) + '_').replace('*', chr(92) + '*')}**" in text
    assert all(f"\n| {verdict} |" in text for verdict in VERDICTS)


def test_no_text_makes_a_cell_or_a_tag() -> None:
    probe = replace(load()[0], attempt="a | b <script> `c` *d* [e](f)")
    assert r"a \| b \<script> \`c\` \*d\* \[e](f)" in page([probe])
