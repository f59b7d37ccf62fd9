from __future__ import annotations

import xml.etree.ElementTree as ET

from paddock.reporting import junit


def test_cases_are_counted_by_suite_and_over_all() -> None:
    root = ET.Element("testsuites")
    for kinds in (("failure", "", "skipped"), ("error", "error")):
        suite = ET.SubElement(root, "testsuite")
        for kind in kinds:
            case = ET.SubElement(suite, "testcase")
            if kind:
                ET.SubElement(case, kind)
    again = ET.fromstring(junit.document(root))
    counts = [tuple(one.get(name) for name in ("tests", "failures", "errors", "skipped")) for one in (again, *again)]
    assert counts == [("5", "1", "2", "1"), ("3", "1", "0", "1"), ("2", "0", "2", "0")]
