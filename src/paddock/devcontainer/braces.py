"""Where the `${` of a text are closed, found in one pass: a hostile text may open a hundred thousand."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_BRACE = re.compile(r"\$\{|\}")


def closings(text: str) -> Mapping[int, int]:
    """The offset of the closing brace, by that of each `${` that has one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "${":
            opened.append(brace.start())
        elif opened:
            found[opened.pop()] = brace.start()
    return found
