from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.probes.proof import BROKEN, SHOWN, Proof
from paddock.probes.reports import junit
from tests.probes.proofs import NASTY, SUBJECT, any_proofs, proof, row

MADE = proof(
    row("FS-02"),
    row("FS-03", "breached", evidence=("read ../other/.env", NASTY), source="CVE-2025-54794", fix="mend it"),
    row("NW-01", "unproven", reason="its control was not run", promise="network"),
    row("NW-02", promise="network"),
    row("PK-01", "skipped", reason="no keyring"),
    row("PK-02", "fact"),
)


def cases(text: str) -> dict[str, ET.Element]:
    return {str(case.get("name")): case for case in ET.fromstring(text).iter("testcase")}


def test_each_row_is_a_test_case_of_its_layer() -> None:
    root = ET.fromstring(junit.write([MADE]))
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == [
        "bubblewrap: files", "bubblewrap: processes", "bubblewrap: network", "bubblewrap: the run itself",
    ]  # fmt: skip
    assert [case.get("name") for case in root[0]] == ["FS-02: the title of FS-02", "FS-03: the title of FS-03"]
    assert root[0][0].get("classname") == "paddock.bubblewrap.files"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7", "failures": "1", "errors": "0", "skipped": "3",
    }  # fmt: skip


def test_a_broken_row_fails_with_what_was_seen_and_what_to_do() -> None:
    failure = cases(junit.write([MADE]))["FS-03: the title of FS-03"].find("failure")
    assert failure is not None
    assert failure.get("type") == "breached"
    assert "read ../other/.env" in (failure.text or "")
    assert "incident: CVE-2025-54794" in (failure.text or "")
    assert "fix: mend it" in (failure.text or "")


def test_what_is_unproven_is_never_passed() -> None:
    found = cases(junit.write([MADE]))
    messages = {
        name[:5]: skipped.get("message")
        for name, case in found.items()
        if (skipped := case.find("skipped")) is not None
    }
    assert messages == {
        "NW-01": "unproven: its control was not run",
        "PK-01": "skipped: no keyring",
        "PK-02": "fact: nothing is promised",
    }


def test_a_run_that_cannot_be_believed_is_an_error() -> None:
    made = replace(MADE, rows=(row("FS-02", "unproven"),), complete=False, trouble=("it flooded its output",))
    error = cases(junit.write([made]))["the run can be believed"].find("error")
    assert error is not None
    assert error.get("message") == "it flooded its output"


def test_a_run_that_shows_nothing_is_an_error_too() -> None:
    made = proof(row("FS-02", "skipped", reason="no Python inside"))
    error = cases(junit.write([made]))["the run can be believed"].find("error")
    assert error is not None
    assert error.get("type") == "unproven"


def test_two_proofs_are_told_apart() -> None:
    other = replace(MADE, subject=replace(SUBJECT, boundary="landlock"))
    names = {suite.get("name") for suite in ET.fromstring(junit.write([MADE, other]))}
    assert {"bubblewrap: files", "landlock: files"} <= names


@given(st.lists(any_proofs, max_size=2))
def test_any_proof_is_well_formed_and_counts_right(made: list[Proof]) -> None:
    root = ET.fromstring(junit.write(made).encode())
    rows = [it for one in made for it in one.rows]
    found = list(root.iter("testcase"))
    assert len(found) == len(rows) + len(made) == int(root.get("tests", ""))
    assert len(list(root.iter("failure"))) == sum(it.verdict in BROKEN for it in rows) == int(root.get("failures", ""))
    passed = sum(len(case) == 0 and case.get("name") != "the run can be believed" for case in found)
    assert passed == sum(it.verdict in SHOWN for it in rows)
