"""What becomes of each change: applied, or not and why; with the content that two changes come to, where asked for."""

from __future__ import annotations

import stat

from paddock.frozen import frozen, replace
from paddock.workspace.applying import merging, verdicts
from paddock.workspace.applying.wishes import Part, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from paddock.workspace.applying.wishes import Wishes
    from paddock.workspace.bases import Base, Bases
    from paddock.workspace.change import Change
    from paddock.workspace.hazard import Hazard

LINK = "shape-link-out"  # the rule of the catalogue that says the same as `holding.leads_out`


@frozen
class Decision:
    """`problem` where a change is not applied. `part` is written in place of its own content.

    `base` is what the change was made from (`Base.text`), where a conflict was overridden or merged.
    """

    problem: Problem | None = None
    part: Part | None = None
    base: str = ""


class Decider:
    """Decides, and reads no more of the files than that takes."""

    def __init__(self, wishes: Wishes, known: Bases, directory: int, trees: tuple[int, int]) -> None:
        """`directory` is the change set's; `trees` are its upper and the host's."""
        self._wishes = wishes
        self._known = known
        self._directory = directory
        self._trees = trees
        self._judge = wishes.judge(*trees) if wishes.judge else None

    def forced(self, path: str) -> bool:
        """Whether a conflict is to be overridden."""
        return self._wishes.force is not None and path in self._wishes.force

    def decide(self, change: Change, found: os.stat_result | None) -> Decision:
        """What becomes of a change, whose path `found` is at on the host now."""
        hazards = self._judge.hazards(change) if self._judge else ()
        if self._wishes.links:
            hazards = tuple(hazard for hazard in hazards if hazard.name != LINK)
        lacking = self._wishes.consent.lacking(change.path, hazards)
        known_link = any(hazard.name == LINK for hazard in hazards)  # then it is a hazard, and no more than that
        held = verdicts.held(change, links=self._wishes.links or known_link)
        doubt = ""
        if not held and change.kind == "replaced" and found and stat.S_ISDIR(found.st_mode):
            held, doubt = verdicts.inside(self._trees[1], change, self._known)
        if held:
            return Decision(Problem(change.path, "held", held))
        if lacking:
            return Decision(_hazardous(change, lacking))
        decision = self._agreed(change, found, doubt)
        if decision.part and (lacking := self.lacking(change, decision.part)):
            return Decision(_hazardous(change, lacking))
        return decision

    def lacking(self, change: Change, part: Part) -> tuple[Hazard, ...]:
        """The hazards of what would be written that nobody agreed to: each side alone may be harmless."""
        if self._judge is None:
            return ()
        written = replace(change, new_mode=stat.S_IFREG | part.mode)
        return self._wishes.consent.lacking(change.path, self._judge.written(written, part.content))

    def _agreed(self, change: Change, found: os.stat_result | None, doubt: str) -> Decision:
        """The same for a change that nothing speaks against but, perhaps, the host's file."""
        base = self._known.of(change.path)
        if part := self._wishes.parts.get(change.path):
            if _identity(found) != _identity(part.seen):
                return Decision(Problem(change.path, "conflict", verdicts.CHANGED))
            return Decision(part=part, base=base.text() if part.doubtful else "")
        doubt = doubt or verdicts.conflict(self._trees[1], change, found, base)
        if not doubt:
            return Decision()
        if self.forced(change.path):
            return Decision(base=base.text())
        merged = self.merged(change, found, base)
        if merged and change.path in self._wishes.merge:
            return Decision(part=merged, base=base.text())
        return Decision(Problem(change.path, "conflict", doubt, mergeable=merged is not None))

    def merged(self, change: Change, found: os.stat_result | None, base: Base) -> Part | None:
        """The host's and the sandbox's changes in one file, where they are in different places of it."""
        if found is None or change.kind not in ("modified", "mode"):
            return None
        sides = merging.sides(change, found, base, self._directory, self._trees)
        merged = sides.merged() if sides else None
        if sides is None or merged is None or sides.mode is None:
            return None
        return Part(merged, sides.mode, found, complete=True, doubtful=True)


def _hazardous(change: Change, lacking: tuple[Hazard, ...]) -> Problem:
    why = "; ".join(dict.fromkeys(hazard.why for hazard in lacking))
    return Problem(change.path, "hazard", why, lacking)


def _identity(found: os.stat_result | None) -> tuple[int, int, int] | None:
    return None if found is None else (found.st_dev, found.st_ino, found.st_ctime_ns)
