from __future__ import annotations

import pytest
from hypothesis import given

from paddock.frozen import replace
from paddock.probes.comparing import ABSENT, compare, weaknesses
from paddock.probes.proof import VERDICTS, Proof
from tests.probes.proofs import SUBJECT, any_proofs, proof, row


def changed(was: str, now: str) -> str:
    """The direction from one verdict to another; ABSENT for no row."""
    old, new = (proof(*([] if verdict == ABSENT else [row("FS-02", verdict)])) for verdict in (was, now))
    found = compare(old, new)
    assert found.worse == any(change.direction == "worse" for change in found.changes)
    return found.changes[0].direction if found.changes else "same"


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        ("held", "breached", "worse"),
        ("works", "fails", "worse"),
        ("held", "unproven", "worse"),
        ("held", "skipped", "worse"),
        ("held", ABSENT, "worse"),
        ("held", "allowed", "worse"),
        ("allowed", "open", "worse"),
        ("unproven", "breached", "worse"),
        (ABSENT, "breached", "worse"),
        ("fact", "breached", "worse"),
        ("breached", "held", "better"),
        ("breached", "allowed", "better"),
        ("unproven", "held", "better"),
        (ABSENT, "held", "better"),
        ("breached", "unproven", "other"),
        ("breached", ABSENT, "other"),
        ("breached", "fails", "other"),
        ("unproven", "skipped", "other"),
        ("held", "not-applicable", "other"),
        ("fact", ABSENT, "other"),
    ],
)
def test_which_way_it_went(was: str, now: str, direction: str) -> None:
    assert changed(was, now) == direction


@pytest.mark.parametrize("verdict", [*VERDICTS, ABSENT])
def test_no_change_is_none(verdict: str) -> None:
    assert changed(verdict, verdict) == "same"


@pytest.mark.parametrize("was", [*VERDICTS, ABSENT])
@pytest.mark.parametrize("now", [*VERDICTS, ABSENT])
def test_what_got_better_one_way_got_no_better_the_other(was: str, now: str) -> None:
    assert not changed(was, now) == changed(now, was) == "better"
    assert not changed(was, now) == changed(now, was) == "worse"


def test_the_worse_come_first_and_say_what_was_seen() -> None:
    old = proof(row("FS-02", "breached"), row("FS-03"), row("FS-04"), row("FS-05", "skipped"))
    new = proof(
        row("FS-02"),
        row("FS-03", "breached", evidence=("read it",), reason="at last"),
        row("FS-04"),
        row("FS-05", "unproven"),
    )
    found = compare(old, new)
    assert [(change.id, change.direction) for change in found.changes] == [
        ("FS-03", "worse"), ("FS-05", "other"), ("FS-02", "better"),
    ]  # fmt: skip
    assert found.changes[0].why == "read it; at last"
    assert found.same == 1


def test_what_else_is_not_the_same() -> None:
    new = replace(
        SUBJECT,
        kernel="6.2.0",
        policy_hash="cc",
        gaps=("metadata",),
        versions={"python": "3.12.0", "bubblewrap": "0.11"},
    )
    found = compare(proof(facts={"seccomp": "2"}), proof(subject=new, facts={"seccomp": "0"}))
    assert found.surroundings == (
        ("policy hash", "aa", "cc"),
        ("gaps", "", "metadata"),
        ("bubblewrap", "", "0.11"),
        ("python", "3.11.2", "3.12.0"),
        ("kernel", "6.1.0", "6.2.0"),
        ("seccomp", "2", "0"),
    )
    assert not found.worse


def test_a_run_that_can_no_longer_be_believed_is_worse() -> None:
    assert compare(proof(row("FS-02")), proof(row("FS-02"), complete=False)).worse
    assert not compare(proof(row("FS-02"), complete=False), proof(row("FS-02"), complete=False)).worse


@given(any_proofs)
def test_a_proof_and_itself_are_the_same(made: Proof) -> None:
    found = compare(made, made)
    assert (found.changes, found.surroundings, found.same) == ((), (), len(made.rows))


@given(any_proofs, any_proofs)
def test_every_row_is_counted_once(old: Proof, new: Proof) -> None:
    found = compare(old, new)
    assert found.same + len(found.changes) == len({it.id for it in (*old.rows, *new.rows)})


class TestWeaknesses:
    def test_a_stronger_boundary_may_hold_more_but_not_less(self) -> None:
        weaker = proof(row("FS-02"), row("FS-03", "open"), row("FS-04", "breached"), row("OK-01", "works"))
        stronger = proof(row("FS-02", "breached"), row("FS-03"), row("FS-04", "breached"), row("OK-01", "works"))
        assert [it.id for it in weaknesses(weaker, stronger)] == ["FS-02"]

    def test_a_gap_of_the_stronger_one_is_no_excuse(self) -> None:
        assert weaknesses(proof(row("FS-02")), proof(row("FS-02", "open")))

    def test_what_the_weaker_one_did_not_show_says_nothing(self) -> None:
        weaker = proof(row("FS-02", "unproven"), row("FS-03", "skipped"))
        assert weaknesses(weaker, proof(row("FS-02", "breached"), row("FS-03", "breached"))) == ()
