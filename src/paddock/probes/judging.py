"""From answers, effects and controls to verdicts. Pure."""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.probes.catalogue.reading import ANYONE, ROOT
from paddock.probes.proof import SHOWN, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.expectations import Expectation
    from paddock.probes.running import Answer


@frozen
class Seen:
    """All that is known of one probe: what it said, what the host saw. No answer where it said nothing."""

    answer: Answer | None
    effects: tuple[str, ...] = ()

    @property
    def reached(self) -> tuple[str, ...]:
        """What was reached, whoever says so."""
        return (*(self.answer.reached if self.answer else ()), *self.effects)


def judge(probe: Probe, seen: Seen, control: Seen | None, expected: Expectation, *, as_root: bool) -> Row:
    """One probe's row. `control` is the same probe without a sandbox, where it was run.

    Raises nothing: what cannot be judged is unproven, with the reason.
    """
    verdict, reason = _verdict(probe, seen, control, expected, as_root=as_root)
    return Row(
        probe.id,
        probe.layer,
        probe.title,
        probe.kind,
        probe.severity,
        probe.promise,
        verdict,
        reason,
        seen.reached,
        probe.source,
        probe.fix,
        bool(control and control.reached),
    )


def asks_for_control(probe: Probe, seen: Seen) -> bool:
    """Whether it matters what the same probe does without a sandbox: not where it says why nothing was tried, nor where
    an attack reached something, nor where what must work does.
    """
    if probe.kind == "work":
        return _of_work(seen, None)[0] == "fails"
    return not seen.reached and not _silent(seen)


def doubt(row: Row, trouble: str) -> Row:
    """The row of a run that cannot be believed: what was reached was reached, but nothing is shown to have held."""
    from paddock.frozen import replace

    return replace(row, verdict="unproven", reason=trouble) if row.verdict in SHOWN else row


def _verdict(
    probe: Probe, seen: Seen, control: Seen | None, expected: Expectation, *, as_root: bool
) -> tuple[str, str]:
    if probe.kind == "work":
        return ("not-applicable", expected.why) if expected.word == "void" else _of_work(seen, control)
    if seen.reached:  # an effect counts, whatever else went wrong
        return _of_reached(probe, seen, expected)
    return _silent(seen) or _of_nothing(probe, seen, expected) or _held(probe, control, as_root=as_root)


def _of_reached(probe: Probe, seen: Seen, expected: Expectation) -> tuple[str, str]:
    beyond = [what for what in seen.reached if not expected.permits(what)]
    if beyond:
        return "breached", f"{expected.why}, but not {', '.join(beyond)}" if expected.only else ""
    if probe.kind == "depends":
        return "fact", ""
    return ("open" if expected.word == "open" else "allowed"), expected.why


def _of_nothing(probe: Probe, seen: Seen, expected: Expectation) -> tuple[str, str] | None:
    """What it means that nothing was reached, where that is not simply "held"."""
    if expected.word == "void":
        return "not-applicable", expected.why
    if expected.word == "works":
        return "fails", f"{expected.why}, but it was not reached"
    if probe.kind == "depends":
        return "fact", seen.answer.said if seen.answer else ""
    return None


def _silent(seen: Seen) -> tuple[str, str] | None:
    """Why it cannot be judged, if it cannot."""
    if seen.answer is None:
        return "unproven", "it gave no answer"
    if seen.answer.broken:
        return "unproven", f"the probe itself failed: {seen.answer.broken}"
    if seen.answer.inapplicable:
        return "not-applicable", seen.answer.inapplicable
    return ("skipped", seen.answer.skipped) if seen.answer.skipped else None


def _held(probe: Probe, control: Seen | None, *, as_root: bool) -> tuple[str, str]:
    """Nothing was reached: held, if the attack is known to work."""
    if control is None:
        if probe.control == ANYONE or (probe.control == ROOT and as_root):
            return "unproven", "its control was not run"
        return "held", "" if probe.control == ROOT else probe.control
    if control.reached:
        return "held", ""
    said = control.answer.said or control.answer.skipped or control.answer.broken if control.answer else ""
    return "unproven", f"it reaches nothing without a sandbox either{f' ({said})' if said else ''}"


def _of_work(seen: Seen, control: Seen | None) -> tuple[str, str]:
    answer = seen.answer
    if answer is None:
        return "unproven", "it gave no answer"
    if answer.skipped:
        return "skipped", answer.skipped
    if answer.inapplicable:
        return "not-applicable", answer.inapplicable
    wrong = answer.broken or answer.said or ", ".join(seen.reached)
    if not wrong:
        return "works", ""
    outside = control and (control.reached or (control.answer and (control.answer.said or control.answer.broken)))
    if outside:
        return "unproven", f"it does not work without a sandbox either: {wrong}"
    return "fails", wrong
