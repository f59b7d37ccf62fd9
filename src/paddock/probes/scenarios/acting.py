"""Have the pack act inside, in a run with limits of its own."""

from __future__ import annotations

import contextlib

from paddock.errors import PaddockError
from paddock.probes.inside.acts import NEXT, WORD
from paddock.probes.inside.effects import Skipped
from paddock.probes.pack import pack
from paddock.probes.scenarios.scene import NotApplicable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Scene

_REFUSED = 126
_GAPS = ("memory-total", "process-total", "cpu-total")
_ALL_ENDED = b"out of memory: the kernel killed"
_NAME = "probes-act"
_PATIENCE_S = 60  # on a busy machine


class AllEnded(PaddockError):
    """Memory ran out and nothing inside is left: a guest of gVisor's is one process to the kernel."""


def words(scene: Scene, *acts: Sequence[str]) -> tuple[str, ...]:
    """The command that acts; it is put into the repository. An act is a name of `inside/acts` and its words."""
    with open(f"{scene.ground.repo}/{_NAME}", "wb") as file:
        file.write(pack())
    return ("/bin/sh", _NAME, "--act", *[word for act in acts for word in (NEXT, *act)][1:])


def came(said: bytes, count: int) -> tuple[float, ...]:
    """What so many acts have said. Raises PaddockError where they have not: nothing was shown."""
    import json

    for line in reversed(said.split(b"\n")):
        if line.startswith(f"{WORD} ".encode()):
            with contextlib.suppress(ValueError, TypeError):
                numbers = tuple(map(float, json.loads(line[len(WORD) + 1 :])))
                if len(numbers) == count:
                    return numbers
    raise PaddockError("the act came to no end", why=said[-300:].decode(errors="replace"))


def act(scene: Scene, *acts: Sequence[str], flags: Sequence[str] = ()) -> tuple[float, ...]:
    """Act to the end, in one run.

    Raises Skipped where Paddock refuses the limits in `flags`, AllEnded where memory ran out for more than the act.
    """
    done = scene.run(*words(scene, *acts), flags=flags, timeout_s=_PATIENCE_S)
    if flags and done.status == _REFUSED:
        raise Skipped("nothing on this machine keeps this limit for the sandbox as a whole (paddock doctor)")
    if done.status and _ALL_ENDED in done.stderr and WORD.encode() not in done.stdout:
        raise AllEnded("the whole sandbox was ended for one act", why="it ran out of memory")
    return came(done.stdout, len(acts))


def limit(scene: Scene, name: str, value: str, *, accept: bool = False) -> tuple[str, ...]:
    """The flags for a small limit where the plan has one of that kind, none where it has not, or without a sandbox.

    `accept`: a limit for each process by itself will do. Raises NotApplicable for other sandboxes.
    """
    if scene.bare:
        return ()
    if scene.plan is None:
        raise NotApplicable("the limits of another sandbox are not known")
    if scene.plan.limit(name) is None:  # it is not promised, and what is reached without says so
        return ()
    accepted = [word for gap in _GAPS for word in ("--accept", gap)] if accept else []
    return ("--limit", f"{name}={value}", *accepted)
