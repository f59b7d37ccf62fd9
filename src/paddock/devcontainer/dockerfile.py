"""What a Dockerfile comes to: its stages, which of them the image is made of, and what that image is set to."""

from __future__ import annotations

from collections import ChainMap
from itertools import pairwise

from paddock.devcontainer.dockerfile_words import assignments, expand
from paddock.devcontainer.instructions import Instruction, Listing, Word, parse
from paddock.devcontainer.model import Text, Variable
from paddock.devcontainer.source import Source
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paddock.devcontainer.document import Flaw, Place

# What BuildKit sets by itself, if an ARG asks for it (docs.docker.com/reference/dockerfile, "automatic platform ARGs").
_AUTOMATIC = (
    *(f"{side}{part}" for side in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")),
    *(name for one in ("http", "https", "ftp", "no", "all") for name in (f"{one}_proxy", f"{one.upper()}_PROXY")),
)


@frozen
class Stage:
    """One FROM and what follows it. `base` is the image with its variables put in, or the stage `parent`."""

    index: int
    name: str
    base: Text
    base_known: bool  # False where a variable in it is only known to the builder
    parent: int | None
    platform: str
    origin: Source
    instructions: tuple[Instruction, ...]


@frozen
class Dockerfile:
    """A Dockerfile as it will be built for one target and set of build arguments.

    `used` are the stages that the image comes from, lowest first: the target, those it stands on, and those that it
    copies from. `user`, `workdir`, `entrypoint` and `command` are None where only the base image says them.
    """

    file: str
    text: str
    listing: Listing
    arguments: tuple[Variable, ...]  # those before the first FROM, and in used stages; None: no default
    stages: tuple[Stage, ...]
    target: Stage | None  # None: there is no FROM, or no such target
    used: tuple[int, ...]
    base: Text | None  # the image at the bottom of the target
    base_known: bool
    user: Text | None
    workdir: Text | None
    entrypoint: Text | None
    command: Text | None
    environment: tuple[Variable, ...]
    flaws: tuple[Flaw, ...]

    def source(self, place: Place | None, *path: str | int) -> Source:
        """The origin of something in this file."""
        return Source("dockerfile", self.file, path, place)

    def built(self) -> tuple[Instruction, ...]:
        """The instructions of all used stages, in the order of the file."""
        return tuple(one for index in self.used for one in self.stages[index].instructions)


def read(text: str, file: str, target: str = "", given: Mapping[str, str] | None = None) -> Dockerfile:
    """Read a Dockerfile for a target stage (the last one if empty) and build arguments (`--build-arg`)."""
    listing, given = parse(text, file), given or {}
    escape = dict(listing.directives)["escape"].text if "escape" in dict(listing.directives) else "\\"
    first = next((at for at, one in enumerate(listing.instructions) if one.name == "FROM"), len(listing.instructions))
    outer = _arguments(listing.instructions[:first], {}, given, escape, file)
    values = {one.name: one.value for one in outer}
    stages = _stages(listing.instructions[first:], values, escape, file)
    chosen = _target(stages, target)
    used = _used(stages, chosen)
    facts = _facts(stages, chosen, values, given, escape, file)
    inner = tuple(one for index in used for one in _arguments(stages[index].instructions, values, given, escape, file))
    return Dockerfile(
        file,
        text,
        listing,
        outer + inner,
        stages,
        chosen,
        used,
        facts.base,
        facts.base_known,
        facts.user,
        facts.workdir,
        facts.entrypoint,
        facts.command,
        tuple(facts.environment.values()),
        listing.flaws,
    )


class _Facts:
    """What instructions have said so far, from the lowest stage up."""

    def __init__(self) -> None:
        self.base: Text | None = None
        self.base_known = True
        self.user: Text | None = None
        self.workdir: Text | None = None
        self.entrypoint: Text | None = None
        self.command: Text | None = None
        self.environment: dict[str, Variable] = {}
        self.values: dict[str, str | None] = {}  # of the same variables


def _arguments(
    instructions: Iterable[Instruction],
    outer: Mapping[str, str | None],
    given: Mapping[str, str],
    escape: str,
    file: str,
) -> tuple[Variable, ...]:
    """The ARGs, with the values they will have: as given, else the default, else that before the first FROM."""
    known: dict[str, str | None] = {}
    values = ChainMap(known, {**outer})
    found = []
    for instruction in instructions:
        if instruction.name != "ARG":
            continue
        for word in instruction.words:
            name, equals, default = word.text.partition("=")
            value = given.get(name)
            if value is None and equals:
                expanded = expand(default, values, escape)
                value = None if expanded.unknown else expanded.text
            elif value is None and name in outer:
                value = outer[name]
            known[name] = value
            origin = Source("dockerfile", file, ("ARG", name), word.place)
            found.append(Variable(name, value, remote=False, origin=origin, raw=default))
    return tuple(found)


def _stages(
    instructions: tuple[Instruction, ...], values: Mapping[str, str | None], escape: str, file: str
) -> tuple[Stage, ...]:
    found: list[Stage] = []
    names: dict[str, int] = {}
    starts = [at for at, one in enumerate(instructions) if one.name == "FROM"] + [len(instructions)]
    scope = {**dict.fromkeys(_AUTOMATIC), **values}
    for index, (start, end) in enumerate(pairwise(starts)):
        one = instructions[start]
        words = one.words or (Word("", one.place),)
        expanded = expand(words[0].text, scope, escape)
        name = words[2].text.lower() if len(words) > 2 and words[1].text.upper() == "AS" else ""  # noqa: PLR2004
        origin = Source("dockerfile", file, ("FROM",), words[0].place)
        parent = names.get(expanded.text.lower())
        platform = expand(one.flag("platform") or "", scope, escape).text
        base = Text(expanded.text, origin, words[0].text)
        found.append(
            Stage(index, name, base, not expanded.unknown, parent, platform, origin, instructions[start + 1 : end])
        )
        if name:
            names[name] = index
    return tuple(found)


def _chain(stages: tuple[Stage, ...], target: Stage | None) -> tuple[Stage, ...]:
    """A stage and those that it stands on, lowest first."""
    found: list[Stage] = []
    while target is not None:
        found.append(target)
        target = None if target.parent is None else stages[target.parent]
    return tuple(reversed(found))


def _target(stages: tuple[Stage, ...], target: str) -> Stage | None:
    if not target:
        return stages[-1] if stages else None
    named = [one for one in stages if one.name == target.lower() or str(one.index) == target]
    return named[0] if named else None


def _used(stages: tuple[Stage, ...], target: Stage | None) -> tuple[int, ...]:
    """BuildKit builds what the target needs and nothing else; without a target, all could be meant."""
    if target is None:
        return tuple(range(len(stages)))
    places: dict[str, list[int]] = {}
    for stage in stages:
        for name in {stage.name, str(stage.index)} - {""}:
            places.setdefault(name, []).append(stage.index)
    found: set[int] = set()
    waiting = [target.index]
    while waiting:
        index = waiting.pop()
        if index in found:
            continue
        found.add(index)
        stage = stages[index]
        wanted = [str(stage.parent)] if stage.parent is not None else []
        for one in stage.instructions:
            wanted += [one.flag("from") or ""]
            wanted += [
                part[5:]
                for flag in one.flags
                if flag.text.startswith("--mount=")
                for part in flag.text[8:].split(",")
                if part.startswith("from=")
            ]
        named = {other for name in set(wanted) for other in places.get(name.lower(), ())}
        waiting += [other for other in named if other < index]
    return tuple(sorted(found))


def _facts(
    stages: tuple[Stage, ...],
    target: Stage | None,
    outer: Mapping[str, str | None],
    given: Mapping[str, str],
    escape: str,
    file: str,
) -> _Facts:
    facts = _Facts()
    chain = _chain(stages, target)
    if chain:
        facts.base, facts.base_known = chain[0].base, chain[0].base_known
    for stage in chain:
        arguments = {one.name: one.value for one in _arguments(stage.instructions, outer, given, escape, file)}
        for one in stage.instructions:
            _take(facts, one, arguments, escape, file)
    return facts


def _take(facts: _Facts, one: Instruction, arguments: dict[str, str | None], escape: str, file: str) -> None:
    values = ChainMap(facts.values, arguments)
    origin = Source("dockerfile", file, (one.name,), one.place_of(0, len(one.text)))
    if one.name in ("USER", "WORKDIR"):
        text = Text(expand(one.text, values, escape).text, origin, one.text)
        if one.name == "USER":
            facts.user = text
        else:
            facts.workdir = Text(_joined(facts.workdir, text.value), origin, one.text)
    elif one.name == "ENTRYPOINT":
        facts.entrypoint, facts.command = Text(one.text, origin, one.text), None
    elif one.name == "CMD":
        facts.command = Text(one.text, origin, one.text)
    elif one.name == "ENV":
        for number, (name, value) in enumerate(assignments(one.text, tuple(word.text for word in one.words))):
            place = one.words[number].place if "=" in one.words[0].text else origin.place
            expanded = expand(value, values, escape)
            source = Source("dockerfile", file, ("ENV", name), place)
            known = None if expanded.unknown else expanded.text
            facts.values[name] = known
            facts.environment[name] = Variable(name, known, remote=False, origin=source, raw=value)


def _joined(before: Text | None, directory: str) -> str:
    """WORKDIR is relative to the last one, and to / at first."""
    if directory.startswith("/"):
        return directory
    return f"{before.value.rstrip('/') if before else ''}/{directory}"
