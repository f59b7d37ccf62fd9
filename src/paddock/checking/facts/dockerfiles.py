"""The Dockerfiles of a configuration, and the commands of their RUN lines, each with its place."""

from __future__ import annotations

from paddock.checking.facts.memory import kept
from paddock.checking.facts.shell import SHELLS, commands, of_arguments
from paddock.devcontainer.dockerfile_words import assignments
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.dockerfile import Dockerfile
    from paddock.devcontainer.instructions import Heredoc, Instruction
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.service import Project
    from paddock.devcontainer.source import Source


@frozen
class Script:
    """The shell's text of one RUN line, or of a here-document in it, and its commands."""

    dockerfile: Dockerfile
    instruction: Instruction
    heredoc: Heredoc | None
    text: str
    commands: tuple[Command, ...]

    @property
    def who(self) -> str:
        """The instruction, for a sentence."""
        return self.instruction.name

    def source(self, command: Command) -> Source:
        """Where a command stands."""
        place = self.instruction.place
        if self.heredoc:
            begin = self.heredoc.place.offset + command.start
            place = self.instruction.lines.place(
                begin, max(self.text.find("\n", command.start), 0) + begin - command.start
            )
        elif not self.instruction.json:
            end = _end(self.text, command.start)
            place = self.instruction.place_of(command.start, end)
        return self.dockerfile.source(place, self.instruction.name)


@kept
def every(effective: Effective) -> Iterator[Dockerfile]:
    """All Dockerfiles that something is built from: the configuration's own, and those of compose services."""
    found: dict[object, Dockerfile] = {}
    own: Dockerfile | None = effective.dockerfile  # type: ignore[assignment] # the model stands below it
    project: Project | None = effective.project  # type: ignore[assignment]
    for one in (own, *(service.dockerfile for service in (project.services if project else ()))):
        if one is not None:
            found.setdefault((one.file, one.text, one.target and one.target.index, one.arguments), one)
    yield from found.values()


def instructions(dockerfile: Dockerfile, *names: str) -> Iterator[Instruction]:
    """The instructions of these names in all stages that are built; those of ONBUILD are as good as there."""
    for one in dockerfile.built():
        actual = one.trigger or one
        if actual.name in names:
            yield actual


def assigned(effective: Effective, kind: str) -> Iterator[tuple[str, str, Source]]:
    """The variables that ENV or ARG (`kind`) set: name, value as written, place."""
    for dockerfile in every(effective):
        outer = [one for one in dockerfile.listing.instructions if kind == "ARG" and one.name == "ARG"]
        for one in {id(it): it for it in (*outer, *instructions(dockerfile, kind))}.values():
            words = tuple(word.text for word in one.words)
            for number, (name, value) in enumerate(assignments(one.text, words) if kind == "ENV" else _split(words)):
                place = one.words[number].place if number < len(one.words) else one.place
                yield name, value.strip("\"'"), dockerfile.source(place, kind, name)


def _split(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, _equals, value = word.partition("=")
        yield name, value


@kept
def scripts(effective: Effective) -> Iterator[Script]:
    """What all RUN lines, and the commands that the image starts, run."""
    for dockerfile in every(effective):
        for one in instructions(dockerfile, "RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            yield from _scripts(dockerfile, one)


def _scripts(dockerfile: Dockerfile, one: Instruction) -> Iterator[Script]:
    text = of_arguments([word.text for word in one.words]) if one.json else one.text
    if one.name == "HEALTHCHECK":
        skipped = len("CMD") if text[:3].upper() == "CMD" else 0
        text = " " * skipped + text[skipped:]  # so that places stay
    found = commands(text)
    yield Script(dockerfile, one, None, text, found)
    for heredoc in one.heredocs:
        if not found or found[0].program in SHELLS:  # `RUN <<EOF`, `RUN bash <<EOF`: the document is the script
            yield Script(dockerfile, one, heredoc, heredoc.text, commands(heredoc.text))


def _end(text: str, start: int) -> int:
    """The end of a simple command, for an excerpt: to the next operator outside of quotes."""
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in ";&|\n":
            return len(text[:position].rstrip())
    return len(text.rstrip())
