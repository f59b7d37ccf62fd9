"""What hooks of all layers, and the scripts of local Features, run."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import base
from paddock.checking.facts.memory import kept
from paddock.checking.facts.shell import commands as of_text
from paddock.checking.facts.shell import of_arguments
from paddock.devcontainer.lines import lines_of
from paddock.devcontainer.source import Source
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.lines import Lines
    from paddock.devcontainer.model import Effective, Hook

_STARTS = ("./", "${containerWorkspaceFolder}/", "${localWorkspaceFolder}/", "$PWD/")
_INSTALLS = "install.sh"  # of a Feature: containers.dev, "Features", folder structure


@frozen
class Script:
    """The text of one hook, of a script that a hook names, or of a Feature's install.sh, which has no event.

    `who` runs it, for a sentence. `lines` are those of a file; without them the hook's value is where all of it stands.
    """

    who: str
    event: str
    on_host: bool
    text: str
    commands: tuple[Command, ...]
    origin: Source
    lines: Lines | None = None

    def source(self, command: Command) -> Source:
        """Where a command stands."""
        if self.lines is None:
            return self.origin
        end = self.text.find("\n", command.start)
        place = self.lines.place(command.start, len(self.text) if end < 0 else end)
        return Source("file", self.lines.file, (), place)


@frozen
class Said:
    """One command of a script: who runs it, for a sentence, and where it stands."""

    who: str
    event: str
    on_host: bool
    command: Command
    origin: Source


def text(hook: Hook) -> str:
    """A hook's command as a shell's text."""
    return hook.command if isinstance(hook.command, str) else of_arguments(hook.command)


@kept
def commands(effective: Effective, context: Context | None = None) -> Iterator[Said]:
    """All commands of all hooks, in the order in which they run, with those of scripts as far as they were read."""
    for one in scripts(effective, context):
        for command in one.commands:
            yield Said(one.who, one.event, one.on_host, command, one.source(command))


@kept
def scripts(effective: Effective, context: Context | None = None) -> Iterator[Script]:
    """All hooks, and the scripts that they name. One that several hooks of an event name is read once."""
    read: set[tuple[str, str]] = set()
    for hook in effective.hooks:
        written = text(hook)
        who = f"{hook.event}{base.brought_by(hook.origin)}"
        yield Script(who, hook.event, hook.on_host, written, of_text(written), hook.origin)
        for path, script in _named(written, effective, context.texts if context else {}):
            if (path, hook.event) not in read:
                read.add((path, hook.event))
                lines = lines_of(path, script)
                shown = f"{path}, which {who} runs,"
                yield Script(shown, hook.event, hook.on_host, script, of_text(script), hook.origin, lines)


@kept
def everything(effective: Effective, context: Context) -> Iterator[Script]:
    """The same, and what the local Features' install.sh run in the build, as root."""
    yield from scripts(effective, context)
    for use in effective.features:
        if use.kind == "local":
            path = posixpath.join(base.from_folder(use.reference, context.configuration), _INSTALLS)
            lines = lines_of(path, context.texts.get(path, ""))
            yield Script(path, "", False, lines.text, of_text(lines.text), use.origin, lines)  # noqa: FBT003


def _named(written: str, effective: Effective, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The scripts of the workspace that a command names by their path, as far as their texts are at hand."""
    starts = "|".join(map(re.escape, (*_STARTS, f"{effective.workspace_folder.value}/")))
    for path in sorted(texts):
        is_script = path.endswith((".sh", ".bash")) or texts[path].startswith("#!")
        named = rf"(?<![\w./-])(?:{starts})?{re.escape(path)}(?![\w.-])"
        if is_script and path in written and re.search(named, written):
            yield path, texts[path]
