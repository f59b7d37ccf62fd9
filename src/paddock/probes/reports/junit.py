"""A proof as JUnit's XML, which every CI shows: one test case for each row.

Only what was shown counts as passed there. What is unproven, skipped or no promise at all is "skipped", with the
reason; a run that cannot be believed is an error of its own, so that no reader of totals takes it for green.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # to write with; nothing is parsed

from paddock.probes import standing
from paddock.probes.proof import BROKEN, SHOWN
from paddock.probes.reports.fixes import fix
from paddock.reporting.junit import document
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.proof import Proof, Row


def write(proofs: Sequence[Proof]) -> str:
    """The document, a suite for each layer of each proof."""
    root = ET.Element("testsuites", name="paddock prove", time=_seconds(*proofs))
    for proof in proofs:
        name = visible(standing.name(proof))
        for layer, _, _ in standing.layers(proof):
            suite = ET.SubElement(root, "testsuite", name=f"{name}: {visible(layer)}")
            suite.set("timestamp", visible(proof.begun).removesuffix("Z"))
            for row in proof.rows:
                if row.layer == layer:
                    _case(suite, name, proof, row)
        suite = ET.SubElement(root, "testsuite", name=f"{name}: the run itself")
        _run(suite, name, proof)
    return document(root)


def _case(suite: ET.Element, name: str, proof: Proof, row: Row) -> None:
    case = ET.SubElement(suite, "testcase", name=visible(f"{row.id}: {row.title}"))
    case.set("classname", visible(f"paddock.{name}.{row.layer}"))
    if row.verdict in SHOWN:
        return
    if row.verdict in BROKEN:
        said = "; ".join((*row.evidence, row.reason) if row.reason else row.evidence)
        failure = ET.SubElement(case, "failure", type=row.verdict, message=visible(said or row.title))
        texts = (("seen", said), ("severity", row.severity), ("incident", row.source), ("fix", fix(proof, row)))
        failure.text = "\n".join(f"{what}: {visible(text)}" for what, text in texts if text)
        return
    ET.SubElement(case, "skipped", message=visible(f"{row.verdict}: {row.reason or 'nothing is promised'}"))


def _run(suite: ET.Element, name: str, proof: Proof) -> None:
    """Whether the run can be believed, as a test case: without it a suite of skips looks well."""
    case = ET.SubElement(suite, "testcase", name="the run can be believed", classname=visible(f"paddock.{name}"))
    if not proof.complete:
        message = visible("; ".join(proof.trouble) or "it is not complete")
        ET.SubElement(case, "error", type="incomplete", message=message)
    elif standing.whole(proof) == "unproven":
        ET.SubElement(case, "error", type="unproven", message=visible(standing.verdict(proof)))


def _seconds(*proofs: Proof) -> str:
    return f"{sum(proof.seconds for proof in proofs):.3f}"
