"""The dialogue about one changed text: hunk by hunk, as `git add -p` has it."""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.workspace.applying import hunks
from paddock.workspace.applying.hunks import Comparison, Hunk, Nonsense
from paddock.workspace.diff import HEADER, NOTE, Line
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.review import Asker
    from paddock.workspace.change import Change

HELP = {
    "y": "apply this hunk",
    "n": "leave this hunk in the change set",
    "q": "quit; what was taken so far is applied, the rest stays held",
    "a": "apply this hunk and all later ones of the file",
    "d": "leave this hunk and all later ones of the file",
    "s": "split it into smaller hunks",
    "e": "edit it by hand, and apply it",
    "?": "this help",
}


@frozen
class Answer:
    """What was taken: everything as it is, or a content (None: nothing) and, perhaps, the mode."""

    everything: bool = False
    content: bytes | None = None
    mode: bool = False
    quit: bool = False


class HunkReview:
    """Asks about one file."""

    def __init__(self, comparison: Comparison, change: Change, asker: Asker) -> None:
        self._comparison = comparison
        self._change = change
        self._asker = asker
        self._rest: bool | None = None  # the answer to all that is left
        self._quit = False

    def ask(self) -> Answer:
        """Go through the hunks."""
        name = quoted(self._change.path)
        self._asker.show([Line(HEADER, f"--- {name}"), Line(HEADER, f"+++ {name}")])
        mode = self._ask_mode()
        taken: list[tuple[Hunk, bool]] = []
        left = self._comparison.hunks()[::-1]
        asked = 0
        while left:
            hunk = left.pop()
            asked += 1
            answer, hunk = self._answer(hunk, f"({asked}/{asked + len(left)}) ")
            if answer == "s":
                left += hunks.split(hunk)[::-1]
                asked -= 1
            else:
                taken.append((hunk, answer == "y"))
        return self._result(taken, mode=mode)

    def _result(self, taken: list[tuple[Hunk, bool]], *, mode: bool) -> Answer:
        differs = self._mode_differs()
        whole = all(is_taken and hunk.edited is None for hunk, is_taken in taken)
        if whole and (mode or not differs):
            return Answer(everything=True, quit=self._quit)
        if not any(is_taken for _, is_taken in taken) and not (mode and differs):
            return Answer(quit=self._quit)
        return Answer(content=self._comparison.composed(taken), mode=mode, quit=self._quit)

    def _mode_differs(self) -> bool:
        return (self._change.old_mode ^ self._change.mode) & 0o1777 != 0

    def _ask_mode(self) -> bool:
        if not self._mode_differs():
            return False
        change = self._change
        self._asker.show([Line(NOTE, f"# mode {change.old_mode & 0o7777:04o} -> {change.mode:04o}")])
        answer = self._asker.ask("Apply this mode", "ynadq?")
        self._note(answer)
        return answer in ("y", "a")

    def _note(self, answer: str) -> None:
        if answer == "q":
            self._quit = True
        if answer in ("a", "d", "q"):
            self._rest = answer == "a"

    def _answer(self, hunk: Hunk, count: str) -> tuple[str, Hunk]:
        """y, n or s; and the hunk, perhaps edited."""
        if self._rest is not None:
            return "y" if self._rest else "n", hunk
        can_split = len(hunks.split(hunk)) > 1
        while True:
            self._asker.show(self._comparison.shown(hunk))
            answer = self._asker.ask(f"{count}Apply this hunk", "ynad" + "s" * can_split + "eq?")
            self._note(answer)
            if answer == "e":
                changed = self._edit(hunk)
                if changed is not None:
                    return "y", changed
                continue
            return {"a": "y", "d": "n", "q": "n"}.get(answer, answer), hunk

    def _edit(self, hunk: Hunk) -> Hunk | None:
        """The hunk as edited; None to ask again."""
        text = self._asker.edit(self._comparison.text(hunk))
        if text is None:
            return None
        try:
            changed = self._comparison.edited(hunk, text)
            self._comparison.composed([(changed, True)])
        except Nonsense as error:
            self._asker.say(f"the edited hunk cannot be applied: {error}")
            return None
        return changed
