"""A file with new content, whole or not at all, and only if it still is what was read."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress

from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace(path: str, before: bytes, after: bytes, *, again: str) -> None:
    """Put `after` in the place of `before`, which is empty for a file that is not there. Raises PaddockError, OSError.

    An agent may work in the same directory: a link that stands there is not followed, and the name is changed at once.
    `again` is the command that tells what there is now, if it was changed meanwhile.
    """
    folder, name = os.path.split(path)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        replace_in(held, name, before, after, again=again)
    finally:
        os.close(held)


def replace_in(folder: int, name: str, before: bytes, after: bytes, *, again: str) -> None:
    """The same for a name in a directory that is open, wherever that may be by now."""
    mode = check(folder, name, before, again)
    with whole(name, mode, folder=folder) as file:
        fill(file, after, mode)


@contextmanager
def whole(path: str, mode: int, *, folder: int | None = None) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once it is written; after a failure nothing of it is there.

    `mode` is subject to the umask; the path begins at the open directory `folder`, if any. Raises OSError.
    """
    above, name = os.path.split(path)
    temporary = os.path.join(above, f".{name[:200]}.{os.urandom(8).hex()}")
    try:
        opened = os.open(temporary, _NEW, mode, dir_fd=folder)
        with open(opened, "wb") as file:
            yield file
        os.rename(temporary, path, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):  # Ctrl-C while it was made or got its name: the system call was done
            os.unlink(temporary, dir_fd=folder)
        raise


def fill(file: BinaryIO, content: bytes, mode: int) -> None:
    """Write all of a new file, with these permissions whatever the umask, so that a power failure takes none of it."""
    file.write(content)
    file.flush()
    os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def check(folder: int, name: str, before: bytes, again: str) -> int:
    """The permissions of the file that is there. Raises PaddockError if it is not the one that was read."""
    try:
        opened = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        if before:
            raise _changed(name, again) from None
        return 0o644
    except OSError as error:
        raise _changed(name, again) from error
    with open(opened, "rb") as file:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or file.read(len(before) + 1) != before:
            raise _changed(name, again)
        return stat.S_IMODE(found.st_mode)


def _changed(name: str, again: str) -> PaddockError:
    return PaddockError(f"{name} was changed meanwhile", why="nothing was written", next_step=again, code="changed")
