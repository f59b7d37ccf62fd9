"""A check as plain data, for `--json`. Texts are as they are: JSON writes what does not print as escapes."""

from __future__ import annotations

from paddock.checking.reports.regions import marked
from paddock.frozen import as_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paddock.checking.report import Report, Row


def data(report: Report) -> dict[str, Any]:
    """The whole report. Further keys may come; what is there keeps its meaning within a schema."""
    return {
        "schema": 1,
        "configurations": list(report.configurations),
        "fail_on": report.fail_on,
        "failed": bool(report.failing),
        "counts": report.counted(),
        "findings": [_row(report, row) for row in report.rows],
        "gone": as_data(report.gone),
    }


def _row(report: Report, row: Row) -> dict[str, Any]:
    finding, source = row.finding, row.finding.source
    where = marked(report.files[row.place.file], row.place.offset, row.place.end)
    return {
        "rule": finding.rule,
        "slug": finding.slug,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.fix,
        "fixable": bool(finding.edits),
        "state": row.state,
        "reason": row.reason,
        "file": row.place.file,
        **as_data(where),
        "source": {"layer": source.layer, "name": source.name, "key": source.key},
        "also": [{"layer": one.layer, "name": one.name, "key": one.key, "where": one.where} for one in finding.also],
        "fingerprint": row.fingerprint,
    }
