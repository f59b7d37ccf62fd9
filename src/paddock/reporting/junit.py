"""JUnit's XML, which every CI shows.

There is no standard; the elements are those that Jenkins, GitLab and GitHub's actions agree on.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # to write with; nothing is parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def document(root: ET.Element) -> str:
    """The text of a document of suites, after their cases were counted."""
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _count(element: ET.Element, within: Sequence[ET.Element]) -> None:
    cases = [case for suite in within for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    for what, plural in _COUNTED.items():
        element.set(plural, str(sum(case.find(what) is not None for case in cases)))
