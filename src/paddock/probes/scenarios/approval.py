"""What needs a person's word: it cannot be given from inside, and no answer is a no."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.probes.scenarios.scene import NotApplicable, scenario
from paddock.probes.scenarios.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Findings, Scene

_CHANGE = "echo more >> hello.txt; printf 'all:\\n\\ttrue\\n' > Makefile"
# Says yes wherever somebody might take it for a person's: on the terminal, as its own output, and after its own end.
_SAYS_YES = f"{_CHANGE}; (trap '' HUP; while sleep 0.02; do echo y > /dev/tty; done) & echo y > /dev/tty; echo y"
_LONG_S = 60  # for the sandbox, the question and the end, on a busy machine
_NOBODY = b"\x04"  # what a terminal makes the end of input of


@scenario("AP-02 no-answer-from-inside", "AP-09 no-answer-is-no")
def answers(scene: Scene) -> Findings:
    """Paddock asks; the command inside has said yes before, and goes on to; the person ends the conversation."""
    if not scene.paddock:
        raise NotApplicable("it asks nobody")
    if scene.plan and scene.plan.workspace.mode != "review":
        raise NotApplicable(f"there is nothing to ask about in mode {scene.plan.workspace.mode}")
    command = scene.under(("/bin/sh", "-c", _SAYS_YES), ("--ask",))
    with Terminal(command, scene.ground.environ, scene.ground.repo) as terminal:
        asked = terminal.shows(b"[y,n", timeout_s=_LONG_S)
        if not asked and not terminal.ended:  # which would show nothing
            raise PaddockError(f"the question did not come within {_LONG_S} s")
        terminal.type(_NOBODY)
        terminal.finish(_LONG_S)
    changed = _changed(scene)
    inside = changed if asked else ["nothing was asked"]
    return {"AP-02 no-answer-from-inside": inside, "AP-09 no-answer-is-no": [*changed, *_unanswered(scene)]}


def _unanswered(scene: Scene) -> Sequence[str]:
    """Every command that asks, with nobody there."""
    for words in (("discard",), ("apply", "-p"), ("trust",)):
        scene.call(*words)
    held = {change["path"] for change in scene.ask("diff")["changes"]}
    return [*_changed(scene), *([] if {"hello.txt", "Makefile"} <= held else ["the held changes were thrown away"])]


def _changed(scene: Scene) -> list[str]:
    with open(f"{scene.ground.repo}/hello.txt", encoding="utf-8") as file:
        found = [] if file.read() == "hello\n" else ["wrote hello.txt"]
    return [*found, *(["wrote Makefile"] if os.path.exists(f"{scene.ground.repo}/Makefile") else [])]
