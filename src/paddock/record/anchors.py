"""Anchors: how long a log was when it was closed, and its last line's digest; not kept by the log's writer.

A chain whose last lines were cut off is still a chain. The process that started the writer keeps its count and head
when it has ended; a log without an anchor was not closed in order. Who can write the state directory can write both:
keep what `paddock log verify` prints elsewhere (a CI artefact, a trailer on the commit), and ask again with `--head`.
"""

from __future__ import annotations

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


def write(path: str, anchor: Anchor) -> None:
    """Keep a log's anchor; there is only ever one. Raises OSError or PaddockError."""
    kept = place(path)
    make_private(os.path.dirname(kept))
    opened = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    data = f"{anchor.count} {anchor.head}\n".encode("ascii")
    try:
        complete = os.write(opened, data) == len(data)
    except OSError:
        os.unlink(kept)
        raise
    finally:
        os.close(opened)
    if not complete:
        os.unlink(kept)
        raise OSError(28, "No space left on device", kept)


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
    with suppress(FileNotFoundError):
        os.unlink(place(path))


def names(folder: str) -> list[str]:
    """The ids of all logs in a directory that have an anchor."""
    try:
        return sorted(os.listdir(f"{folder}/{_FOLDER}"))
    except FileNotFoundError:
        return []
