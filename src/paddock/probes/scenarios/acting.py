"""Have the pack act inside, in a run with limits of its own."""

from __future__ import annotations

import contextlib

from paddock.errors import PaddockError
from paddock.probes.inside.acts import WORD
from paddock.probes.inside.effects import Skipped
from paddock.probes.pack import pack
from paddock.probes.scenarios.scene import NotApplicable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Scene

_REFUSED = 126
_GAPS = ("memory-total", "process-total", "cpu-total")
_NAME = "probes-act"


def words(scene: Scene, name: str, *arguments: str) -> tuple[str, ...]:
    """The command that acts; it is put into the repository."""
    with open(f"{scene.ground.repo}/{_NAME}", "wb") as file:
        file.write(pack())
    return ("/bin/sh", _NAME, "--act", name, *arguments)


def came(said: bytes) -> float:
    """What an act has said. Raises PaddockError where it has said nothing: nothing was shown."""
    for line in reversed(said.split(b"\n")):
        if line.startswith(f"{WORD} ".encode()):
            with contextlib.suppress(ValueError):
                return float(line[len(WORD) + 1 :])
    raise PaddockError("the act came to no end", why=said[-300:].decode(errors="replace"))


def act(scene: Scene, name: str, *arguments: str, flags: tuple[str, ...] = ()) -> float:
    """Act to the end. Raises Skipped where Paddock refuses the limits in `flags`: nothing here can keep them."""
    done = scene.run(*words(scene, name, *arguments), flags=flags)
    if flags and done.status == _REFUSED:
        raise Skipped("nothing on this machine keeps this limit for the sandbox as a whole (paddock doctor)")
    if b"no Python inside" in done.stderr:
        raise Skipped("there is no Python inside")
    return came(done.stdout)


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
