"""The layer of a git directory that lies outside of the repository: a worktree's, a submodule's.

CHANGE-SET/git/{upper,work} is an overlay's, over the directory that `of` names. It is made when a sandbox first needs
it, and goes with the change set.
"""

from __future__ import annotations

import os

from paddock.errors import PaddockError, WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.descent import stat_in
from paddock.workspace.git.place import Place

DIRECTORY, OF = "git", "of"
_POINTER = b"gitdir: "
_POINTER_BYTES = 4200


def make(directory: str, source: str, repository: str) -> tuple[str, str]:
    """The upper and work directory of an overlay over the git directory `source`, in a change set's directory.

    Raises WorkspaceError where the change set has a layer over another one.
    """
    place = f"{directory}/{DIRECTORY}"
    owner = os.stat(source)
    text = b"%b\0%d\0%b\0" % (os.fsencode(source), owner.st_ino, os.fsencode(_head(repository, source)))
    try:
        os.mkdir(place, 0o700)
    except FileExistsError:
        if _read(directory) not in (b"", text):
            raise WorkspaceError(
                "the change set belongs to another git directory",
                why=f"{repository!a} has {source!a} now",
                next_step="paddock run --fresh …, or move it back",
                code="repository-lost",
            ) from None
    os.chmod(place, 0o700)  # whatever the umask is
    with shelf.opened(place) as descriptor:
        shelf.make_layers(descriptor, owner)
        if stat_in(descriptor, OF) is None:
            with open(os.open(f".{OF}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=descriptor), "wb") as file:
                file.write(text)
            os.rename(f".{OF}", OF, src_dir_fd=descriptor, dst_dir_fd=descriptor)
    return f"{place}/{shelf.UPPER}", f"{place}/{shelf.WORK}"


def of(directory: str) -> tuple[str, str] | None:
    """The git directory that a change set has a layer over, if any, and the path of HEAD in it.

    None also where that directory is another one by now: nothing can be brought there.
    """
    source, number, head, *_ = (*_read(directory).split(b"\0"), b"", b"", b"")
    try:
        there = os.stat(source)
    except (OSError, ValueError):
        return None
    return (os.fsdecode(source), os.fsdecode(head)) if number == b"%d" % there.st_ino else None


def upper(directory: str) -> str:
    """Where the layer itself is; it need not exist."""
    return f"{directory}/{DIRECTORY}/{shelf.UPPER}"


def place(directory: str) -> Place | None:
    """The layer's git directory, where the host still has it."""
    found = of(directory)
    return Place("", upper(directory), "", *found) if found else None


def has_work(directory: str) -> bool:
    """Whether somebody could miss what is in the layer. What cannot be read counts."""
    from paddock.workspace.git import transfer

    found = place(directory)
    if found is None:
        return True
    try:
        moved = transfer.moved(found)
    except PaddockError:
        return True
    return moved.any or moved.midway


def _read(directory: str) -> bytes:
    try:
        with open(f"{directory}/{DIRECTORY}/{OF}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _head(repository: str, source: str) -> str:
    """Where HEAD is, from the repository's own pointer: a worktree has one below the common directory."""
    with open(f"{repository}/.git", "rb") as file:
        text = file.read(_POINTER_BYTES)
    named = os.fsdecode(text.removeprefix(_POINTER).rstrip(b"\r\n"))
    real = os.path.realpath(os.path.join(repository, named))
    inner = os.path.relpath(real, source)
    return "HEAD" if inner == "." or inner.startswith("..") else f"{inner}/HEAD"
