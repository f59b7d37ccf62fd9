from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.probes.catalogue.reading import KINDS, Probe
from paddock.probes.expectations import FAILS, WORKS, Expectation
from paddock.probes.judging import Seen, asks_for_control, doubt, judge
from paddock.probes.proof import BROKEN, SHOWN, VERDICTS
from paddock.probes.running import Answer

PROBE = Probe("FS-99 made-up", "files", "a title", "boundary", "high", "outside", "tried", "held", "a CVE", "anyone")
NOTHING, REACHED = Seen(Answer()), Seen(Answer(("read it",)))
OPEN = Expectation("open", "gap survivors, which was accepted")

answers = st.builds(
    Answer,
    reached=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    said=st.text(max_size=5),
    skipped=st.sampled_from(["", "no such thing"]),
    broken=st.sampled_from(["", "KeyError"]),
)
seens = st.builds(Seen, st.none() | answers, st.lists(st.text(max_size=5), max_size=2).map(tuple))
probes = st.builds(
    lambda kind, control: replace(PROBE, kind=kind, control=control),
    st.sampled_from(KINDS),
    st.sampled_from(["anyone", "root", "a bare host has none"]),
)
expectations = st.sampled_from([FAILS, WORKS, OPEN])


def verdict(
    seen: Seen, without: Seen | None = REACHED, expected: Expectation = FAILS, **changes: str
) -> tuple[str, str]:
    row = judge(replace(PROBE, **changes), seen, without, expected, as_root=False)
    return row.verdict, row.reason


def test_an_attack_that_reaches_nothing_inside_and_something_without_is_held() -> None:
    assert verdict(NOTHING) == ("held", "")


def test_an_attack_that_reaches_something_is_a_breach_with_its_evidence() -> None:
    row = judge(PROBE, Seen(Answer(("read it",)), ("the host saw it",)), REACHED, FAILS, as_root=False)
    assert (row.verdict, row.evidence, row.controlled) == ("breached", ("read it", "the host saw it"), True)


def test_what_the_host_saw_counts_whatever_the_attacker_says() -> None:
    for answer in (None, Answer(), Answer(skipped="no need"), Answer(broken="KeyError")):
        assert verdict(Seen(answer, ("it arrived",)))[0] == "breached"


def test_an_attack_that_fails_without_a_sandbox_too_proves_nothing() -> None:
    found, reason = verdict(NOTHING, Seen(Answer(said="No such file")))
    assert found == "unproven"
    assert "No such file" in reason


def test_no_answer_is_never_taken_for_held() -> None:
    assert verdict(Seen(None)) == ("unproven", "it gave no answer")


def test_a_control_that_was_not_run_shows_nothing() -> None:
    assert verdict(NOTHING, None)[0] == "unproven"


def test_a_control_that_only_root_could_run_is_left_to_root() -> None:
    assert verdict(NOTHING, None, control="root") == ("held", "")
    row = judge(replace(PROBE, control="root"), NOTHING, None, FAILS, as_root=True)
    assert row.verdict == "unproven"


def test_where_no_control_can_be_the_reason_is_told() -> None:
    assert verdict(NOTHING, None, control="a bare host has none") == ("held", "a bare host has none")


def test_what_the_policy_allows_is_reached_or_the_promise_is_broken() -> None:
    allows = Expectation("works", "paddock.toml:12 allows it")
    assert verdict(REACHED, expected=allows) == ("allowed", "paddock.toml:12 allows it")
    assert verdict(NOTHING, expected=allows)[0] == "fails"


def test_what_nobody_promised_is_reported_and_not_a_breach() -> None:
    assert verdict(REACHED, expected=OPEN) == ("open", OPEN.why)
    assert verdict(REACHED, kind="depends", expected=OPEN)[0] == "fact"


def test_work_that_goes_on_works_and_work_that_does_not_fails() -> None:
    assert verdict(NOTHING, kind="work", expected=WORKS) == ("works", "")
    assert verdict(Seen(Answer(said="Read-only file system")), NOTHING, WORKS, kind="work")[0] == "fails"
    assert verdict(Seen(Answer(("no commit",))), NOTHING, WORKS, kind="work") == ("fails", "no commit")


def test_work_that_does_not_go_on_outside_either_is_not_the_sandboxs_fault() -> None:
    assert verdict(Seen(Answer(("no gcc",))), Seen(Answer(("no gcc",))), WORKS, kind="work")[0] == "unproven"


@given(probe=probes, seen=seens, control=st.none() | seens, expected=expectations, as_root=st.booleans())
def test_every_case_has_a_verdict_and_none_that_shows_something_lacks_an_answer(
    probe: Probe, seen: Seen, control: Seen | None, expected: Expectation, *, as_root: bool
) -> None:
    row = judge(probe, seen, control, expected, as_root=as_root)
    assert row.verdict in VERDICTS
    if seen.answer is None and not seen.effects:
        assert row.verdict == "unproven"
    if row.verdict == "held":
        assert not row.evidence
        assert control is None or control.reached
    if row.verdict not in SHOWN and row.verdict not in ("breached", "fact"):
        assert row.reason


@given(probe=probes, seen=seens, control=seens, expected=expectations, as_root=st.booleans())
def test_a_control_that_is_not_asked_for_would_change_nothing(
    probe: Probe, seen: Seen, control: Seen, expected: Expectation, *, as_root: bool
) -> None:
    assume(not asks_for_control(probe, seen))
    without, beside = (judge(probe, seen, one, expected, as_root=as_root) for one in (None, control))
    assert without == replace(beside, controlled=False)


def test_a_control_is_asked_for_where_it_decides() -> None:
    work = replace(PROBE, kind="work")
    assert [asks_for_control(PROBE, seen) for seen in (NOTHING, REACHED)] == [True, False]
    assert [asks_for_control(work, seen) for seen in (NOTHING, REACHED)] == [False, True]
    assert not asks_for_control(PROBE, Seen(Answer(skipped="no vsock")))


@pytest.mark.parametrize("found", VERDICTS)
def test_a_run_that_cannot_be_believed_shows_nothing_but_its_breaches(found: str) -> None:
    row = judge(PROBE, NOTHING, REACHED, FAILS, as_root=False)
    doubted = doubt(replace(row, verdict=found), "it flooded its output").verdict
    assert doubted not in SHOWN
    assert (doubted in BROKEN) == (found in BROKEN)
