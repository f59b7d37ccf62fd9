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
class Said:
    """One command of a hook, of a script that a hook names, or of a Feature's install.sh, which has no event.

    `into` is the command that reads its output; `who` runs it, for a sentence.
    """

    who: str
    event: str
    on_host: bool
    command: Command
    into: Command | None
    origin: Source


def text(hook: Hook) -> str:
    """A hook's command as a shell's text."""
    return hook.command if isinstance(hook.command, str) else of_arguments(hook.command)


@kept
def commands(effective: Effective, context: Context | None = None) -> Iterator[Said]:
    """All commands of all hooks, in the order in which they run, with those of scripts as far as they were read.

    A script that several hooks of one event name is read once.
    """
    read: set[tuple[str, str]] = set()
    for hook in effective.hooks:
        written = text(hook)
        who = f"{hook.event}{base.brought_by(hook.origin)}"
        for command, into in _each(written):
            yield Said(who, hook.event, hook.on_host, command, into, hook.origin)
        for path, script in _named(written, effective, context.texts if context else {}):
            if (path, hook.event) in read:
                continue
            read.add((path, hook.event))
            lines = lines_of(path, script)
            for command, into in _each(script):
                origin = _in_script(lines, command)
                yield Said(f"{path}, which {who} runs,", hook.event, hook.on_host, command, into, origin)


@kept
def everything(effective: Effective, context: Context) -> Iterator[Said]:
    """The same, and what the local Features' install.sh run in the build, as root."""
    yield from commands(effective, context)
    for use in effective.features:
        if use.kind == "local":
            path = posixpath.join(base.from_folder(use.reference, context.configuration), _INSTALLS)
            lines = lines_of(path, context.texts.get(path, ""))
            for command, into in _each(lines.text):
                yield Said(path, "", False, command, into, _in_script(lines, command))  # noqa: FBT003


def _each(written: str) -> Iterator[tuple[Command, Command | None]]:
    found = of_text(written)
    yield from ((command, found[command.into] if command.into >= 0 else None) for command in found)


def _named(written: str, effective: Effective, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The scripts of the workspace that a command names by their path, as far as their texts are at hand."""
    starts = "|".join(map(re.escape, (*_STARTS, f"{effective.workspace_folder.value}/")))
    for path in sorted(texts):
        is_script = path.endswith((".sh", ".bash")) or texts[path].startswith("#!")
        named = rf"(?<![\w./-])(?:{starts})?{re.escape(path)}(?![\w.-])"
        if is_script and path in written and re.search(named, written):
            yield path, texts[path]


def _in_script(lines: Lines, command: Command) -> Source:
    end = lines.text.find("\n", command.start)
    place = lines.place(command.start, len(lines.text) if end < 0 else end)
    return Source("file", lines.file, (), place)
