"""What one run of `paddock check` found, as a value that every format is written from."""

from __future__ import annotations

import re

from paddock.checking.findings import SEVERITIES, at_least
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from paddock.checking.baseline import Entry
    from paddock.checking.files import File
    from paddock.checking.findings import Finding
    from paddock.checking.rule import Rule
    from paddock.devcontainer.document import Place

_NOT_LAYOUT = re.compile(r'[^\s"]')


@frozen
class Row:
    """A finding where it is shown: `place` is in a file of the repository, also for what an image or Feature brings.

    `state`: it counts, a comment suppresses it for `reason`, or the baseline knows it.
    """

    finding: Finding
    place: Place
    fingerprint: str = ""
    state: Literal["counts", "suppressed", "known"] = "counts"
    reason: str = ""


@frozen
class Report:
    """All rows, the worst first. `rules` are those that were asked, `files` those that were read, by name.

    `gone` are entries of the baseline that nothing meets any more; `fail_on` is a severity, or "none".
    """

    configurations: tuple[str, ...]
    rows: tuple[Row, ...]
    rules: tuple[Rule, ...]
    files: Mapping[str, File]
    fail_on: str = "high"
    has_baseline: bool = False
    gone: tuple[Entry, ...] = ()

    @property
    def counting(self) -> tuple[Row, ...]:
        """The rows that are neither suppressed nor known."""
        return tuple(row for row in self.rows if row.state == "counts")

    @property
    def failing(self) -> tuple[Row, ...]:
        """Those of them that are as bad as `fail_on`, or worse."""
        return tuple(row for row in self.counting if self.fails(row))

    def fails(self, row: Row) -> bool:
        """Whether this row makes the check fail."""
        return row.state == "counts" and self.fail_on != "none" and at_least(row.finding.severity, self.fail_on)

    def counted(self) -> dict[str, int]:
        """How many rows count, by severity."""
        return {severity: sum(row.finding.severity == severity for row in self.counting) for severity in SEVERITIES}

    def shown(self, name: str) -> str:
        """The text of a file with stars for all that secrets are in: more people read reports than files."""
        secret = {rule.id for rule in self.rules if rule.secret}
        text = self.files[name].text
        places = [row.place for row in self.rows if row.finding.rule in secret and row.place.file == name]
        parts, end = [], 0
        for place in sorted(places, key=lambda it: it.offset):
            parts += [text[end : place.offset], _NOT_LAYOUT.sub("*", text[max(end, place.offset) : place.end])]
            end = max(end, place.end)
        return "".join((*parts, text[end:]))
