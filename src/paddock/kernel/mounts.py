"""Mounts, made inside a sandbox's mount namespace from outside, or carried into it by descriptor."""

from __future__ import annotations

import ctypes
import os
import struct

from paddock.kernel import libc, userns
from paddock.kernel.openat2 import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# <linux/mount.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 0x1, 0x2, 0x4, 0x20, 0x1000
MS_REC, MS_UNBINDABLE, MS_PRIVATE = 0x4000, 0x20000, 0x40000
MNT_DETACH = 2
OPEN_TREE_CLONE, AT_RECURSIVE, AT_EMPTY_PATH, AT_FDCWD = 0x1, 0x8000, 0x1000, -100
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH = 0x4, 0x40
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 0x1, 0x2, 0x4, 0x8
MOUNT_ATTR_IDMAP = 0x100000


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None) -> None:
    encoded = (os.fsencode(source), os.fsencode(target), kind and kind.encode())
    libc.call("mount", *encoded, ctypes.c_ulong(flags), options and os.fsencode(options))


def overlay(lowers: Sequence[str], upper: str, work: str, target: str) -> None:
    """Mount an overlay at `target`, its lower layers given from the top.

    The layers' paths must hold no comma, colon or backslash; all of them together fit into a page.

    `userxattr` (kernel 5.11) keeps its marks in `user.*`, so that no privilege over the host's file
    systems is needed to write or to read them.
    """
    options = f"userxattr,lowerdir={':'.join(lowers)},upperdir={upper},workdir={work}"
    _mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options)


def bind(source: str, target: str) -> None:
    """Bind `source` on `target`, with the flags of the mount that it comes from."""
    _mount(source, target, None, MS_BIND, None)


def bind_deep(source: str, target: str) -> None:
    """Bind `source` on `target` with all mounts below it, each with its flags."""
    _mount(source, target, None, MS_BIND | MS_REC, None)


def bind_read_only(source: str, target: str) -> None:
    """Bind `source` on `target` and make that mount read-only."""
    bind(source, target)
    _mount("none", target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, None)


def make_private(target: str) -> None:
    """Let no mount below `target` be seen elsewhere, or come from there: `mount --make-rprivate`."""
    _mount("none", target, None, MS_REC | MS_PRIVATE, None)


def make_unbindable(target: str) -> None:
    """Leave the mount at `target` out of all copies of the tree that it is in: `mount --make-unbindable`."""
    _mount("none", target, None, MS_UNBINDABLE, None)


def cover(root: int, path: str, *, read_only: bool) -> None:
    """Mount a path beneath the directory `root` on itself, so that its name can be neither renamed nor removed here.

    By descriptor, and through no link. mount_setattr(2) adds to the flags that the mount has: a remount must
    repeat the locked ones, and is EPERM otherwise. Raises OSError, ENOENT and ELOOP where it is not there (any more).
    """
    place = openat2(root, path, os.O_PATH, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
    try:
        flags = ctypes.c_uint(OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH)
        tree = libc.syscall(libc.SYS_OPEN_TREE, place, b"", flags)
        try:
            if read_only:
                _set_attributes(tree, MOUNT_ATTR_RDONLY, AT_RECURSIVE, None)
            flags = ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
            libc.syscall(libc.SYS_MOVE_MOUNT, tree, b"", place, b"", flags)
        finally:
            os.close(tree)
    finally:
        os.close(place)


def seal(target: str, *, read_only: bool, deep: bool, devices: bool) -> None:
    """Let the mount at `target` honour no set-user-ID, and no devices unless they stay (mount_setattr(2)).

    With `deep` all mounts below it as well.
    """
    attributes = MOUNT_ATTR_NOSUID | (0 if devices else MOUNT_ATTR_NODEV) | (MOUNT_ATTR_RDONLY if read_only else 0)
    request = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = ctypes.c_uint(AT_RECURSIVE if deep else 0)
    libc.syscall(libc.SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), flags, request, ctypes.c_size_t(len(request)))


def allow_programs(target: str) -> None:
    """Let programs be started from the mount at `target`."""
    request = struct.pack("QQQQ", 0, MOUNT_ATTR_NOEXEC, 0, 0)
    flags = ctypes.c_uint(0)
    libc.syscall(libc.SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), flags, request, ctypes.c_size_t(len(request)))


def alone(target: str) -> int:
    """A detached copy of the mount at `target` without what is mounted below it, as a descriptor."""
    flags = ctypes.c_uint(OPEN_TREE_CLONE | os.O_CLOEXEC)
    return libc.syscall(libc.SYS_OPEN_TREE, AT_FDCWD, os.fsencode(target), flags)


def detach(target: str) -> None:
    """Take a mount and all below it out of the namespace."""
    libc.call("umount2", os.fsencode(target), MNT_DETACH)


def clone(source: str, *, read_only: bool, idmap: int | None) -> int:
    """A detached copy of the mount at `source` (with the mounts below it), as a descriptor.

    `idmap` is a user namespace whose mapping translates the owners of the files
    (mount_setattr(2), MOUNT_ATTR_IDMAP, kernel 5.12). Needs CAP_SYS_ADMIN over the host. Raises OSError,
    with EINVAL where the file system cannot be mapped.
    """
    flags = OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE
    tree = libc.syscall(libc.SYS_OPEN_TREE, AT_FDCWD, os.fsencode(source), ctypes.c_uint(flags))
    attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    attributes |= MOUNT_ATTR_RDONLY if read_only else 0
    try:
        # The id mapping only for the top mount: file systems below it may not carry one, and a mount
        # that cannot be mapped must not fail a whole toolchain.
        _set_attributes(tree, attributes, AT_RECURSIVE, None)
        if idmap is not None:
            _set_attributes(tree, MOUNT_ATTR_IDMAP, 0, idmap)
    except OSError:
        os.close(tree)
        raise
    return tree


def _set_attributes(tree: int, attributes: int, flags: int, idmap: int | None) -> None:
    request = struct.pack("QQQQ", attributes, 0, 0, idmap or 0)
    libc.syscall(
        libc.SYS_MOUNT_SETATTR, tree, b"", ctypes.c_uint(AT_EMPTY_PATH | flags), request, ctypes.c_size_t(len(request))
    )


def attach(tree: int, target: str) -> None:
    """Put a detached mount at `target` in the current mount namespace."""
    libc.syscall(libc.SYS_MOVE_MOUNT, tree, b"", AT_FDCWD, os.fsencode(target), ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH))


def swap_ids(owner: int, group: int, stand_in: int) -> int:
    """A user namespace that maps `owner` and `group` to `stand_in` and back, all other ids to themselves.

    The way back is needed by overlayfs, which creates its work directory as the mounter. The caller
    closes the descriptor.
    """
    return userns.new(_swapped(owner, stand_in), _swapped(group, stand_in))


def _swapped(one: int, other: int) -> str:
    low, high = sorted((one, other))
    lines = [f"{low} {high} 1", f"{high} {low} 1"]
    spans = ((0, low), (low + 1, high), (high + 1, 0xFFFFFFFF))
    lines += [f"{first} {first} {end - first}" for first, end in spans if end > first]
    return "\n".join(lines) + "\n"
