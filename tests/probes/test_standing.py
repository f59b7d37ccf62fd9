from __future__ import annotations

import pytest
from hypothesis import given

from paddock.frozen import replace
from paddock.probes import standing
from paddock.probes.catalogue.reading import LAYERS
from paddock.probes.expectations import PROMISES
from paddock.probes.proof import BROKEN, SHOWN, VERDICTS, Proof
from tests.probes.proofs import MUSTS, SUBJECT, any_proofs, proof, row


def test_every_layer_has_a_sentence_and_every_promise_of_a_must_exists() -> None:
    assert set(standing.SENTENCES) == set(LAYERS)
    assert {key for _, keys in standing.MUSTS for key in keys} <= set(PROMISES)


@pytest.mark.parametrize(
    ("verdicts", "word", "count"),
    [
        (["held", "works", "allowed"], "held", "3/3"),
        (["held", "unproven"], "partly", "1/2"),
        (["held", "skipped"], "partly", "1/2"),
        (["unproven", "skipped"], "unproven", "0/2"),
        (["held", "breached", "unproven"], "broken", "1/3"),
        (["fails"], "broken", "0/1"),
        (["held", "fact", "not-applicable"], "held", "1/1"),
        (["held", "open"], "held", "1/1"),
        (["fact"], "not tried", "0/0"),
        (["open"], "not tried", "0/0"),
        ([], "not tried", "0/0"),
    ],
)
def test_the_standing_of_rows(verdicts: list[str], word: str, count: str) -> None:
    found = standing.of(row(f"FS-{number}", verdict) for number, verdict in enumerate(verdicts))
    assert (found.word, f"{found.shown}/{found.total}") == (word, count)


def test_a_critical_row_that_could_not_be_tried_is_not_made_up_for_by_others() -> None:
    assert standing.of([row("FS-01"), row("FS-02", "unproven", severity="critical")]).word == "unproven"
    assert standing.of([row("FS-01"), row("FS-02", "skipped", severity="critical")]).word == "partly"


def test_what_stands_beside_the_count_is_named() -> None:
    rows = [row("FS-1"), row("FS-2", "skipped"), row("FS-3", "open"), row("FS-4", "open"), row("FS-5", "allowed")]
    assert standing.of(rows).aside == ("1 skipped", "2 open", "1 allowed")


class TestWhole:
    def test_all_held(self) -> None:
        made = proof(*MUSTS, row("OK-01", "works", promise="work"))
        assert standing.whole(made) == "held"
        assert standing.verdict(made) == "Held: all 4 as they should be."

    def test_some_chosen_probes_are_no_proof_of_the_others(self) -> None:
        assert standing.verdict(proof(row("FS-02"))).endswith(" 2 of the 3 musts were not tried.")
        assert standing.verdict(proof(*MUSTS[:2], row("FS-02", "skipped"))).endswith(" 1 of the 3 musts was not tried.")
        assert standing.left_out(proof(*MUSTS)) == ()

    def test_a_breach_stays_one_in_a_run_that_was_disturbed(self) -> None:
        made = proof(row("FS-02", "breached"), row("FS-03", "unproven"), complete=False)
        assert standing.whole(made) == "broken"
        assert standing.verdict(made) == (
            "Not contained: 1 attack got through. 1 of 2 could not be shown here."
            " The rest cannot be believed: the run was disturbed."
        )

    def test_a_run_that_was_disturbed_proves_nothing(self) -> None:
        made = proof(row("FS-02"), complete=False)
        assert standing.whole(made) == "unproven"
        assert standing.verdict(made).startswith("Not proven: the run itself cannot be believed.")

    def test_a_must_without_any_evidence_is_not_proven_whatever_else_held(self) -> None:
        made = proof(row("FS-02"), row("NW-01", "unproven", promise="network"))
        assert standing.whole(made) == "unproven"
        assert "too little shows that no way out but what the policy allows" in standing.verdict(made)

    def test_some_that_could_not_be_shown_are_said(self) -> None:
        made = proof(*MUSTS, row("FS-03", "skipped"))
        assert standing.whole(made) == "partly"
        assert standing.verdict(made) == "Nothing broke. 1 of 4 could not be shown here."

    def test_nothing_tried_is_nothing_proven(self) -> None:
        assert standing.verdict(proof()) == "Not proven: nothing was shown."

    def test_what_got_through_a_gap_is_said_although_all_is_held(self) -> None:
        made = proof(*MUSTS, row("FS-03", "open"))
        assert standing.verdict(made) == "Held: all 3 as they should be. 1 got through where nothing is promised."

    def test_work_that_fails_breaks_it(self) -> None:
        made = proof(row("OK-01", "fails"), row("OK-02", "fails"), row("FS-02", "breached"), row("FS-03", "breached"))
        assert standing.verdict(made) == "Not contained: 2 attacks got through, 2 things that must work do not."
        assert "1 thing that must work does not" in standing.verdict(proof(row("OK-01", "fails")))


@given(any_proofs)
def test_never_held_where_anything_is_missing(made: Proof) -> None:
    word = standing.whole(made)
    verdicts = {it.verdict for it in made.rows}
    if word == "held":
        assert made.passed
        assert not verdicts & {*BROKEN, "unproven", "skipped"}
        assert verdicts & {*SHOWN}
    assert (word == "broken") == bool(made.broken)
    assert (standing.EXIT_CODES[word] == 0) == made.passed
    assert not made.passed or (made.complete and not made.broken)
    assert "Held" not in standing.verdict(made) or word == "held"


@given(any_proofs)
def test_every_row_is_in_one_layer(made: Proof) -> None:
    found = standing.layers(made)
    counted = [it for it in made.rows if it.verdict not in ("fact", "open", "not-applicable")]
    assert sum(it.total for _, _, it in found) == len(counted)
    assert {name for name, _, _ in found} == {it.layer for it in made.rows}


def test_of_several_the_worst_decides() -> None:
    held, partly = proof(row("FS-02")), proof(row("FS-02"), row("FS-03", "skipped"))
    unproven, broken = proof(row("FS-02"), complete=False), proof(row("FS-02", "breached"))
    assert standing.worst([held, held]) == "held"
    assert standing.worst([held, partly]) == "partly"
    assert standing.worst([partly, unproven]) == "unproven"
    assert standing.worst([unproven, broken, held]) == "broken"
    assert standing.worst([]) == "unproven"
    assert standing.worst([proof(), held]) == "unproven"


def test_a_name_is_the_boundary_or_the_other_sandbox() -> None:
    assert standing.name(proof()) == "bubblewrap"
    assert standing.name(proof(subject=replace(SUBJECT, against="firejail --net=none"))) == "firejail --net=none"
    assert standing.name(proof(subject=replace(SUBJECT, boundary=""))) == "the sandbox"


def test_no_verdict_is_forgotten() -> None:
    known = {*BROKEN, *SHOWN, *standing.NOT_SHOWN, "open", "not-applicable", "fact"}
    assert known == {*VERDICTS}
