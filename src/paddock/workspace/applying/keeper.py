"""Who keeps what an apply takes away, so that it can be undone: the past (`past`), or nobody."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from paddock.workspace.applying.deeds import State

    class Keeper(Protocol):
        """What writing to the host asks for; deeds have numbers."""

        def note(self, path: str, before: State, after: State, base: str = "") -> int:
            """A deed that is about to be done; its number."""

        def void(self, number: int) -> None:
            """It was not done."""

        def keep(self, number: int, directory: int, name: str) -> None:
            """Keep what the host has at a name, which stays there."""

        def take(self, number: int, directory: int, name: str) -> None:
            """Take it away."""

        def take_upper(self, number: int, directory: int, name: str) -> None:
            """Take away an entry of the change set."""


class Nobody:
    """Keeps nothing: for those who want no undo, and for the undo itself."""

    # The arguments are the protocol's.

    def note(self, path: str, before: State, after: State, base: str = "") -> int:  # noqa: ARG002
        """No number."""
        return 0

    def void(self, number: int) -> None:
        """Nothing was noted."""

    def keep(self, number: int, directory: int, name: str) -> None:
        """Nothing is kept."""

    def take(self, number: int, directory: int, name: str) -> None:  # noqa: ARG002
        """It is gone."""
        os.unlink(name, dir_fd=directory)

    take_upper = take
