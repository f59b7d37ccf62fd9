"""A person at the terminal who takes changes one by one. All of the dialogue is on stderr; stdout is for the outcome.

Names, content and evidence come from a sandbox: every line is made harmless before a terminal sees it.
"""

from __future__ import annotations

import os
import sys

from paddock.cli.style import paint, plain
from paddock.cli.views.answer import answer_to
from paddock.errors import PaddockError, Usage
from paddock.workspace.applying.hunk_review import HELP
from paddock.workspace.diff import HEADER, HUNK, NEW, NOTE, OLD
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from paddock.workspace.diff import Line
    from paddock.workspace.hazard import Hazard

_STYLES = {HEADER: ("bold",), HUNK: ("cyan",), NEW: ("green",), OLD: ("red",), NOTE: ("yellow",)}
_LONGEST_LINE, _MOST_LINES = 2000, 2000
_EDITORS = ("sensible-editor", "editor", "nano", "vim", "vi")
# Editors look for orders to them in the first and last lines of a file (vim's modelines: five). What a sandbox wrote
# must not stand there.
_ABOVE = b"""# Edit this hunk; what you save is applied.
# A line with '-' in front goes, one with '+' comes; lines with ' ' stay and show the place.
# To leave a '-' line in, make its '-' a ' '. To leave a '+' line out, delete it.
# The lines with ' ' and '-' must be all that are there now, in their order.
# Delete everything to get back without a change.
#
"""
_BELOW = b"# ---\n" * 6


class Terminal:
    """The person at the terminal."""

    def __init__(self) -> None:
        """Raises Usage where there is none."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Usage("there is nobody to ask", why="this is no terminal", next_step="paddock apply, without -p")

    def show(self, lines: Iterable[Line]) -> None:
        """Lines of a diff; of very many only the first."""
        for number, line in enumerate(lines):
            if number == _MOST_LINES:
                self.say("… and more; all of it: paddock diff")
                return
            text = shown(line.text[:_LONGEST_LINE]) + "…" * (len(line.text) > _LONGEST_LINE)
            _write(paint(text, *_STYLES.get(line.kind, ()), stream=sys.stderr) + "\n")

    def hazards(self, path: str, hazards: Sequence[Hazard]) -> None:
        """Class, rule, reason and the lines that matter."""
        for line in hazard_lines(path, hazards):
            _write(paint(line, "red", stream=sys.stderr) + "\n")

    def ask(self, question: str, answers: str) -> str:
        """One of the letters; an end of the input is a "q"."""
        while True:
            letters = ",".join(answers)
            line = answer_to(paint(f"{question} [{letters}]? ", "bold", "blue", stream=sys.stderr))
            if not line:
                _write("\n")
                return "q"
            answer = line.strip().lower()[:1]
            if answer and answer in answers and answer != "?":
                return answer
            for letter in answers:
                _write(paint(f"{letter} - {HELP[letter]}", "red", stream=sys.stderr) + "\n")

    def edit(self, text: bytes) -> bytes | None:
        """What became of a text in the person's editor; None where that failed."""
        from paddock import process, state

        place = f"{state.make_private(state.runtime_directory())}/edit-{os.urandom(8).hex()}"
        os.mkdir(place, 0o700)
        path = f"{place}/hunk.diff"
        try:
            _put(path, _ABOVE + text + _BELOW)
            # Not in the repository: some editors read orders from where they are started.
            status = process.attend([*editor(os.environ), path], environment=os.environ, cwd=place)
            if status == 0:
                with open(path, "rb") as file:
                    return file.read()
            self.say(f"the editor ended with {status}")
        except (PaddockError, OSError) as error:
            self.say(plain(str(error)))
        finally:
            from paddock.workspace import removal, shelf

            with shelf.opened(os.path.dirname(place)) as parent:
                removal.remove(parent, os.path.basename(place))
        return None

    def say(self, text: str) -> None:
        """A remark of Paddock's own."""
        _write(paint(text, "dim", stream=sys.stderr) + "\n")


def shown(text: str) -> str:
    """Text from a sandbox, harmless for terminals; a tab does nothing to those."""
    return "\t".join(map(plain, text.split("\t")))


def hazard_lines(path: str, hazards: Sequence[Hazard]) -> list[str]:
    """What a person has to know before agreeing: the class, the rule, why, and the lines that matter."""
    lines = [f"hazard  {plain(quoted(path))}"]
    for hazard in hazards:
        lines.append(f"    {plain(hazard.family)} ({plain(hazard.name)}): {plain(hazard.why)}")
        lines += [f"      | {shown(line)}" for line in hazard.evidence]
    return lines


def editor(environ: Mapping[str, str]) -> list[str]:
    """The person's editor: $VISUAL, $EDITOR, or one of the system's. Raises PaddockError where there is none."""
    import shlex

    from paddock import process

    given = environ.get("VISUAL") or environ.get("EDITOR")
    try:
        words = shlex.split(given) if given else []
    except ValueError as error:
        raise PaddockError(f"$EDITOR is no command: {given!a}", why=str(error)) from error
    if not words:
        found = next(filter(None, map(process.find, _EDITORS)), None)
        if found is None:
            raise PaddockError("there is no editor", next_step="set EDITOR")
        return [found]
    # The person's PATH, but nothing relative in it: that could be the repository's.
    places = [place for place in environ.get("PATH", "").split(":") if place.startswith("/")]
    program = words[0] if "/" in words[0] else process.find(words[0], [*places, *process.SYSTEM_PATH])
    if program is None or not program.startswith("/"):
        raise PaddockError(f"the editor {words[0]!a} was not found", next_step="set EDITOR to a program on your PATH")
    return [program, *words[1:]]


def _put(path: str, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
