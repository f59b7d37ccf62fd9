from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.probes.catalogue.reading import load
from paddock.probes.reports import sarif
from tests.probes.proofs import SUBJECT, any_proofs, proof, row

if TYPE_CHECKING:
    from paddock.probes.proof import Proof

CATALOGUE = load()


def checked(text: str) -> dict[str, Any]:
    """The log, after what the schema of SARIF 2.1.0 and code hosts ask for was looked at by hand."""
    assert text.isascii()
    log: dict[str, Any] = json.loads(text)
    assert log.keys() == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        assert run.keys() <= {
            "tool", "automationDetails", "invocations", "columnKind", "results", "properties"
        }  # fmt: skip
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        rules = driver["rules"]
        for rule in rules:
            assert rule.keys() <= {
                "id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"
            }  # fmt: skip
            assert isinstance(rule["id"], str)
            for name in ("shortDescription", "fullDescription", "help"):
                assert isinstance(rule[name]["text"], str)
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
            assert re.fullmatch(r"\d\d?\.\d", rule["properties"]["security-severity"])
            assert len(set(rule["properties"]["tags"])) == len(rule["properties"]["tags"])
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)
            for notification in invocation["toolExecutionNotifications"]:
                assert notification["level"] in ("none", "note", "warning", "error")
                assert isinstance(notification["message"]["text"], str)
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("note", "error")
            assert isinstance(result["message"]["text"], str)
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
            for place in result["locations"]:
                assert place.keys() <= {"physicalLocation", "logicalLocations"}
                assert all(isinstance(it["fullyQualifiedName"], str) for it in place["logicalLocations"])
                if "physicalLocation" in place:
                    assert re.fullmatch(r"[\w./-]+", place["physicalLocation"]["artifactLocation"]["uri"])
                    assert place["physicalLocation"]["region"]["startLine"] >= 1
    return log


KNOWN = next(probe for probe in CATALOGUE if probe.id.startswith("FS-02"))
MADE = proof(
    row(KNOWN.id, "breached", evidence=("read a canary",), source="a CVE", fix="mend it"),
    row("NW-99 of another version", "unproven", reason="no network here", severity="critical"),
    row("FS-03"),
    row("FS-04", "skipped", reason="no"),
)


def test_broken_rows_are_errors_and_unproven_ones_notes_and_nothing_else_is_a_result() -> None:
    results = checked(sarif.write([MADE], CATALOGUE))["runs"][0]["results"]
    assert [(it["ruleId"], it["level"], it["message"]["text"]) for it in results] == [
        (KNOWN.id, "error", f"Broken: the title of {KNOWN.id} (read a canary)"),
        ("NW-99 of another version", "note", "Unproven: the title of NW-99 of another version (no network here)"),
    ]


def test_rules_explain_themselves_from_the_catalogue() -> None:
    rules = checked(sarif.write([MADE], CATALOGUE))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [it.id for it in MADE.rows]
    assert KNOWN.attempt in rules[0]["help"]["text"]
    assert KNOWN.holds in rules[0]["help"]["text"]
    assert "mend it" in rules[0]["help"]["text"]
    assert [rule["properties"]["security-severity"] for rule in rules[:2]] == ["8.0", "9.5"]


def test_a_run_that_cannot_be_believed_was_no_success() -> None:
    made = replace(MADE, complete=False, trouble=("it ended too early",))
    invocation = checked(sarif.write([made], CATALOGUE))["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert [it["message"]["text"] for it in invocation["toolExecutionNotifications"]] == ["it ended too early"]


def test_another_sandbox_has_no_policy_file_to_point_at() -> None:
    made = replace(MADE, subject=replace(SUBJECT, boundary="", against="firejail --private"))
    for result in checked(sarif.write([made], CATALOGUE))["runs"][0]["results"]:
        assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "firejail --private"}]}]


def test_two_proofs_are_two_runs_that_a_host_can_tell_apart() -> None:
    other = replace(MADE, subject=replace(SUBJECT, boundary="landlock"))
    runs = checked(sarif.write([MADE, other], CATALOGUE))["runs"]
    assert len({run["automationDetails"]["id"] for run in runs}) == 2


@given(st.lists(any_proofs, max_size=2))
def test_any_proof_keeps_to_the_schema(made: list[Proof]) -> None:
    runs = checked(sarif.write(made, CATALOGUE))["runs"]
    assert len(runs) == len(made)
    for one, run in zip(made, runs, strict=True):
        counted = [it for it in one.rows if it.verdict in ("breached", "fails", "unproven")]
        assert len(run["results"]) == len(counted)
