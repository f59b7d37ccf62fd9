"""One git directory, the host's and a sandbox's layer over it."""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.frozen import frozen
from paddock.workspace import shelf
from paddock.workspace.descent import DIRECTORY, below, open_beneath
from paddock.workspace.git.merged import Merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


@frozen
class Place:
    """One git directory. `name` is "" for the repository's own, else where it lies in the repository.

    `layer` is a directory of the change set, `inner` the git directory's path in it ("" for all of it), `lower`
    the host's. `head` is the path of HEAD in it: a worktree has its own.
    """

    name: str
    layer: str
    inner: str
    lower: str
    head: str = "HEAD"

    @property
    def objects(self) -> str:
        """The layer's own objects, by path: inside a sandbox only, where no link of theirs leads out."""
        return below(f"{self.layer}/{self.inner}".rstrip("/"), "objects")


class Opened:
    """A place whose directories are open, for a while."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._cleanup = ExitStack()
        try:
            self.upper = _opened(place.layer, place.inner)
            self._cleanup.callback(os.close, self.upper)
            # The host's own path, which a person made and no sandbox.
            self.lower = os.open(place.lower, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._cleanup.callback(os.close, self.lower)
        except BaseException:
            self._cleanup.close()
            raise
        self.git = Merged(self.upper, self.lower)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()


def _opened(layer: str, inner: str) -> int:
    with shelf.opened(layer) as root:
        return open_beneath(root, inner, DIRECTORY)
