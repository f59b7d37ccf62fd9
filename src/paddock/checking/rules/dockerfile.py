"""DC501, DC520 to DC527: what an image is built from, and what the build may reach."""

from __future__ import annotations

import re

from paddock.checking.facts import dockerfiles, pins
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.devcontainer import dockerfile_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.checking.context import Context
    from paddock.devcontainer.instructions import Instruction
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source

_ADDRESS = re.compile(r"(?:https?|ftp)://|git@|git://|ssh://")
_COMMIT = re.compile(r"#(?:[^:]*@)?[0-9a-f]{40}(?::|$)|[?&]checksum=[0-9a-f]{7,}")
_OWN_FRONTEND = "docker/dockerfile"  # of Docker's own registry, whether that is named or not
_KEYS = re.compile(
    r"(^|/)(\.env(\.[\w.-]+)?|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.ssh(/.*)?|\.aws(/.*)?|\.kube(/.*)?|\.gnupg(/.*)?"
    r"|\.docker/config\.json|id_(rsa|dsa|ecdsa|ed25519)|[^/]*\.(key|p12|pfx|kdbx)|credentials(\.json)?)$"
)
_EXAMPLES = re.compile(r"\.(example|sample|template|dist|defaults?)$|\.pub$")


def _is_own(image: str) -> bool:
    host, _, rest = image.partition("/")
    return image == _OWN_FRONTEND or (rest == _OWN_FRONTEND and host.partition(".")[0] == "docker")


@rule("DC501")
def bases(effective: Effective, _: Context) -> Iterator[Hit]:
    """FROM, COPY --from and RUN --mount=from of an image that may be another one tomorrow."""
    for dockerfile in dockerfiles.every(effective):
        for index in dockerfile.used:
            stage = dockerfile.stages[index]
            if stage.parent is None and stage.base_known:
                yield from _unpinned(stage.base.value, stage.base.origin)
        stages = {stage.name for stage in dockerfile.stages} | {str(stage.index) for stage in dockerfile.stages}
        values = {it.name: it.value for it in dockerfile.arguments}
        for one in dockerfiles.instructions(dockerfile, "COPY", "ADD", "RUN"):
            image = _other_image(one, stages, values)
            if image:
                yield from _unpinned(image, dockerfile.source(one.place, one.name))


@rule("DC520")
def remote_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """ADD of an address whose content nothing checks."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfiles.instructions(dockerfile, "ADD"):
            for word in one.words[:-1]:
                if _ADDRESS.match(word.text) and one.flag("checksum") is None and not _COMMIT.search(word.text):
                    message = f"ADD takes {word.text} as it is at the time of the build"
                    yield Hit(message, dockerfile.source(word.place, "ADD"))


@rule("DC521")
def insecure_runs(effective: Effective, _: Context) -> Iterator[Hit]:
    """RUN --security=insecure."""
    for source in _flagged(effective, "--security=insecure"):
        yield Hit("a RUN line is privileged (--security=insecure)", source)


@rule("DC522")
def host_network(effective: Effective, _: Context) -> Iterator[Hit]:
    """RUN --network=host."""
    for source in _flagged(effective, "--network=host"):
        yield Hit("a RUN line is in the host's network (--network=host)", source)


@rule("DC523")
def agents(effective: Effective, _: Context) -> Iterator[Hit]:
    """RUN --mount=type=ssh."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfiles.instructions(dockerfile, "RUN"):
            for flag in one.flags:
                if flag.text.startswith("--mount=") and "type=ssh" in flag.text.partition("=")[2].split(","):
                    message = "a RUN line can sign with the person's SSH agent (--mount=type=ssh)"
                    yield Hit(message, dockerfile.source(flag.place, "RUN"))


@rule("DC524")
def frontends(effective: Effective, _: Context) -> Iterator[Hit]:
    """`# syntax=` of somebody else."""
    for dockerfile in dockerfiles.every(effective):
        for name, word in dockerfile.listing.directives:
            image = word.text.partition("@")[0].partition(":")[0]
            if name == "syntax" and not _is_own(image):
                message = f"{word.text} reads this Dockerfile, and decides what it means"
                yield Hit(message, dockerfile.source(word.place, "syntax"))


@rule("DC525")
def whole_folders(effective: Effective, context: Context) -> Iterator[Hit]:
    """COPY of everything, where nothing is left out."""
    if any(name.rpartition("/")[2].endswith(".dockerignore") for name in context.names):
        return
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfiles.instructions(dockerfile, "COPY", "ADD"):
            if one.flag("from") is None:
                for word in one.words[:-1]:
                    if word.text in (".", "./", "*", "./*"):
                        message = (
                            f"{one.name} {word.text} takes all into the image: .git, .env and what else lies there"
                        )
                        yield Hit(message, dockerfile.source(word.place, one.name))


@rule("DC526")
def keys(effective: Effective, _: Context) -> Iterator[Hit]:
    """COPY of files that hold secrets."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfiles.instructions(dockerfile, "COPY", "ADD"):
            for word in one.words[:-1] if one.flag("from") is None else ():
                if _KEYS.search(word.text) and not _EXAMPLES.search(word.text):
                    message = f"{word.text} is copied into the image"
                    yield Hit(message, dockerfile.source(word.place, one.name))


@rule("DC527")
def broken(effective: Effective, _: Context) -> Iterator[Hit]:
    """What no builder takes."""
    for dockerfile in dockerfiles.every(effective):
        for flaw in dockerfile.flaws:
            yield Hit(flaw.message, dockerfile.source(flaw.place))
        if not dockerfile.stages:
            yield Hit(f"{dockerfile.file} has no FROM", dockerfile.source(None))
        elif dockerfile.target is None:
            yield Hit(f"{dockerfile.file} has no stage of the target's name", dockerfile.source(None))


def _unpinned(image: str, origin: Source) -> Iterator[Hit]:
    found = pins.unpinned(image)
    if found:
        yield Hit(found[0], origin, found[1])


def _other_image(one: Instruction, stages: set[str], values: Mapping[str, str | None]) -> str:
    """The image that an instruction takes files from; empty for a stage, or where it is not known."""
    named = [one.flag("from") or ""]
    for flag in one.flags:
        if flag.text.startswith("--mount="):
            named += [part[5:] for part in flag.text[8:].split(",") if part.startswith("from=")]
    for name in named:
        expanded = dockerfile_words.expand(name, values)
        looks = "/" in expanded.text or ":" in expanded.text  # else it may be a context that the build is given by name
        if looks and not expanded.unknown and expanded.text.lower() not in stages:
            return expanded.text
    return ""


def _flagged(effective: Effective, wanted: str) -> Iterator[Source]:
    """The RUN lines with a flag."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfiles.instructions(dockerfile, "RUN"):
            for flag in one.flags:
                if flag.text == wanted:
                    yield dockerfile.source(flag.place, "RUN")
