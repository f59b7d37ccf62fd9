"""A change set gone through change by change with a person, who takes or leaves each, and each hunk of a text.

What is asked and answered goes through an `Asker`; this module knows no terminal. The caller holds the change set for
as long as that takes: what a person has seen is what will be applied. The answers come to `Wishes`.
"""

from __future__ import annotations

import stat

from paddock.frozen import replace
from paddock.workspace import bases, meta
from paddock.workspace.applying.consent import Consent
from paddock.workspace.applying.deciding import Decider
from paddock.workspace.applying.hunk_review import HunkReview
from paddock.workspace.applying.hunks import Comparison
from paddock.workspace.applying.merging import sides, text_at
from paddock.workspace.applying.verdicts import look
from paddock.workspace.applying.wishes import Part
from paddock.workspace.change_set import walk
from paddock.workspace.content import open_file, open_upper_file
from paddock.workspace.diff import NOTE, Line, differences
from paddock.workspace.holding import REASONS
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from paddock.workspace.applying.wishes import Wishes
    from paddock.workspace.change import Change
    from paddock.workspace.hazard import Hazard

    class Asker(Protocol):
        """A person, who sees lines and answers questions."""

        def show(self, lines: Iterator[Line] | Sequence[Line]) -> None:
            """Lines of a diff; content is as the sandbox wrote it."""

        def hazards(self, path: str, hazards: Sequence[Hazard]) -> None:
            """Why a change is dangerous."""

        def ask(self, question: str, answers: str) -> str:
            """One of the letters in `answers`, or "q" where nobody answers any more."""

        def edit(self, text: bytes) -> bytes | None:
            """What became of a text in the person's editor; None where there is none, or it failed."""

        def say(self, text: str) -> None:
            """A remark."""


class Review:
    """One way through a change set."""

    def __init__(self, wishes: Wishes, directory: int, trees: tuple[int, int], asker: Asker) -> None:
        """`directory` is the change set's, which the caller holds; `trees` are its upper and the host's."""
        known = bases.read(directory, meta.read(directory).begun_ns)
        agreed = replace(wishes, judge=None, links=True)
        self._known = known
        self._wishes = wishes
        self._hazards = Decider(wishes, known, directory, trees)
        self._conflicts = Decider(agreed, known, directory, trees)
        self._directory = directory
        self._trees = trees
        self._asker = asker
        self._taken: set[str] = set()
        self._consented: set[str] = set()
        self._told: set[tuple[str, Hazard]] = set()  # with the paths
        self._parts: dict[str, Part] = {}
        self._left = ""  # a directory that was not taken
        self._quit = False

    def choose(self) -> Wishes:
        """Ask about everything that is wanted; what was taken, as wishes. Nothing is written."""
        for group in _groups(self._wanted()):
            if self._quit:
                break
            self._one(group)
        return replace(
            self._wishes,
            selection=frozenset(self._taken),
            consent=Consent(paths=frozenset(self._consented)),
            links=True,  # each that leads out was asked about
            parts=self._parts,
        )

    def _wanted(self) -> Iterator[Change]:
        return (change for change in walk(*self._trees, look=True) if change.path in self._wishes.selection)

    def _one(self, group: Sequence[Change]) -> None:
        """Ask about a change, or about a directory that was deleted with all that was in it."""
        change = group[-1]
        found = look(self._trees[1], change.path)
        if self._left and change.path.startswith(self._left + "/"):
            return
        if change.type == "directory" and change.kind == "replaced":
            self._left = change.path  # until it is taken, there is no place for what is in it
        if not self._is_open(group):
            return
        problem = self._conflicts.decide(change, found).problem
        if problem and problem.kind == "conflict":
            self._conflict(change, found, problem.reason)
        elif problem:
            self._asker.show([Line(NOTE, f"# held: {quoted(change.path)}: {REASONS[problem.reason]}")])
        elif len(group) > 1:
            self._whole(group, f"Delete this directory and {len(group) - 1} in it")
        elif not self._hunks(change, found):
            self._whole(group, _QUESTIONS.get(change.kind, "Apply this change"))

    def _is_open(self, group: Sequence[Change]) -> bool:
        """Say what is dangerous about it, and what cannot be applied at all."""
        for change in group:
            problem = self._hazards.decide(change, look(self._trees[1], change.path)).problem
            if problem and problem.kind == "hazard":
                self._asker.hazards(change.path, problem.hazards)
                self._told.update((change.path, hazard) for hazard in problem.hazards)
            elif problem and problem.kind == "held" and problem.reason != "link":
                self._asker.show([Line(NOTE, f"# held: {quoted(problem.path)}: {REASONS[problem.reason]}")])
                return False
        return True

    def _whole(self, group: Sequence[Change], question: str) -> None:
        upper, lower = self._trees
        self._asker.show(line for change in differences(list(group), upper, lower) for line in change.lines)
        answer = self._asker.ask(question, "ynq?")
        if answer == "q":
            self._quit = True
        if answer == "y":
            self._take(group)

    def _take(self, group: Sequence[Change]) -> None:
        if self._left == group[-1].path:
            self._left = ""
        for change in group:
            self._taken.add(change.path)
            self._consented.add(change.path)

    def _hunks(self, change: Change, found: os.stat_result | None) -> bool:
        """Ask hunk by hunk where that can be done. Whether it was."""
        if change.kind != "modified" or found is None or not stat.S_ISREG(found.st_mode) or change.type != "file":
            return False
        upper, lower = self._trees
        old, new = text_at(lower, change.path, open_file), text_at(upper, change.path, open_upper_file)
        if old is None or new is None or b"\0" in old or b"\0" in new:
            return False
        review = HunkReview(Comparison(old, new), change, self._asker)
        answer = review.ask()
        self._quit = answer.quit
        if answer.everything:
            self._take([change])
        elif answer.content is not None:
            mode = (change.mode if answer.mode else stat.S_IMODE(found.st_mode)) & 0o1777
            self._put_together(change, Part(answer.content, mode, found))
        return True

    def _put_together(self, change: Change, part: Part) -> None:
        """Take it, unless it is dangerous in another way than what a person was told of, and they do not want that."""
        news = [hazard for hazard in self._hazards.lacking(change, part) if (change.path, hazard) not in self._told]
        if news:
            self._asker.hazards(change.path, news)
            answer = self._asker.ask("Put together it is dangerous. Apply it", "ynq?")
            self._quit = self._quit or answer == "q"
            if answer != "y":
                return
        self._take([change])
        self._parts[change.path] = part

    def _conflict(self, change: Change, found: os.stat_result | None, reason: str) -> None:
        """Offer what both sides come to, or show all three."""
        from paddock.workspace.applying import conflict_view

        base = self._known.of(change.path)
        self._asker.show([Line(NOTE, f"# conflict: {quoted(change.path)}: {reason}")])
        part = self._conflicts.merged(change, found, base)
        if part is None or found is None:
            all_sides = sides(change, found, base, self._directory, self._trees)
            if all_sides:
                self._asker.show(conflict_view.shown(all_sides))
            self._asker.say("it stays held; to take it in spite of that: paddock apply --force PATH")
            return
        ours = text_at(self._trees[1], change.path, open_file)
        comparison = Comparison(ours or b"", part.content)
        for hunk in comparison.hunks():
            self._asker.show(comparison.shown(hunk))
        answer = self._asker.ask("Both sides changed different places. Apply both together", "ynq?")
        self._quit = answer == "q"
        if answer == "y":
            self._put_together(change, part)


_QUESTIONS = {
    "added": "Add this",
    "deleted": "Delete this",
    "mode": "Apply this mode",
    "replaced": "Replace it by this",
}


def _groups(changes: Iterator[Change]) -> Iterator[list[Change]]:
    """The changes one by one, but a directory that was deleted with all that was in it, and no directory that is new.

    A new one comes with the first file in it, unless there is none.
    """
    deleted: list[Change] = []
    directory: Change | None = None
    for change in changes:
        if directory and not change.path.startswith(directory.path + "/"):
            yield [directory]
        directory = None
        if change.kind == "deleted":
            deleted.append(change)
            continue
        yield from _whole_directories(deleted)
        deleted = []
        if change.type == "directory" and change.kind == "added":
            directory = change
        else:
            yield [change]
    if directory:
        yield [directory]
    yield from _whole_directories(deleted)


def _whole_directories(deleted: list[Change]) -> list[list[Change]]:
    """Deletions come the deepest first: a directory stands after all that was in it."""
    groups: list[list[Change]] = []
    end = len(deleted)
    while end:
        top = deleted[end - 1]
        start = end - 1
        while start and deleted[start - 1].path.startswith(top.path + "/"):
            start -= 1
        groups.append(deleted[start:end])
        end = start
    return groups[::-1]
