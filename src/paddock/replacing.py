"""A file with new content, whole or not at all, and only if it still is what was read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock.errors import PaddockError

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
    temporary = f".{name[:200]}.{os.urandom(8).hex()}"
    mode = check(folder, name, before, again)
    try:
        opened = os.open(temporary, _NEW, mode, dir_fd=folder)
        with open(opened, "wb") as file:
            file.write(after)
            file.flush()
            os.fchmod(opened, mode)
            os.fsync(opened)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):  # Ctrl-C while it was made or got its name: the system call was done
            os.unlink(temporary, dir_fd=folder)
        raise


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
