"""A directory as a sandbox sees it, its layer over the host's, without a mount: for the few files that we read.

INVARIANT FS-09: by descriptor, beneath both roots, and no component may be a link (CVE-2025-48384 was one).
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from paddock.errors import WorkspaceError
from paddock.kernel import xattr
from paddock.kernel.openat2 import openat2
from paddock.workspace import content
from paddock.workspace.descent import DIRECTORY, open_beneath, split, stat_in
from paddock.workspace.entries import is_whiteout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 32  # levels below a root that is listed


def odd(path: str, what: str) -> WorkspaceError:
    """Git data that git would not have written so."""
    return WorkspaceError(
        "the sandbox's commits cannot be read",
        why=f"{path!a} in its git directory {what}",
        next_step="look inside: paddock shell   or take the files alone: paddock apply --as tree",
        code="git-data",
    )


class Merged:
    """Descriptors of the upper and the lower directory; both stay the caller's. `lower` may be missing."""

    def __init__(self, upper: int, lower: int | None) -> None:
        self.upper = upper
        self.lower = None if xattr.is_opaque(upper) else lower

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        """A small file's content, None where there is none. Raises WorkspaceError for anything else in its place."""
        found = self.read_upper(path, limit_bytes)
        if found is not None or self._covers(path):
            return found
        return self.read_lower(path, limit_bytes)

    def read_upper(self, path: str, limit_bytes: int) -> bytes | None:
        """The same, of the upper directory alone."""
        return _read(self.upper, path, limit_bytes)

    def read_lower(self, path: str, limit_bytes: int) -> bytes | None:
        """The same, of the lower directory alone."""
        return None if self.lower is None else _read(self.lower, path, limit_bytes)

    def has_upper(self, path: str) -> bool:
        """Whether the upper directory has a directory there, links not followed."""
        try:
            os.close(open_beneath(self.upper, path, DIRECTORY))
        except OSError:
            return False
        return True

    def upper_files(self, path: str, at_most: int) -> Iterator[str]:
        """The regular files below a name of the upper directory, as paths; deletion marks are left out.

        Raises WorkspaceError for anything that git does not put there, and for more than `at_most` entries.
        """
        waiting, left = [path], at_most
        while waiting:
            place = waiting.pop()
            for name, found in self._entries(place):
                left -= 1
                if left < 0:
                    raise odd(path, f"holds more than {at_most} entries")
                if stat.S_ISREG(found.st_mode):
                    yield f"{place}/{name}"
                elif stat.S_ISDIR(found.st_mode) and place.count("/") < DEEPEST:
                    waiting.append(f"{place}/{name}")
                elif stat.S_ISDIR(found.st_mode):
                    raise odd(path, f"is more than {DEEPEST} levels deep")
                elif not is_whiteout(found):
                    raise odd(f"{place}/{name}", "is neither a file nor a directory")

    def _entries(self, path: str) -> list[tuple[str, os.stat_result]]:
        """What is in an upper directory; nothing where that is missing, or marked as deleted."""
        parent, name = split(path)
        try:
            with _opened(self.upper, parent) as place:
                found = stat_in(place, name)
                if found is None or is_whiteout(found):
                    return []
                with _opened(place, name) as directory:
                    entries = [(inner, stat_in(directory, inner)) for inner in sorted(os.listdir(directory))]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise odd(path, f"is no plain directory: {error.strerror}") from error
        return [(inner, entry) for inner, entry in entries if entry is not None]

    def _covers(self, path: str) -> bool:
        """Whether the upper directory hides what the lower one has at `path`."""
        place = os.dup(self.upper)
        try:
            *above, name = path.split("/")
            for part in above:
                found = stat_in(place, part)
                if found is None or not stat.S_ISDIR(found.st_mode):
                    return found is not None
                entered = openat2(place, part, DIRECTORY)
                os.close(place)
                place = entered
                if xattr.is_opaque(place):
                    return True
            return stat_in(place, name) is not None
        finally:
            os.close(place)


@contextmanager
def _opened(root: int, path: str) -> Iterator[int]:
    descriptor = open_beneath(root, path, DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(root: int, path: str, limit_bytes: int) -> bytes | None:
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise odd(path, f"is not to be had: {error.strerror}") from error
    try:
        found = stat_in(place, name)
        if found is None or is_whiteout(found):
            return None
        if not stat.S_ISREG(found.st_mode):
            raise odd(path, "is no regular file")
        descriptor = content.open_upper_file(place, name)
        try:
            data = content.read_all(descriptor, limit_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise odd(path, f"is not to be had: {error.strerror}") from error
    finally:
        os.close(place)
    if data is None:
        raise odd(path, f"is larger than {limit_bytes} bytes")
    return data
