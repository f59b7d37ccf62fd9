"""The single steps of writing to the host: each one call or two, in a directory that is open."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from paddock.kernel import files
from paddock.workspace.descent import open_beneath, stat_in


class Intervened(Exception):
    """The host changed between our look and our write."""


def name_it(descriptor: int, directory: int, name: str) -> None:
    """Give a file without a name one. Raises Intervened where there is something of that name."""
    try:
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=directory, follow_symlinks=True)
    except FileExistsError:
        raise Intervened from None


def same(directory: int, name: str, expected: os.stat_result | None) -> None:
    """Raise Intervened unless the host still has what we looked at."""
    found = stat_in(directory, name)
    if found is None or expected is None:
        if found is not expected:
            raise Intervened
        return
    if (found.st_dev, found.st_ino, found.st_ctime_ns) != (expected.st_dev, expected.st_ino, expected.st_ctime_ns):
        raise Intervened


def swap_directory(directory: int, temporary: str, name: str) -> None:
    """Put a file or link in the place of an empty directory; one that has got something meanwhile stays."""
    files.exchange(directory, temporary, name)
    try:
        os.rmdir(temporary, dir_fd=directory)
    except OSError as error:
        files.exchange(directory, temporary, name)
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise Intervened from None


def change_mode(directory: int, name: str, mode: int) -> None:
    """Permissions of a file or directory; a directory keeps the set-group-id bit that its parent gave it."""
    descriptor = open_beneath(directory, name, os.O_PATH)
    try:
        found = os.fstat(descriptor).st_mode
        kept = found & stat.S_ISGID if stat.S_ISDIR(found) else 0
        files.change_mode(descriptor, mode | kept)
    finally:
        os.close(descriptor)


def own(directory: int, descriptor: int, expected: os.stat_result | None) -> None:
    """Root gives files to whom they belonged, new ones to the owner of the directory; others keep the group."""
    if expected is not None and not stat.S_ISDIR(expected.st_mode):
        owner = expected
    elif os.geteuid() == 0:
        owner = os.fstat(directory)
    else:
        return
    found = os.fstat(descriptor)
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    elif found.st_gid != owner.st_gid:
        # Not a member of that group: the file gets the person's own, as with any editor.
        with suppress(PermissionError):
            os.fchown(descriptor, -1, owner.st_gid)


def own_name(directory: int, name: str) -> None:
    """The same for what cannot be opened."""
    if os.geteuid() == 0:
        owner = os.fstat(directory)
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=directory, follow_symlinks=False)
