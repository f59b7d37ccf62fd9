"""All texts of a shell that a configuration brings: hooks and their scripts, local Features, Dockerfiles' RUN lines."""

from __future__ import annotations

from paddock.checking.facts import dockerfiles, hooks
from paddock.checking.facts.memory import kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source

    class Script(Protocol):
        """One text, of a hook or of a Dockerfile."""

        @property
        def who(self) -> str:
            """What runs it, for a sentence."""

        @property
        def commands(self) -> tuple[Command, ...]:
            """What it runs."""

        def source(self, command: Command) -> Source:
            """Where a command stands."""


@kept
def every(effective: Effective, context: Context) -> Iterator[Script]:
    """All of them."""
    yield from hooks.everything(effective, context)
    yield from dockerfiles.scripts(effective)
