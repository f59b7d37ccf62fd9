"""What `boundary.podman.compile` emits, one thing weakened at a time: the words of `podman run`, and the steps after it.

They are enumerated from what it emits for a real plan on this machine. A word, a mount or a step that this file does
not know is an error, so that a new protection cannot come without its mutant.
"""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from tests.mutation.arguments import _shown as shown
from tests.mutation.mutants import TELL, Mutant, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from paddock.boundary.sheet import Compiled
    from paddock.boundary.steps import Step

    Words = tuple[str, ...]

_BY_ITSELF = frozenset(
    ["--read-only", "--read-only-tmpfs=false", "--no-hosts", "--http-proxy=false", "--no-healthcheck", "--passwd=false",
     "--detach", "--rm"]
)  # fmt: skip
# What may stand in an option's place; () leaves it out, and the engine does what it does by itself.
_WEAKER: dict[str, dict[str, Words]] = {
    "--network": {"--network host": ("--network", "host"), "--network left out": ()},
    "--pid": {"--pid host": ("--pid", "host")},
    "--ipc": {"--ipc host": ("--ipc", "host")},
    "--uts": {"--uts host": ("--uts", "host")},
    "--cgroupns": {"--cgroupns host": ("--cgroupns", "host")},
    "--userns": {"--userns left out": ()},
    "--uidmap": {"--uidmap of the host": ("--uidmap", "0:0:65536")},
    "--gidmap": {"--gidmap of the host": ("--gidmap", "0:0:65536")},
    "--user": {"--user 0:0": ("--user", "0:0")},
    "--shm-size": {"--shm-size without end": ("--shm-size", "0")},
}
_LEFT_OUT = frozenset(
    ["--read-only", "--read-only-tmpfs=false", "--cap-drop all", "--security-opt no-new-privileges", "--no-hosts",
     "--http-proxy=false", "--hostname paddock", "--systemd false", "--hooks-dir", "--default-mounts-file", "--rm"]
)  # fmt: skip
# Options without a mutant of their own.
NO_PROTECTION = {
    "--log-driver": "the keeper says nothing",
    "--no-healthcheck": "for images; here there is none",
    "--workdir": "every command starts in a directory of its own",
    "--stop-timeout": "how soon it ends",
    "--entrypoint": "the keeper",
    "--passwd=false": "the person is in the plan's own file",
    "--rootfs": "a directory of our own",
    "--runtime": "which of the engine's runtimes",
    "--detach": "the guard holds it",
    "--security-opt unmask=ALL": "for gVisor, whose container's /proc nobody else sees",
}
STEPS_WITHOUT_PROTECTION = {
    "Reveal": "brings an entry of /etc in; what it shows is the mount of the stage",
    "TrustHere": "tells programs whom to trust; without it they refuse",
    "Own": "gives the person a directory that would be nobody's",
    "MakeLink": "a name inside for something that is there anyway",
    "Mirror": "shows the workspace at a second place",
}
# Which scenarios may notice, by a word.
_STORIES = {"--rm": ("LC-08",), "map of the host": ("PK-11 host-side",), "without end": ("RS-05",)}
COPY_ON_WRITE = "the repository itself in the place of its overlay"
_SETTINGS, _ENVIRONMENT = "the engine by the person's own settings", "the caller's environment for the engine"
_ENGINE_WRITES, _NO_SEAL_READS = "no mount read-only by the engine's words", "no mount sealed against writing"


def split(words: Sequence[str]) -> Iterator[Words]:
    """The options, each with its value."""
    left = list(words)
    while left:
        name = left.pop(0)
        yield (name,) if name in _BY_ITSELF else (name, left.pop(0))


def mount(option: Words) -> dict[str, str]:
    """The parts of a mount, read as the engine reads them: as a line of CSV."""
    row = next(csv.reader(io.StringIO(option[1], newline=""), strict=True))
    return {key: value for key, _, value in (part.partition("=") for part in row)}


def _mount(parts: Mapping[str, str]) -> Words:
    text = (f"{key}={value}" if value else key for key, value in parts.items())
    return "--mount", ",".join('"' + part.replace('"', '""') + '"' for part in text)


def weaker_words(option: Words) -> dict[str, Words]:
    """What may stand in an option's place, by what is said of it. Raises KeyError for one that nobody knows."""
    name, whole = option[0], " ".join(option)
    if {name, whole} & NO_PROTECTION.keys():
        return {}
    if {name, whole} & _LEFT_OUT:
        return {f"{whole if whole in _LEFT_OUT else name} left out": ()}
    if name != "--mount":
        return _WEAKER[name]
    parts = mount(option)
    target = parts["dst"]
    if parts["type"] == "bind":
        # `changes` takes the seal from those of the host's; of a file of our own nothing more is to be had.
        return {f"{shown(target)} writable": _mount({**parts, "ro": "false"})} if parts["ro"] == "true" else {}
    if parts["type"] != "tmpfs":
        raise KeyError(parts["type"])
    found = {f"{shown(target)} without a size": _mount({k: v for k, v in parts.items() if k != "tmpfs-size"})}
    # Not /run, in which the engine makes places: on the host, then.
    if os.path.isdir(target) and not target.startswith("/run"):
        found[f"{shown(target)} of the host"] = _mount({"type": "bind", "src": target, "dst": target})
    return found


def weaker_steps(steps: Sequence[Step]) -> dict[str, tuple[Step, ...]]:
    """The steps with one weakened, by what is said of it. Raises KeyError for a kind that nobody knows."""
    from paddock.boundary.steps import Blank, Carry, Hold, MaskPath, Remove, Seal, Unstage
    from paddock.frozen import replace

    found: dict[str, tuple[Step, ...]] = {}
    for number, step in enumerate(steps):
        before, after = steps[:number], steps[number + 1 :]
        if isinstance(step, Carry) and step.read_only:
            changed = replace(step, read_only=False)
            found[f"{shown(step.target)} carried in writable"] = (*before, changed, *after)
        elif isinstance(step, Seal):
            how = " ".join(word for word in ("read-only" * step.read_only, "deep" * step.deep) if word)
            found[f"no seal over {shown(step.target)} ({how})"] = (*before, *after)
        elif isinstance(step, Remove):
            found[f"{step.target} not removed"] = (*before, *after)
        elif isinstance(step, Blank):
            found[f"{step.target} not covered"] = (*before, *after)
        elif isinstance(step, MaskPath):
            found[f"no mask over {shown(step.target)}"] = (*before, *after)
        elif isinstance(step, Hold):
            found[f"{shown(step.path)} not held"] = (*before, *after)
        elif isinstance(step, Unstage):
            found["the staged layers stay in sight"] = (*before, *after)
        elif type(step).__name__ not in (*STEPS_WITHOUT_PROTECTION, "Carry", "MountOverlay"):
            raise KeyError(type(step).__name__)
    return found


def changes(compiled: Compiled) -> dict[str, Compiled]:
    """All that can be weakened in what was compiled: by what is said of it, what it then is."""
    from paddock.frozen import replace

    options = list(split(compiled.arguments))
    found: dict[str, Compiled] = {}
    for number, option in enumerate(options):
        for said, words in weaker_words(option).items():
            changed = (*options[:number], words, *options[number + 1 :])
            steps = compiled.steps
            if said.endswith(" writable"):
                steps = tuple(_unsealed(step, mount(option)["dst"]) for step in steps)
            elif said.endswith(" of the host") and option[0] == "--mount":
                # Nor given away on the host.
                steps = tuple(it for it in steps if not _gives(it, mount(option)["dst"]))
            found[said] = replace(compiled, arguments=_joined(changed), steps=steps)
    engine_writes = [_mount({**mount(it), "ro": "false"}) if it[0] == "--mount" and "ro" in mount(it) else it
                     for it in options]  # fmt: skip
    found[_ENGINE_WRITES] = replace(compiled, arguments=_joined(engine_writes))
    found[_NO_SEAL_READS] = replace(compiled, steps=tuple(_unsealed(step) for step in compiled.steps))
    return found | {said: replace(compiled, steps=steps) for said, steps in weaker_steps(compiled.steps).items()}


def _joined(options: Iterable[Words]) -> Words:
    return tuple(word for option in options for word in option)


def _unsealed(step: Step, target: str = "") -> Step:
    """A seal that lets be written, at one place or everywhere."""
    from paddock.boundary.steps import Seal
    from paddock.frozen import replace

    if isinstance(step, Seal) and step.read_only and target in ("", step.target):
        return replace(step, read_only=False)
    return step


def _gives(step: Step, target: str) -> bool:
    from paddock.boundary.steps import Own

    return isinstance(step, Own) and step.target == target


def mutants() -> Iterator[Mutant]:
    """For a repository in mode review, and what is special about one that is mounted as it is."""
    from tests.mutation.fields import told

    review = told(f"engines: {TELL}", "podman")
    for key in review:
        yield Mutant(
            "engines", key, "podman", "podman", next((ids for word, ids in _STORIES.items() if word in key), ())
        )
    for key in (_SETTINGS, _ENVIRONMENT):
        yield Mutant("engines", key, "podman", "podman")
    for key in told(f"engines: {TELL}", "podman-live"):
        if key not in review:
            yield Mutant("engines", key, "podman", "podman-live", ("PE-06",))


def install(key: str) -> None:
    """Weaken what is compiled in this process, or what the engine is told besides."""
    from paddock.boundary import container, engine, podman
    from paddock.frozen import replace

    real, real_command, real_environment = podman.compile, container.command, engine.environment
    beside = _beside(real_command(engine.find_engine(), "/"))

    def weakened(plan, facts, overlays):
        if key == COPY_ON_WRITE:
            return real(replace(plan, workspace=replace(plan.workspace, mode="live")), facts, ())
        compiled = real(plan, facts, overlays)
        if key == TELL:
            tell([*changes(compiled), *beside, *[COPY_ON_WRITE] * bool(overlays)])
            raise SystemExit  # nothing has to be started for it
        return compiled if key in (TELL, _SETTINGS, _ENVIRONMENT, *beside) else changes(compiled)[key]

    def command(found, settings):
        words = real_command(found, settings)
        return _beside(words).get(key, words)

    def environment(*arguments):
        found = real_environment(*arguments)
        if key == _SETTINGS:
            del found["CONTAINERS_CONF"]
        return {**os.environ, **found} if key == _ENVIRONMENT else found

    podman.compile, container.command, engine.environment = weakened, command, environment


def _beside(words: Words) -> dict[str, Words]:
    """The words before those that were compiled, `PROGRAM … run --rm`, one less at a time."""
    program, *rest = words
    at = rest.index("run")
    options = [*split(rest[:at]), ("run",), *split(rest[at + 1 :])]
    return {
        said: (program, *_joined((*options[:number], less, *options[number + 1 :])))
        for number, option in enumerate(options)
        if option != ("run",)
        for said, less in weaker_words(option).items()
    }
