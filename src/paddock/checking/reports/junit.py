"""A check as JUnit's XML: a suite for each file, a case for each finding, and for each rule that finds nothing."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # to write with; nothing is parsed

from paddock.reporting.junit import document
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.checking.report import Report, Row


def write(report: Report) -> str:
    """The document. Failures are what fails the check; milder findings are passed, and said in their output."""
    root = ET.Element("testsuites", name="paddock check")
    names = dict.fromkeys((*report.configurations, *(row.place.file for row in report.rows)))
    for name in names:
        suite = ET.SubElement(root, "testsuite", name=visible(name))
        rows = [row for row in report.rows if row.place.file == name]
        for row in rows:
            _case(suite, report, row)
        found = {row.finding.rule for row in rows}
        for rule in report.rules if name in report.configurations and "DC001" not in found else ():
            if rule.id not in found:
                title = visible(f"{rule.id} {rule.slug}")
                ET.SubElement(suite, "testcase", name=title, classname=visible(f"paddock.{name}"))
    return document(root)


def _case(suite: ET.Element, report: Report, row: Row) -> None:
    finding, place = row.finding, row.place
    name = visible(f"{finding.rule} {finding.slug}: {place}")
    case = ET.SubElement(suite, "testcase", name=name, classname=visible(f"paddock.{place.file}"))
    said = "\n".join(
        f"{what}: {visible(text)}"
        for what, text in (
            ("found", finding.message),
            ("at", f"{place}"),
            ("from", finding.source.where),
            ("severity", finding.severity),
            ("fix", finding.fix),
        )
    )
    if row.state != "counts":
        why = f"suppressed: {row.reason}" if row.state == "suppressed" else "known to the baseline"
        ET.SubElement(case, "skipped", message=visible(why))
    elif report.fails(row):
        failure = ET.SubElement(case, "failure", type=finding.severity, message=visible(finding.message))
        failure.text = said
    else:
        ET.SubElement(case, "system-out").text = said
