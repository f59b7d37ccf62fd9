"""A private home with what the image has there, as podman would fill it.

It runs in the container's own mounts, as its root, and reads what whoever made the image wrote: no link is followed,
nothing but files and directories is opened, and nothing is written into what is mounted in the home already.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from paddock.boundary.steps import STAGE
from paddock.kernel import mounts
from paddock.kernel.openat2 import RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, openat2
from paddock.plan.paths import within

_AT_ONCE = 1 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777  # never set-user-ID


def fill(target: str, uid: int) -> None:
    """Copy what lies under the mount at `target` into it, as `uid`'s. Raises OSError, where it is full for one."""
    # An image may have a link on the way to its home, and on the stage lie the layers of the change set.
    if within(os.path.realpath(target), STAGE):
        raise OSError(errno.ELOOP, "a link in the image leads to where the sandbox is put together", target)
    into, root = mounts.alone(target), mounts.alone("/")
    try:
        source = openat2(root, target, os.O_RDONLY | os.O_DIRECTORY, resolve=RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        try:
            _copy(source, into, uid)
        finally:
            os.close(source)
    finally:
        os.close(root)
        os.close(into)


def _copy(source: int, into: int, uid: int) -> None:
    with os.scandir(source) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        found = os.lstat(name, dir_fd=source)
        if stat.S_ISLNK(found.st_mode):
            with suppress(FileExistsError):
                os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=into)
                os.chown(name, uid, uid, dir_fd=into, follow_symlinks=False)
        elif stat.S_ISDIR(found.st_mode):
            with suppress(FileExistsError):  # the engine made it, for a mount
                os.mkdir(name, 0o700, dir_fd=into)
            _copy_directory(source, into, name, uid)
        elif stat.S_ISREG(found.st_mode):
            with suppress(FileExistsError):
                _copy_file(source, into, name, uid)


def _copy_directory(source: int, into: int, name: str, uid: int) -> None:
    below = os.open(name, _DIRECTORY, dir_fd=source)
    try:
        there = os.open(name, _DIRECTORY, dir_fd=into)
        try:
            _copy(below, there, uid)
            _give(there, below, uid)
        finally:
            os.close(there)
    finally:
        os.close(below)


def _copy_file(source: int, into: int, name: str, uid: int) -> None:
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        written = os.open(name, _NEW, 0o600, dir_fd=into)
        try:
            while os.sendfile(written, opened, None, _AT_ONCE):
                continue
            _give(written, opened, uid)
        finally:
            os.close(written)
    finally:
        os.close(opened)


def _give(copy: int, original: int, uid: int) -> None:
    os.fchown(copy, uid, uid)
    os.fchmod(copy, stat.S_IMODE(os.fstat(original).st_mode) & _PERMISSIONS)
