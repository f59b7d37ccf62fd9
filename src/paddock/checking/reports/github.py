"""A check as workflow commands, which GitHub shows as annotations of a change.

A command is a line of its own on stdout, so nothing of a file may begin one: what is said goes through `visible`,
which leaves no line end, and is escaped as the runner unescapes it (actions/toolkit, packages/core/src/command.ts).
"""

from __future__ import annotations

from paddock.checking.reports.regions import marked
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.checking.report import Report, Row

_COMMANDS = {"critical": "error", "high": "error", "medium": "warning", "low": "warning", "info": "notice"}


def write(report: Report) -> str:
    """One command for each finding that counts, the worst first: the runner shows the first ten of a kind."""
    return "".join(_command(report, row) for row in report.counting)


def _command(report: Report, row: Row) -> str:
    finding = row.finding
    where = marked(report.files[row.place.file], row.place.offset, row.place.end)
    properties = {
        "file": row.place.file,
        "line": str(where.line),
        "endLine": str(where.end_line),
        "col": str(where.column),
        "endColumn": str(where.end_column),
        "title": f"{finding.rule} {finding.slug} ({finding.severity})",
    }
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    said = _data(f"{finding.message}. Fix: {finding.fix}")
    return f"::{_COMMANDS[finding.severity]} {given}::{said}\n"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
