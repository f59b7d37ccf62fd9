"""The sandbox of a dev container that stays: brought up, found again, ended, forgotten."""

from __future__ import annotations

import hashlib
import os

from paddock import keeping, live
from paddock.devcontainer import finding
from paddock.developing import setting_up, settling
from paddock.developing.ground import Ground
from paddock.errors import SessionError
from paddock.planning import make_plan
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.developing.standing import Ready
    from paddock.policy.model import Layer

_NOTHING = ("/bin/sh", "-c", ":")  # what a start runs where it has nothing to run


def name_of(directory: str) -> str:
    """What the sandbox of a directory's dev container is called: no other directory's has the same, nor can be made to.

    Whoever writes a repository names the directories in it.
    """
    real = os.path.realpath(directory)
    return f"{live.readable(real) or 'repository'}-dev-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}"


def is_up(name: str) -> bool:
    """Whether it lives."""
    return any(entry.name == name and entry.holder for entry in live.entries())


def up(ready: Ready, flags: Layer | None, *, terminal: bool, failed: Callable[[Exception], int]) -> tuple[int, str]:
    """Set it up where that is still to be done, start it, and leave it running: exit code and name.

    Raises what a run raises, and PaddockError for a set-up command that fails.
    """
    name = name_of(ready.found.folder)
    for left in ready.settled.left:
        complain(f"left out: {left.what} ({left.where}): {left.why}")
    setting_up.run(ready, flags, name, terminal=terminal)
    starts = [settling.words(hook) for hook in ready.settled.each_start]
    command = starts[0] if len(starts) == 1 else _all_of(starts)
    plan = make_plan(ready.found.folder, command, flags, terminal=terminal, image=ready.image)
    return keeping.run(plan, name=name, fresh=False, quiet=False, failed=failed)


def _all_of(commands: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Several commands as one, in their order; the first that fails ends it."""
    if not commands:
        return _NOTHING
    script = "set -e\n" + "".join(f"{' '.join(map(_quoted, words))}\n" for words in commands)
    return ("/bin/sh", "-c", script)


def _quoted(word: str) -> str:
    from shlex import quote

    return quote(word)


def stop(directory: str) -> str:
    """End it; its name. Raises SessionError where it is not up."""
    from paddock import ending

    name = name_of(directory)
    if not is_up(name):
        raise SessionError("this dev container is not up", next_step="paddock devcontainer up")
    ending.kill(name, now=False)
    return name


def remove(directory: str, config: str = "") -> list[str]:
    """End it and forget what was made for it; what was removed, in words. Its change set stays for review."""
    from paddock.boundary import images

    removed = []
    if is_up(name_of(directory)):
        removed.append(f"sandbox {stop(directory)}")
    ground = Ground(finding.find(directory, config=config))
    made = ground.made()
    if made and images.remove(made.image):
        removed.append(f"image {made.image}")
    if ground.remove():
        removed.append(f"home and set-up in {ground.place}")
    return removed
