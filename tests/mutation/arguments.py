"""What `boundary.bubblewrap.compile` emits, one thing weakened at a time: its arguments and its steps from outside.

They are enumerated from what it emits for a real plan on this machine. An option that this file does not know is an
error, so that a new protection cannot come without its mutant.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.mutation.mutants import TELL, Mutant, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paddock.boundary.bubblewrap import Compiled, Facts
    from paddock.boundary.steps import Overlay, Step
    from paddock.plan.model import Plan

    Words = tuple[str, ...]

_DROPPED: Words = ()
# How many operands an option has, and how it is weakened; what comes of it by what is then lost.
_FLAGS = (
    "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
    "--disable-userns", "--die-with-parent",
)  # fmt: skip
_OPERANDS = {
    **dict.fromkeys(_FLAGS, 0),
    **dict.fromkeys(("--cap-drop", "--uid", "--gid", "--hostname", "--proc", "--dev", "--remount-ro"), 1),
    **dict.fromkeys(("--tmpfs", "--dir", "--chdir", "--perms", "--size"), 1),
    **dict.fromkeys(("--ro-bind", "--bind", "--symlink", "--file"), 2),
}
_LEFT_OUT = (*_FLAGS, "--cap-drop", "--hostname", "--remount-ro")
_OTHERS = {
    "--uid": ("of root", ("--uid", "0")),
    "--gid": ("of root", ("--gid", "0")),
    "--proc": ("of the host", ("--bind", "/proc", "/proc")),
    "--dev": ("of the host", ("--dev-bind", "/dev", "/dev")),
}
_MODIFIERS = ("--perms", "--size")  # of what comes next
# Options without a mutant of their own.
NO_PROTECTION = {
    "--symlink": "a name inside for something that is there anyway",
    "--dir": "a place to mount on",
    "--file": "content of ours; what would show the host's own is --ro-bind",
    "--chdir": "every command starts in a directory of its own",
    "--perms": "there is one user inside",
    "--bind": "what the plan lets be written, and the layer above the repository",
}
STEPS_WITHOUT_PROTECTION = {
    "Reveal": "brings an entry of /etc in; what it shows is the --ro-bind of the stage",
    "TrustHere": "tells programs whom to trust; without it they refuse",
}


class Operation:
    """One option with its modifiers and operands."""

    def __init__(self, modifiers: Words, name: str, operands: Words) -> None:
        self.modifiers, self.name, self.operands = modifiers, name, operands

    @property
    def words(self) -> Words:
        return (*self.modifiers, self.name, *self.operands)

    @property
    def target(self) -> str:
        return _shown(self.operands[-1]) if self.operands else ""

    def weaker(self) -> dict[str, Words]:
        """What may stand in its place, by what is said of it. Raises KeyError for an option that nobody knows."""
        if self.name in _LEFT_OUT:
            return {f"{' '.join((self.name, *map(_shown, self.operands)))} left out": _DROPPED}
        if self.name in _OTHERS:
            return {f"{self.name} {_OTHERS[self.name][0]}": _OTHERS[self.name][1]}
        if self.name == "--ro-bind":
            is_cover = self.operands[0] == "/dev/null"
            return (
                {f"{self.target} not covered": _DROPPED}
                if is_cover
                else {f"{self.target} writable": ("--bind", *self.operands)}
            )
        if self.name == "--tmpfs":
            return self._weaker_private()
        if self.name in NO_PROTECTION:
            return {}
        raise KeyError(self.name)

    def _weaker_private(self) -> dict[str, Words]:
        place = self.operands[0]
        kept = self.modifiers[: self.modifiers.index("--size")] if "--size" in self.modifiers else self.modifiers
        found = {f"{self.target} without a size": (*kept, self.name, place)}
        if os.path.isdir(place):
            found[f"{self.target} of the host"] = ("--bind", place, place)
        return found


def operations(words: Sequence[str]) -> Iterator[Operation]:
    """The options in bubblewrap's arguments. Raises KeyError for one that nobody knows."""
    left, modifiers = list(words), list[str]()
    while left:
        name = left.pop(0)
        operands = tuple(left.pop(0) for _ in range(_OPERANDS[name]))
        if name in _MODIFIERS:
            modifiers += (name, *operands)
            continue
        yield Operation(tuple(modifiers), name, operands)
        modifiers.clear()


def weaker_steps(steps: Sequence[Step]) -> dict[str, tuple[Step, ...]]:
    """The steps with one weakened, by what is said of it. Raises KeyError for a kind that nobody knows."""
    from paddock.frozen import replace

    found: dict[str, tuple[Step, ...]] = {}
    for number, step in enumerate(steps):
        kind, without = type(step).__name__, (*steps[:number], *steps[number + 1 :])
        if kind == "Carry":
            if step.read_only:  # type: ignore[union-attr] # of that kind
                changed = replace(step, read_only=False)
                found[f"{_shown(step.target)} carried in writable"] = (*steps[:number], changed, *steps[number + 1 :])  # type: ignore[union-attr]
        elif kind == "MaskPath":
            found[f"no mask over {_shown(step.target)}"] = without  # type: ignore[union-attr]
        elif kind == "Hold":
            found[f"{_shown(step.path)} not held"] = without  # type: ignore[union-attr]
        elif kind == "Unstage":
            found["the staged layers stay in sight"] = without
        elif kind != "MountOverlay" and kind not in STEPS_WITHOUT_PROTECTION:
            raise KeyError(kind)
    return found


COPY_ON_WRITE = "the repository itself in the place of its overlay"


def keys(compiled: Compiled) -> Iterator[str]:
    """All that can be weakened in what was compiled."""
    for operation in operations(compiled.arguments):
        yield from operation.weaker()
    yield from weaker_steps(compiled.steps)
    if any(type(step).__name__ == "MountOverlay" for step in compiled.steps):
        yield COPY_ON_WRITE


def mutants() -> Iterator[Mutant]:
    """For a repository in mode review, and what is special about one that is mounted as it is."""
    from tests.mutation.fields import told

    review = told(f"arguments: {TELL}", "off")
    for key in review:
        yield Mutant("arguments", key, "bubblewrap", "off", ("LC-02",) if "--die" in key else ())
    for key in told(f"arguments: {TELL}", "live"):
        if key not in review:
            yield Mutant("arguments", key, "bubblewrap", "live", ("PE-06",))


def install(key: str) -> None:
    """Weaken what is compiled in this process."""
    from paddock.boundary import bubblewrap
    from paddock.frozen import replace

    real: Callable[..., Compiled] = bubblewrap.compile

    def weakened(plan: Plan, facts: Facts, overlays: tuple[Overlay, ...]) -> Compiled:
        if key == COPY_ON_WRITE:
            live = replace(plan, workspace=replace(plan.workspace, mode="live"))
            return real(live, facts, ())
        compiled = real(plan, facts, overlays)
        if key == TELL:
            tell(keys(compiled))
            return compiled
        if key.endswith(" not held") and key not in weaker_steps(compiled.steps):
            return compiled  # keys are of a whole ground, and a scenario's has fewer files
        return weaken(compiled, key)

    bubblewrap.compile = weakened


def weaken(compiled: Compiled, key: str) -> Compiled:
    """The same without one protection. Raises KeyError where there is no such."""
    from paddock.boundary.steps import Carry
    from paddock.frozen import replace

    steps = weaker_steps(compiled.steps)
    if key in steps:
        return replace(compiled, steps=steps[key])
    words: list[str] = []
    found: Words | None = None
    for operation in operations(compiled.arguments):
        if found is None and key in (forms := operation.weaker()):
            found = forms[key]
            if key.endswith("of the host") and operation.name == "--tmpfs" and os.geteuid() == 0:
                # Bubblewrap's own id could not reach it.
                place = operation.operands[0]
                compiled = replace(compiled, steps=(Carry(place, place, read_only=False), *compiled.steps))
                found = ("--dir", place)
            words += found
        else:
            words += operation.words
    if found is None:
        raise KeyError(key)
    return replace(compiled, arguments=tuple(words))


def _shown(path: str) -> str:
    """The same for every ground: keys are kept in files, and come back in another process."""
    for name, place in (("$REPO", os.getcwd()), ("$HOME", os.environ["HOME"])):
        if path == place or path.startswith(f"{place}/"):
            path = name + path[len(place) :]
    return path.encode("unicode_escape").decode()
