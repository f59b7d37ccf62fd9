"""The values of a change set: one `Change` for each path."""

from __future__ import annotations

import stat

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from paddock.workspace.hazard import Hazard

    Kind = Literal["added", "modified", "deleted", "mode", "replaced", "renamed", "same"]

SET_ID = stat.S_ISUID | stat.S_ISGID


@frozen
class Change:
    """One changed path, relative to the repository, text with surrogateescape.

    Modes are whole (`st_mode`, 0 for nothing there), sizes are bytes. `replaced` means another type of file.
    `held` names the reason in `holding.REASONS` why it is not applied. `vanished`: a directory that the sandbox
    had from the host, which has it no more.
    """

    path: str
    kind: Kind
    old_mode: int = 0
    new_mode: int = 0
    old_size: int = 0
    new_size: int = 0
    binary: bool = False
    source: str = ""
    held: str = ""
    note: str = ""
    vanished: bool = False
    hazards: tuple[Hazard, ...] = ()

    @property
    def type(self) -> str:
        """What it is now (or was, when deleted): file, directory, symlink or special."""
        return file_type(self.new_mode or self.old_mode)

    @property
    def mode(self) -> int:
        """The permission bits that the host may get: never set-id bits."""
        return self.new_mode & 0o1777


@frozen
class ChangeSet:
    """All changes, with renames found; sorted as the tree is."""

    changes: tuple[Change, ...]


def file_type(mode: int) -> str:
    """A word for the type bits of a mode."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "special"
