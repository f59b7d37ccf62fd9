"""What the commits that a change is built on have beside it: a hazard may need a part that was there before.

HEAD and refs of a directory, of which the change is the other half; a name that differs in letter case alone; a link
by which programs know the changed file. Only such names are laid out beside a change, and without their content.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace.descent import DIRECTORY, split
from paddock.workspace.git import quarantine
from paddock.workspace.hazards.repositories import INNER, SHAPE
from paddock.workspace.hazards.spelling import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from paddock.workspace.git.quarantine import Quarantine

TREES_AT_MOST = 256
_TOGETHER = 200  # directories for one git
_TARGET_BYTES = 4096


@frozen
class Neighbour:
    """A name of one of those commits; `target` where it is a link."""

    path: str
    mode: int
    target: bytes = b""

    def lay(self, root: int) -> None:
        """Make something of that name in a tree, unless the change itself has something there, or above it."""
        *parents, name = self.path.split("/")
        place = os.dup(root)
        try:
            for part in parents:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=place)
                inner = os.open(part, DIRECTORY | os.O_CLOEXEC, dir_fd=place)
                os.close(place)
                place = inner
            if stat.S_ISLNK(self.mode):
                os.symlink(self.target, os.fsencode(name), dir_fd=place)
            elif stat.S_ISREG(self.mode):
                os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place))
            else:
                os.mkdir(name, 0o700, dir_fd=place)
        except OSError:
            pass  # the change is what counts there
        finally:
            os.close(place)


class Neighbours:
    """The names beside some paths."""

    def __init__(self, apart: Quarantine, tip: str, have: Sequence[str], paths: Iterable[str]) -> None:
        self._names: dict[str, dict[str, Neighbour]] = {}  # by directory
        self._links: list[Neighbour] = []  # at the top and in its dotted directories, where `links.Aliases` looks
        wanted = {directory for path in paths for directory in _directories(path)}
        for tree in (*_built_on(apart, tip, have), tip):
            self._read(apart, tree, wanted)
        self._read_targets(apart)

    def of(self, paths: Sequence[str]) -> Iterator[Neighbour]:
        """Those that matter to changes of these paths."""
        if paths:
            yield from self._links
        for path in dict.fromkeys(paths):
            directory, name = split(path)
            key = folded(name)
            yield from (one for other, one in self._names.get(directory, {}).items() if folded(other) == key != other)
            for place in _directories(path):
                yield from (self._names[place][name] for name in SHAPE if name in self._names.get(place, {}))

    def _read(self, apart: Quarantine, tree: str, wanted: set[str]) -> None:
        top = self._list(apart, tree, [])
        dotted = [one.path for one in top if one.path[0] == "." and stat.S_ISDIR(one.mode)]
        listed = sorted({*wanted, *dotted} - {""})
        for start in range(0, len(listed), _TOGETHER):
            self._list(apart, tree, [f"{directory}/" for directory in listed[start : start + _TOGETHER]])

    def _list(self, apart: Quarantine, tree: str, directories: Sequence[str]) -> list[Neighbour]:
        found = []
        for line in apart.git.ask("ls-tree", "-z", "-t", tree, "--", *directories).split(b"\0")[:-1]:
            fields, _, path = line.partition(b"\t")
            mode, kind, name = fields.split(b" ")
            one = Neighbour(os.fsdecode(path), stat.S_IFDIR if kind == b"commit" else int(mode, 8), name)
            directory, last = split(one.path)
            self._names.setdefault(directory, {})[last] = one
            found.append(one)
        return found

    def _read_targets(self, apart: Quarantine) -> None:
        """Links have been noted with the names of their contents."""
        near = (
            one
            for directory, names in self._names.items()
            if not directory or (directory[0] == "." and "/" not in directory)
            for one in names.values()
        )
        links = {one.path: one.target.decode("ascii") for one in near if stat.S_ISLNK(one.mode)}
        sizes = apart.sizes(sorted(set(links.values()))) if links else {}
        texts = apart.contents({name: size for name, size in sizes.items() if 0 < size < _TARGET_BYTES})
        for path, name in links.items():
            directory, last = split(path)
            target = texts.get(name, b"").split(b"\0")[0]
            if target:
                self._names[directory][last] = Neighbour(path, stat.S_IFLNK, target)
                self._links.append(self._names[directory][last])


def _directories(path: str) -> tuple[str, ...]:
    """Those whose names matter to a change: its own, and the one of which this may be the `hooks`."""
    parent = split(path)[0]
    above, inner = split(parent)
    return (parent, above) if inner.lower() in INNER else (parent,)


def _built_on(apart: Quarantine, tip: str, have: Sequence[str]) -> list[str]:
    """The host's commits that are parents of those that come. Raises WorkspaceError for too many."""
    told = apart.git.ask("rev-list", "--boundary", "--stdin", stdin=quarantine.revisions([tip], have))
    found = [line[1:] for line in told.decode("ascii", "replace").split() if line[0] == "-"]
    if len(found) > TREES_AT_MOST:
        raise WorkspaceError(
            f"commits on more than {TREES_AT_MOST} commits of the host cannot be judged",
            next_step="paddock apply --as branch --hazards   takes them unjudged",
            code="git-unjudged",
        )
    return found
