"""A check as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the lines: one run.

What is suppressed or in the baseline is told as such (sections 3.27.23, 3.27.24), so that it can be reviewed there.
"""

from __future__ import annotations

from urllib.parse import quote

from paddock import __version__
from paddock.checking.reports.regions import marked, region
from paddock.reporting import sarif
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.checking.files import File
    from paddock.checking.findings import Edit
    from paddock.checking.report import Report, Row
    from paddock.checking.reports.regions import Region
    from paddock.checking.rule import Rule
    from paddock.devcontainer.document import Place
    from paddock.devcontainer.source import Source

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}


def write(report: Report) -> str:
    """The log file."""
    indices = {rule.id: index for index, rule in enumerate(report.rules)}
    unread = [row for row in report.rows if row.finding.rule == "DC001"]
    driver = {"name": "paddock check", "semanticVersion": __version__, "rules": [_rule(one) for one in report.rules]}
    return sarif.log(
        [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": "paddock-check/"},
                "invocations": [{"executionSuccessful": not unread}],
                "columnKind": "unicodeCodePoints",
                "results": [_result(row, indices[row.finding.rule], report) for row in report.rows],
            }
        ]
    )


def _rule(rule: Rule) -> dict[str, Any]:
    said = (("Why", rule.why), ("What to do", rule.fix), ("Where it is written", "; ".join(rule.references)))
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.slug.split("-")),
        "shortDescription": {"text": visible(rule.title)},
        "fullDescription": {"text": visible(rule.why)},
        "help": {"text": "\n".join(f"{what}: {visible(text)}." for what, text in said if text)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["security", "devcontainer"], "security-severity": sarif.SCORES[rule.severity]},
    }


def _result(row: Row, index: int, report: Report) -> dict[str, Any]:
    finding, file = row.finding, report.files[row.place.file]
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": visible(f"{finding.message}. {_upper(finding.fix)}.")},
        "locations": [
            {
                "physicalLocation": _physical(file, marked(file, row.place.offset, row.place.end)),
                "logicalLocations": [{"fullyQualifiedName": visible(_logical(finding.source))}],
            }
        ],
        "partialFingerprints": {"paddockFinding/v1": row.fingerprint},
        "properties": {"severity": finding.severity},
    }
    others = [(it, it.place) for it in finding.also if it.place and it.place.file in report.files]
    if others:
        found["relatedLocations"] = [_related(number, *it, report.files) for number, it in enumerate(others, 1)]
    if row.state == "suppressed":
        found["suppressions"] = [{"kind": "inSource", "justification": visible(row.reason)}]
    if report.has_baseline:
        found["baselineState"] = "unchanged" if row.state == "known" else "new"
    if finding.edits:
        found["fixes"] = [_fix(finding.fix, finding.edits, report.files)]
    return found


def _related(number: int, source: Source, place: Place, files: Mapping[str, File]) -> dict[str, Any]:
    file = files[place.file]
    where = _physical(file, marked(file, place.offset, place.end))
    return {"id": number, "physicalLocation": where, "message": {"text": visible(_logical(source))}}


def _fix(advice: str, edits: tuple[Edit, ...], files: Mapping[str, File]) -> dict[str, Any]:
    """The edits of one finding alone, as an editor would offer them."""
    changed = []
    for name in dict.fromkeys(edit.file for edit in edits):
        file = files[name]
        replacements = [
            {"deletedRegion": _region(region(file, one.start, one.end)), "insertedContent": {"text": one.text}}
            for one in file.editor.changes([edit for edit in edits if edit.file == name])
        ]
        changed.append({"artifactLocation": {"uri": _uri(name)}, "replacements": replacements})
    return {"description": {"text": visible(_upper(advice))}, "artifactChanges": changed}


def _physical(file: File, where: Region) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(file.name)}, "region": _region(where)}


def _region(where: Region) -> dict[str, int]:
    return {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }


def _uri(name: str) -> str:
    """A relative reference (RFC 3986): nothing in a name may look like a scheme, a query or a host."""
    return quote(name.encode("utf-8", "surrogateescape"))


def _logical(source: Source) -> str:
    return f"{source.layer} {source.name} {source.key}".strip()


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
