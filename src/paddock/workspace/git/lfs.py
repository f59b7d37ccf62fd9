"""The contents behind Git LFS pointers, which the sandbox's git-lfs put beside its objects.

A pointer is a small file that names a content by its SHA-256, so a content needs no trust: what has that hash is it.
Only what a commit that comes over names is taken, and nothing else of `lfs/`.
https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace import content
from paddock.workspace.descent import PLACE, open_beneath, split, stat_in
from paddock.workspace.git import commits
from paddock.workspace.git.place import Opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.workspace.git.place import Place
    from paddock.workspace.git.quarantine import Quarantine
    from paddock.workspace.git.repository import Repository

OBJECTS = "lfs/objects"
COMMITS_AT_MOST = 50_000
_POINTER_BYTES = 1024  # "must be less than" that
_VERSION = b"version https://git-lfs.github.com/spec/v1\n"
_DIGITS = frozenset("0123456789abcdef")
_HASH_DIGITS = 64


@frozen
class Pointer:
    """A content by its SHA-256, in hexadecimal, and its size in bytes."""

    digest: str
    size: int

    @property
    def path(self) -> str:
        """Where the content is, in a git directory."""
        return f"{OBJECTS}/{self.digest[:2]}/{self.digest[2:4]}/{self.digest}"


def parsed(data: bytes) -> Pointer | None:
    """The pointer that a file is, or None."""
    if not data.startswith(_VERSION) or len(data) >= _POINTER_BYTES:
        return None
    lines = dict(line.partition(" ")[::2] for line in data.decode("ascii", "replace").splitlines())
    kind, _, digest = lines.get("oid", "").partition(":")
    size = lines.get("size", "")
    if kind != "sha256" or len(digest) != _HASH_DIGITS or not _DIGITS.issuperset(digest):
        return None
    return Pointer(digest, int(size)) if size.isascii() and size.isdigit() and len(size) < 16 else None  # noqa: PLR2004


def bring(place: Place, host: Repository, apart: Quarantine, tips: Sequence[str]) -> tuple[Pointer, ...]:
    """Copy the contents that the tips' commits name, as far as the sandbox has them and the host has not.

    Gives those that the sandbox has, but not as their pointers say: they stay. Raises WorkspaceError (a full disk).
    """
    with Opened(place) as opened:
        if not opened.git.has_upper(OBJECTS):
            return ()
        wrong = []
        for pointer in dict.fromkeys(pointer for tip in tips for pointer in _named(apart, tip, host.have)):
            try:
                if not _copy(opened, pointer, host.git.owner):
                    wrong.append(pointer)
            except OSError as error:
                raise WorkspaceError(
                    "the content of a Git LFS pointer could not be written",
                    why=f"{pointer.digest}: {error.strerror}",
                    next_step="make room (or make it writable), then: paddock apply",
                    code="apply-stopped",
                ) from error
        return tuple(wrong)


def _named(apart: Quarantine, tip: str, have: Sequence[str]) -> Iterator[Pointer]:
    ids = apart.commits(tip, have, COMMITS_AT_MOST)
    blobs = {edit.new for edit in commits.edits(apart.git, ids) if edit.new and not edit.is_submodule}
    small = [(name, size) for name, size in apart.sizes(sorted(blobs)).items() if size < _POINTER_BYTES]
    for start in range(0, len(small), COMMITS_AT_MOST):
        for data in apart.contents(dict(small[start : start + COMMITS_AT_MOST])).values():
            pointer = parsed(data)
            if pointer:
                yield pointer


def _copy(opened: Opened, pointer: Pointer, owner: tuple[int, int] | None) -> bool:
    """Whether the host has the content now, or nobody does."""
    parent, name = split(pointer.path)
    with suppress(FileNotFoundError):
        there = open_beneath(opened.lower, parent, PLACE)
        found = stat_in(there, name)
        os.close(there)
        if found is not None:
            return True
    try:
        place = open_beneath(opened.upper, parent, PLACE)
    except OSError:
        return True
    try:
        source = content.open_upper_file(place, name)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    finally:
        os.close(place)
    try:
        return os.fstat(source).st_size == pointer.size and _put(opened.lower, pointer, source, owner)
    finally:
        os.close(source)


def _put(lower: int, pointer: Pointer, source: int, owner: tuple[int, int] | None) -> bool:
    """Write without a name, hash what was written, and give it the name that it has earned."""
    parent, name = split(pointer.path)
    directory = _made(lower, parent, owner)
    try:
        target = os.open(".", os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o644, dir_fd=directory)
        try:
            content.copy(source, target)
            if content.digest(target).hex() != pointer.digest:
                return False
            if owner:
                os.fchown(target, *owner)
            os.fchmod(target, 0o444)  # as git-lfs keeps them
            os.fsync(target)
            with suppress(FileExistsError):
                os.link(f"/proc/self/fd/{target}", name, dst_dir_fd=directory, follow_symlinks=True)
            return True
        finally:
            os.close(target)
    finally:
        os.close(directory)


def _made(root: int, path: str, owner: tuple[int, int] | None) -> int:
    """A directory of the host's git directory, made if need be. No link is followed."""
    place = os.dup(root)
    for part in path.split("/"):
        try:
            os.mkdir(part, 0o755, dir_fd=place)
        except FileExistsError:
            pass
        else:
            if owner:
                os.chown(part, *owner, dir_fd=place, follow_symlinks=False)
        try:
            inner = open_beneath(place, part, os.O_RDONLY | os.O_DIRECTORY)
        finally:
            os.close(place)
        place = inner
    return place
