"""Reading the files of a repository that others wrote: regular ones, of a bounded size, none outside of it.

A path is walked one name at a time, by descriptors, and no link on the way is followed by the kernel: a link that is
swapped in while we read leads nowhere. Links that stay inside are resolved first, and the walk is tried once more.
"""

from __future__ import annotations

import errno
import os
import stat

from paddock.errors import PaddockError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
LARGEST = 384 << 10  # bytes of a compose file, a Dockerfile, a script: more than the largest that were published


class Unread(PaddockError):
    """A file that cannot be read, and why. `missing` where there is none."""

    code = "unread"

    def __init__(self, path: str, why: str, *, missing: bool = False) -> None:
        super().__init__(f"{path} cannot be read", why=why, next_step=f"ls -ld {path}")
        self.missing = missing


class Files:
    """The files of one repository. `folder` is what names are shown relative to, `root` is what must hold them all."""

    def __init__(self, root: str, folder: str = "") -> None:
        self.root = os.path.realpath(root)
        self.folder = os.path.realpath(folder or root)

    def raw(self, path: str, largest: int = LARGEST) -> bytes:
        """The bytes of a file; `path` is absolute or relative to the folder. Raises Unread."""
        if "\0" in path:
            raise Unread(path, "no path holds NUL", missing=True)
        path = os.path.join(self.folder, path)
        full = os.path.normpath(path)
        try:
            if self._holds(full):
                return self._walked(full, largest)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):  # what a link on the way comes to
                raise self._unread(path, error) from None
        real = os.path.realpath(path)
        if not self._holds(real):
            raise Unread(self.shown(path), f"it is outside of {self.root}")
        try:
            return self._walked(real, largest)
        except OSError as error:
            raise self._unread(path, error) from None

    def text(self, path: str) -> tuple[str, str]:
        """The text of a file, and why there is none where it is empty for another reason than that the file is.

        Bytes that are no UTF-8 hide nothing: builders and shells take them, in a comment, say.
        """
        try:
            return self.raw(path).decode(errors="replace"), ""
        except Unread as error:
            return "", error.why[:1].lower() + error.why[1:]

    def shown(self, path: str) -> str:
        """The path as people see it: relative to the folder, unless it is absolute and elsewhere."""
        full = os.path.normpath(os.path.join(self.folder, path))
        return os.path.relpath(full, self.folder) if self._holds(full) else full

    def inside(self, path: str) -> bool:
        """Whether a path leads into the repository, its links followed."""
        return "\0" not in path and self._holds(os.path.realpath(os.path.join(self.folder, path)))

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands there, its links followed, inside the repository."""
        full = os.path.join(self.folder, path)
        return self.inside(full) and os.path.isfile(full)

    def _holds(self, full: str) -> bool:
        return full == self.root or full.startswith(self.root.rstrip("/") + "/")

    def _walked(self, full: str, largest: int) -> bytes:
        *folders, last = os.path.relpath(full, self.root).split("/")
        here = os.open(self.root, _FOLDER)
        try:
            for name in folders:
                below = os.open(name, _FOLDER, dir_fd=here)
                os.close(here)
                here = below
            file = os.open(last, _FILE, dir_fd=here)
        finally:
            os.close(here)
        try:
            return self._whole(file, full, largest)
        finally:
            os.close(file)

    def _whole(self, file: int, full: str, largest: int) -> bytes:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise Unread(self.shown(full), "it is no regular file")
        pieces, left = [], largest + 1
        while left and (piece := os.read(file, left)):
            pieces.append(piece)
            left -= len(piece)
        if not left:
            raise Unread(self.shown(full), f"it has more than {largest} bytes")
        return b"".join(pieces)

    def _unread(self, path: str, error: OSError) -> Unread:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return Unread(self.shown(path), error.strerror or str(error), missing=missing)
