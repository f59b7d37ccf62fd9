"""Anchors: how long a log was when it was closed, and its last line's digest; not kept by the log's writer.

A chain whose last lines were cut off is still a chain. The process that started the writer keeps its count and head
when it has ended; a log without an anchor was not closed in order. Who can write the state directory can write both:
keep what `paddock log verify` prints elsewhere (a CI artefact, a trailer on the commit), and ask again with `--head`.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from paddock.frozen import frozen
from paddock.record.chain import GENESIS
from paddock.state import make_private

_FOLDER = "anchors"
_MOST_BYTES = 200
_HEX = frozenset("0123456789abcdef")
_MOST_DIGITS = 18


@frozen
class Anchor:
    """`count` lines, the last of which has the digest `head`."""

    count: int
    head: str


def place(path: str) -> str:
    """Where a log's anchor is."""
    folder, name = os.path.split(path)
    return f"{folder}/{_FOLDER}/{name.removesuffix('.jsonl')}"


def _half(path: str) -> str:
    """Where it is written first."""
    folder, name = os.path.split(place(path))
    return f"{folder}/.{name}"


def write(path: str, anchor: Anchor) -> None:
    """Keep a log's anchor, whole or not at all; there is only ever one. Raises OSError or PaddockError.

    Half of one would say of a whole log that somebody was at it, to whoever reads just then, and for ever if we die.
    """
    kept, half = place(path), _half(path)
    make_private(os.path.dirname(kept))
    if os.path.lexists(kept):  # nobody but the parent of the log's one writer comes here
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), kept)
    opened = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    data = f"{anchor.count} {anchor.head}\n".encode("ascii")
    try:
        if os.write(opened, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), kept)  # noqa: TRY301 - as write(2) would the next time
        os.rename(half, kept)
    except OSError:
        os.unlink(half)
        raise
    finally:
        os.close(opened)


def read(path: str) -> Anchor | None:
    """A log's anchor, None where there is none. Raises ValueError for one that was damaged, or OSError."""
    try:
        opened = os.open(place(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        text = os.read(opened, _MOST_BYTES).decode("ascii")
    finally:
        os.close(opened)
    count, _, head = text.removesuffix("\n").partition(" ")
    fits = text[-1:] == "\n" and 0 < len(count) <= _MOST_DIGITS and count.isdigit() and len(head) == len(GENESIS)
    if not fits or not set(head) <= _HEX:
        message = "its anchor is damaged"
        raise ValueError(message)
    return Anchor(int(count), head)


def remove(path: str) -> None:
    """Forget a log's anchor."""
    for kept in (place(path), _half(path)):
        with suppress(FileNotFoundError):
            os.unlink(kept)


def names(folder: str) -> list[str]:
    """The ids of all logs in a directory that have an anchor."""
    try:
        return sorted(name for name in os.listdir(f"{folder}/{_FOLDER}") if not name.startswith("."))
    except FileNotFoundError:
        return []
