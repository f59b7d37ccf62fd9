"""A proof as SARIF 2.1.0 (OASIS), which code hosts show beside a change: a run for each proof.

Broken promises are errors, what is unproven is a note; what held is no result. A run that cannot be believed says so
in its invocation, as the standard wants it (section 3.20.14), since a run without results looks well.
"""

from __future__ import annotations

from paddock.probes import standing
from paddock.probes.proof import BROKEN
from paddock.probes.reports.fixes import fix
from paddock.reporting import sarif
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.proof import Proof, Row

# A result needs a file to stand at, and the policy's is where a person would mend it.
_PLACE = "paddock.toml"


def write(proofs: Sequence[Proof], catalogue: Sequence[Probe]) -> str:
    """The log file. `catalogue` explains the rows; those of another version explain themselves."""
    known = {probe.id: probe for probe in catalogue}
    runs = [_run(proof, known) for proof in proofs]
    return sarif.log(runs)


def _run(proof: Proof, known: Mapping[str, Probe]) -> dict[str, Any]:
    rules = list({row.id: _rule(proof, row, known.get(row.id)) for row in proof.rows}.values())
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    shown = [row for row in proof.rows if row.verdict in (*BROKEN, "unproven")]
    name = visible(standing.name(proof))
    return {
        "tool": {
            "driver": {
                "name": "paddock prove",
                "semanticVersion": visible(proof.subject.paddock),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"paddock-prove/{name.replace('/', ' ')}/"},
        "invocations": [
            {
                "executionSuccessful": proof.complete,
                "startTimeUtc": visible(proof.begun),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": visible(what)}} for what in proof.trouble
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(row, places[visible(row.id)], proof) for row in shown],
        "properties": {"verdict": visible(standing.verdict(proof)), "counts": proof.counted()},
    }


def _rule(proof: Proof, row: Row, probe: Probe | None) -> dict[str, Any]:
    said = (
        ("What is attempted", probe.attempt if probe else ""),
        ("What holds", probe.holds if probe else ""),
        ("Where it comes from", row.source),
        ("What to do", fix(proof, row)),
    )
    help_text = "\n".join(f"{what}: {visible(text)}." for what, text in said if text) or visible(row.title)
    return {
        "id": visible(row.id),
        "shortDescription": {"text": visible(row.title)},
        "fullDescription": {"text": visible(probe.attempt if probe else row.title)},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["security", "sandbox", visible(row.layer)],
            "security-severity": sarif.SCORES.get(row.severity, "0.0"),
        },
    }


def _result(row: Row, index: int, proof: Proof) -> dict[str, Any]:
    seen = "; ".join((*row.evidence, row.reason) if row.reason else row.evidence)
    what = "Unproven" if row.verdict == "unproven" else "Broken"
    where: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": visible(standing.name(proof))}]}
    if not proof.subject.against:
        where["physicalLocation"] = {"artifactLocation": {"uri": _PLACE}, "region": {"startLine": 1}}
    return {
        "ruleId": visible(row.id),
        "ruleIndex": index,
        "level": "note" if row.verdict == "unproven" else "error",
        "message": {"text": visible(f"{what}: {row.title}{f' ({seen})' if seen else ''}")},
        "locations": [where],
        "partialFingerprints": {"paddockProbe/v1": visible(f"{standing.name(proof)} {row.id}")},
    }
