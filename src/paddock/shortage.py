"""What the machine ran out of or does not allow, told with the step that mends it.

The kernel says only which call failed. Whoever sees "No space left on device" needs to know where, and what
to set or to free. This module is loaded before anything fails: with no descriptor left nothing can be imported.
"""

from __future__ import annotations

import errno
import os

from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    # A directory of Paddock's, what it holds, and the variable that moves it.
    Place = tuple[str, str, str]

_FULL_BYTES = 1 << 20
_COUNTED = {
    errno.EMFILE: ("too many open files", "raise the limit: ulimit -n 4096", "too-many-files"),
    errno.ENFILE: ("this machine has too many open files", "end some, or raise: sysctl fs.file-max", "too-many-files"),
    errno.EAGAIN: ("no more processes can be started", "end some, or raise the limit: ulimit -u", "too-many-processes"),
}  # fmt: skip


def explained(error: OSError, places: Sequence[Place], path: str = "") -> PaddockError | None:
    """The error for people, or None where there is nothing better to say than the kernel does.

    `places` are the directories that Paddock itself needs, the most important one first; `path` is what failed,
    where the error does not name it.
    """
    name = error.filename
    path = path or (os.fsdecode(name) if isinstance(name, str | bytes) else "")
    why = error.strerror or str(error)
    number = error.errno
    if number == errno.ENOSPC:
        return _no_space(path, why, places)
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return _not_allowed(path, why, places, read_only=number == errno.EROFS)
    if number == errno.EDQUOT:
        where, step = _where(path, places)
        return PaddockError(f"your quota is used up: {where}", why=why, next_step=f"free {step}", code="no-space")
    if number in _COUNTED and not (path and number == errno.EAGAIN):
        what, step, code = _COUNTED[number]
        return PaddockError(what, why=f"{why}: {path}" if path else why, next_step=step, code=code)
    if number == errno.ENOENT and not path and _is_deleted():
        step = "cd to a directory that exists"
        return PaddockError("this directory has been deleted", why=why, next_step=step, code="directory-deleted")
    return None


def _no_space(path: str, why: str, places: Sequence[Place]) -> PaddockError:
    """Also said by the kernel where a count is used up, such as user.max_user_namespaces."""
    if not path:
        path = next((place for place, _, _ in places if _is_full(place)), "")
    if path:
        where, step = _where(path, places)
        return PaddockError(f"no space left for {where}", why=why, next_step=f"free {step}", code="no-space")
    looked = ", ".join(place for place, _, _ in places)
    return PaddockError(
        "no space left, or a limit of the kernel is reached",
        why=f"{why}; there is space in {looked}",
        next_step="look at: df -h; df -i; sysctl user",
        code="no-space",
    )


def _not_allowed(path: str, why: str, places: Sequence[Place], *, read_only: bool) -> PaddockError | None:
    owner = _owner(path, places)
    if owner is None:
        return None
    _, what, variable = owner
    said = "is on a read-only file system" if read_only else "may not be used by you"
    return PaddockError(
        f"{what} {said}: {path}",
        why=why,
        next_step=f"look at: ls -ld {path}   or set {variable} to a directory that you can write",
        code="read-only" if read_only else "not-allowed",
    )


def _where(path: str, places: Sequence[Place]) -> tuple[str, str]:
    """What lies at a path, in words, and where to make room."""
    owner = _owner(path, places) if path else next(iter(places), None)
    if owner is None:
        return path, f"space on the file system of {path}"
    place, what, variable = owner
    return f"{what} in {place}", f"space there, or set {variable} to a directory with more"


def _owner(path: str, places: Sequence[Place]) -> Place | None:
    """The place that a path is in, or on the way to."""
    return next((place for place in places if path and _touches(path, place[0])), None)


def _touches(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/") or place.startswith(f"{path.rstrip('/')}/")


def _is_full(path: str) -> bool:
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "/"
    try:
        found = os.statvfs(path)
    except OSError:
        return False
    # Some file systems count no inodes: then there are 0 in all.
    return found.f_bavail * found.f_frsize < _FULL_BYTES or (found.f_files > 0 and found.f_favail == 0)


def _is_deleted() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
