"""What has to be undone at the end, in the opposite order: `contextlib.ExitStack` without its import.

That import (collections, functools) would stand between a person and bubblewrap's start, and cost a tenth as much.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Unwinding:
    """Register each undo before its do. All are called, also when one of them fails.

    The last failure is raised, the ones before it are its context.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def callback(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call this at the end, before all that was registered earlier."""
        self._steps.append((function, arguments))

    def keep(self) -> Unwinding:
        """Everything that was registered, for somebody else to undo later; nothing is left here."""
        kept = Unwinding()
        kept._steps, self._steps = self._steps, []
        return kept

    def __enter__(self) -> Unwinding:  # noqa: PYI034 - typing.Self would have to be imported
        return self

    def __exit__(self, *_: object) -> None:
        while self._steps:
            function, arguments = self._steps.pop()
            try:
                function(*arguments)
            except BaseException:
                self.__exit__()
                raise
