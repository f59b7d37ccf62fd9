"""The extended attributes with which an unprivileged overlay (`userxattr`) marks its upper directory.

Documentation/filesystems/overlayfs.rst. What a sandbox sets as `user.overlay.*` through the overlay arrives as
`user.overlay.overlay.*`, so that these marks cannot be forged from inside.
"""

from __future__ import annotations

import errno
import os

OPAQUE = "user.overlay.opaque"
ORIGIN = "user.overlay.origin"

_ABSENT = frozenset([errno.ENODATA, errno.ENOTSUP])


def get(descriptor: int, name: str) -> bytes | None:
    """The value of an attribute, or None where the file or its file system has none."""
    try:
        return os.getxattr(descriptor, name)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


def is_opaque(descriptor: int) -> bool:
    """Whether an upper directory hides what the lower one of that name holds."""
    return get(descriptor, OPAQUE) == b"y"


def set_opaque(descriptor: int, *, opaque: bool) -> None:
    """Mark an upper directory as opaque, or take the mark away."""
    _mark(descriptor, OPAQUE, b"y" if opaque else None)


def set_origin(descriptor: int, *, known: bool) -> None:
    """Mark an upper directory as copied up from one that is not named (overlayfs takes no bytes for that), or not."""
    _mark(descriptor, ORIGIN, b"" if known else None)


def _mark(descriptor: int, name: str, value: bytes | None) -> None:
    if value is not None:
        os.setxattr(descriptor, name, value)
        return
    try:
        os.removexattr(descriptor, name)
    except OSError as error:
        if error.errno not in _ABSENT:
            raise


def came_from_below(descriptor: int) -> bool:
    """Whether an upper directory was copied up from the lower one (directories are never renamed from there)."""
    return get(descriptor, ORIGIN) is not None
