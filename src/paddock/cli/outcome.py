"""What a command gives back: text for people, data for programs, an exit code."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@frozen
class Outcome:
    """`text` goes to stdout as it is; with `--json`, `data` (with "schema": 1) goes there instead.

    `pieces` are instead of both where there may be too much to hold: printed as they come, and an empty one
    means that there is a pause. What is `paged` goes through the person's pager where stdout is a terminal.
    """

    text: str = ""
    data: Mapping[str, object] | None = None
    exit_code: int = 0
    pieces: Iterable[str] | None = None
    paged: bool = False
