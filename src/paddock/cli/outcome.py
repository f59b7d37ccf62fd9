"""What a command gives back: text for people, data for programs, an exit code."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class Outcome:
    """`text` goes to stdout as it is; with `--json`, `data` (with "schema": 1) goes there instead."""

    text: str = ""
    data: Mapping[str, object] | None = None
    exit_code: int = 0
