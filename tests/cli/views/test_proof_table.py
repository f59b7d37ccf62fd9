from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.cli import style
from paddock.cli.views import proof_table
from paddock.frozen import replace
from tests.probes.proofs import MUSTS, NASTY, SUBJECT, any_proofs, proof, row

if TYPE_CHECKING:
    from paddock.probes.proof import Proof

MADE = proof(
    row("FS-02", controlled=True),
    row("FS-03", "breached", evidence=("read ../other/.env",), source="CVE-2025-54794", fix="mend it so"),
    row("FS-04 another-one", "breached"),
    row("FS-05", "unproven", reason="it reaches nothing without a sandbox either"),
    row("FS-06", "unproven", reason="it reaches nothing without a sandbox either"),
    row("NW-01", promise="network"),
    row("NW-02", "allowed", reason="paddock.toml:12", promise="network"),
    row("PK-00", "not-applicable", reason="the plan has no network"),
    row("PK-01", "skipped", reason="no keyring here", promise="ipc"),
    row("OK-01", "works", promise="work"),
    facts={"seccomp": "filter"},
)


def test_what_a_person_wants_to_know_is_there_in_this_order() -> None:
    text = proof_table.text(MADE, 80, everything=False)
    assert (
        text
        == """\
bubblewrap: 9 attacks and 1 task that must work in 0.7 s

held         2/2  no way out but what the policy allows (1 allowed)
BROKEN       1/5  nothing outside the workspace is read or written (2 unproven)
not tried         nothing is planted that the host would run

BROKEN       1/5  files       FS-03 the title of FS-03 (read ../other/.env) (2
                              unproven)
                  incident    CVE-2025-54794
                  fix         mend it so
                  and         1 more: FS-04 another-one
unproven     0/1  processes   no other process, no privilege, no risky call (1
                              skipped)
held         2/2  network     nothing is reached but what the policy names (1
                              allowed)
held         1/1  work        ordinary work goes on

unproven       2  it reaches nothing without a sandbox either: FS-05, FS-06
skipped        1  no keyring here: PK-01
allowed        1  paddock.toml:12: NW-02
n/a            1  the plan has no network: PK-00

controls    1 of 2 that held were shown to get through without the sandbox
facts       seccomp: filter
versions    paddock 0.1.0, probes 0123456789abcdef, python 3.11.2
machine     kernel 6.1.0 x86_64, as root
policy      policy aa, plan bb
when        2026-11-21T09:00:00Z

Not contained: 2 attacks got through. 3 of 9 could not be shown here.
next: paddock prove --explain FS-03
"""
    )


def test_with_everything_each_row_is_there() -> None:
    text = proof_table.text(MADE, 80, everything=True)
    for one in MADE.rows:
        assert f"{one.id.partition(' ')[0]} {one.title}" in text


def test_a_flood_of_evidence_is_cut_unless_asked_for() -> None:
    flood = tuple(f"piece {number} " + "x" * 300 for number in range(20))
    made = proof(row("FS-02", "breached", evidence=flood), complete=False, trouble=("y" * 500,))
    short = proof_table.text(made, 80, everything=False)
    assert len(short.splitlines()) < 40
    assert "piece 19" not in short
    assert "piece 19" in proof_table.text(made, 80, everything=True)


def test_many_facts_are_cut_unless_asked_for() -> None:
    made = proof(row("FS-02"), facts={f"fact {number}": "x" * 30 for number in range(9)})
    short = proof_table.text(made, 80, everything=False)
    assert "... (--verbose)" in short
    assert "fact 8" not in short
    assert "fact 8" in proof_table.text(made, 80, everything=True)


def test_many_reasons_are_counted_and_not_all_shown_unless_asked_for() -> None:
    rows = [row(f"FS-{number}", "skipped", reason=f"reason {number}") for number in range(10, 30)]
    short = proof_table.text(proof(row("FS-02"), *rows), 80, everything=False)
    assert "14 more, for other reasons: --verbose" in short
    assert "reason 29" in proof_table.text(proof(row("FS-02"), *rows), 80, everything=True)


@pytest.mark.parametrize(
    ("made", "step"),
    [
        (proof(*MUSTS), "paddock run -- COMMAND"),
        (proof(row("FS-02")), "paddock prove      with all probes"),
        (proof(*MUSTS, row("FS-03", "skipped")), "paddock prove --verbose"),
        (proof(row("FS-02"), complete=False), "paddock doctor"),
        (proof(row("FS-02 name", "fails")), "paddock prove --explain FS-02"),
        (proof(row("FS-02"), subject=replace(SUBJECT, against="firejail")), "paddock prove      the same"),
    ],
)
def test_the_next_command_is_the_one_that_helps(made: Proof, step: str) -> None:
    assert f"\nnext: {step}" in proof_table.text(made, 80, everything=False)


def test_a_disturbed_run_says_by_what() -> None:
    made = proof(row("FS-02", "unproven", reason="it gave no answer"), complete=False, trouble=(f"it said {NASTY}",))
    text = proof_table.text(made, 80, everything=False)
    assert "disturbed: it said <script>" in text
    assert "Not proven: the run itself cannot be believed." in text


@given(any_proofs, st.integers(60, 120), st.booleans())
def test_any_proof_prints_and_obeys_nobody(made: Proof, width: int, everything: bool) -> None:
    text = proof_table.text(made, width, everything=everything)
    assert all(character == "\n" or style.plain(character) == character for character in text)
    assert "next: paddock" in text


@given(any_proofs)
def test_colour_changes_no_word(made: Proof) -> None:
    import re

    bare = proof_table.text(made, 80, everything=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(style, "wants_color", lambda stream=None: True)
        coloured = proof_table.text(made, 80, everything=False)
    assert coloured != bare
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == bare


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for everything in (False, True):
        assert max(map(len, proof_table.text(MADE, width, everything=everything).splitlines())) <= width
