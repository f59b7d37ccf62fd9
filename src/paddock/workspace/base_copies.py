"""Copies of what a sandbox started from, for three-way merges: CHANGE-SET/base/DIGEST, one for each content.

Texts of a moderate size only. They cost what the sandbox changed (and share the host's blocks where the file system
can); beyond a total the digest alone has to do, and a conflict is shown with two sides instead of three.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.workspace import content

DIRECTORY = "base"
LARGEST_BYTES = 1 << 20
TOTAL_BYTES = 256 << 20  # for one session
_HALF = ".half"


class Copies:
    """The copies of one change set."""

    def __init__(self, directory: int) -> None:
        """`directory` is the change set's, and stays the caller's. Nothing is made before the first copy."""
        self._directory = directory
        self._used: set[str] = set()
        self._total = 0

    def keep(self, source: int, digest: str) -> None:
        """Keep the content of an open file under its digest, if it is worth that."""
        size = os.fstat(source).st_size
        if size > LARGEST_BYTES or self._total + size > TOTAL_BYTES or content.looks_binary(source):
            return
        self._total += size
        with suppress(OSError):  # no room: the change itself matters more
            self._write(source, digest)

    def _write(self, source: int, digest: str) -> None:
        place = self._open(make=True)
        if place is None:
            return
        try:
            if not os.access(digest, os.F_OK, dir_fd=place):
                _write(place, source, digest)
        finally:
            os.close(place)

    def hand_over(self, digest: str, directory: int, name: str) -> None:
        """Give a second name, elsewhere in Paddock's state, to a content that may be forgotten here."""
        place = self._open() if digest else None
        if place is not None:
            try:
                with suppress(FileNotFoundError):
                    os.link(digest, name, src_dir_fd=place, dst_dir_fd=directory)
            finally:
                os.close(place)

    def take_back(self, digest: str, directory: int, name: str) -> None:
        """Have a content again that was handed over."""
        place = self._open(make=True) if digest and os.access(name, os.F_OK, dir_fd=directory) else None
        if place is not None:
            try:
                os.rename(name, digest, src_dir_fd=directory, dst_dir_fd=place)
            finally:
                os.close(place)

    def use(self, digest: str) -> None:
        """Note that an entry names this one."""
        if digest:
            self._used.add(digest)

    def forget_others(self) -> None:
        """Remove what no entry names any more."""
        place = self._open()
        if place is None:
            return
        try:
            for name in os.listdir(place):
                if name not in self._used:
                    os.unlink(name, dir_fd=place)
        finally:
            os.close(place)

    def read(self, digest: str) -> bytes | None:
        """A content, or None where it was not kept, or not whole (nothing waits for the disk here)."""
        place = self._open() if digest else None
        if place is None:
            return None
        try:
            descriptor = content.open_file(place, digest)
        except FileNotFoundError:
            return None
        finally:
            os.close(place)
        try:
            whole = content.fingerprint(descriptor, LARGEST_BYTES) == digest
            return content.read_all(descriptor, LARGEST_BYTES) if whole else None
        finally:
            os.close(descriptor)

    def _open(self, *, make: bool = False) -> int | None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(DIRECTORY, flags, dir_fd=self._directory)
        except FileNotFoundError:
            if not make:
                return None
        os.mkdir(DIRECTORY, 0o700, dir_fd=self._directory)
        os.chmod(DIRECTORY, 0o700, dir_fd=self._directory)  # whatever the umask is
        return os.open(DIRECTORY, flags, dir_fd=self._directory)


def _write(place: int, source: int, digest: str) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    target = os.open(_HALF, flags, 0o600, dir_fd=place)
    try:
        os.fchmod(target, 0o600)
        content.copy(source, target)
    finally:
        os.close(target)
    os.rename(_HALF, digest, src_dir_fd=place, dst_dir_fd=place)
