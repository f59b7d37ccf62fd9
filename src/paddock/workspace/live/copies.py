"""Copies of what stood in the repository, one after the other in one file: each of its own would take 0.3 ms.

Only what is asked for becomes a file again, beneath `before`, where it is compared with and copied from.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.frozen import frozen
from paddock.workspace import content
from paddock.workspace.descent import below, split
from paddock.workspace.live import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACK, INDEX = "copies", "index"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE, _LINK = b"f", b"l"
_HALF = ".half"


@frozen
class Span:
    """Where a copy lies in the pack; `link`: it is the target of a symbolic link."""

    offset: int
    length: int
    link: bool


def keep(place: int, root: int, paths: Sequence[str], limit_bytes: int) -> None:
    """Copy files and links of the tree `root` to the directory `place`.

    What cannot be read, or has grown beyond the limit, is left out. Raises OSError where there is no room.
    """
    offset = 0
    with _create(place, PACK) as pack, _create(place, INDEX) as index:
        for path in paths:
            try:
                data, kind = _content(root, path, limit_bytes)
            except OSError:
                continue
            pack.write(data)
            index.write(b"%b\0%b\0%d\0%d\0" % (os.fsencode(path), kind, offset, len(data)))
            offset += len(data)


def _create(place: int, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - typing.BinaryIO costs an import
    return open(os.open(name, _NEW, 0o600, dir_fd=place), "wb")


def _content(root: int, path: str, limit_bytes: int) -> tuple[bytes, bytes]:
    parent, name = split(path)
    with tree.opened(root, parent) as place:
        try:
            descriptor = content.open_upper_file(place, name)
        except OSError:
            return os.fsencode(os.readlink(name, dir_fd=place)), _LINK
    try:
        data = content.read_all(descriptor, limit_bytes)
    finally:
        os.close(descriptor)
    if data is None:
        raise OSError(path)
    return data, _FILE


class Copies:
    """The copies in a directory, as they are asked for."""

    def __init__(self, place: int, before: int) -> None:
        """`place` has the pack, `before` is where files come to be; both stay the caller's."""
        self._place = place
        self._before = before
        self._spans: dict[str, Span] | None = None

    def bring(self, path: str) -> None:
        """Make the copy of a path a file beneath `before`, if there is one and it is none yet."""
        if self._spans is None:
            self._spans = self._read_index()
        span = self._spans.pop(path, None)
        if span is None:
            return
        with open(os.open(PACK, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._place), "rb") as pack:
            pack.seek(span.offset)
            data = pack.read(span.length)
        parent, name = split(path)
        make_parents(self._before, parent, lambda _: 0o700)
        with tree.opened(self._before, parent) as place:
            with suppress(FileNotFoundError):
                os.unlink(_HALF, dir_fd=place)  # of one that was killed
            if span.link:
                os.symlink(os.fsdecode(data), _HALF, dir_fd=place)
            else:
                with _create(place, _HALF) as file:
                    file.write(data)
            os.rename(_HALF, name, src_dir_fd=place, dst_dir_fd=place)

    def _read_index(self) -> dict[str, Span]:
        try:
            descriptor = os.open(INDEX, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._place)
        except FileNotFoundError:
            return {}
        with open(descriptor, "rb") as file:
            parts = file.read().split(b"\0")
        records = zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=False)
        return {os.fsdecode(path): Span(int(at), int(size), kind == _LINK) for path, kind, at, size in records}


def make_parents(target: int, path: str, mode_of: Callable[[str], int]) -> None:
    """Make the directories of a path beneath `target` that are not there yet."""
    made = ""
    for name in path.split("/") if path else ():
        with tree.opened(target, made) as place:
            made = below(made, name)
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=place)
                os.chmod(name, mode_of(made) | 0o700, dir_fd=place)
