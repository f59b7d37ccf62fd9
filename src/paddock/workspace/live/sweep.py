"""Find what has become dangerous in the repository since a live run began.

A file counts as changed unless all that the survey noted of it is still so; where it stood before, its old content is
compared. Whoever changed it: the sandbox and the person's own programs write as the same user, and nothing tells
them apart. INVARIANT PE-01 … PE-15, FS-39: what is created late, or reached by another name, is met here.
"""

from __future__ import annotations

import os
import stat

from paddock.frozen import frozen, replace
from paddock.workspace import content
from paddock.workspace.change import SET_ID, Change
from paddock.workspace.descent import below, split, stat_in
from paddock.workspace.hazard import Hazard
from paddock.workspace.hazards.links import Aliases
from paddock.workspace.holding import is_git
from paddock.workspace.live import git_parts, tree
from paddock.workspace.live.ground import alike
from paddock.workspace.live.standing import acts
from paddock.workspace.live.survey import Known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from paddock.workspace.change import Kind
    from paddock.workspace.live.ground import Beginning, Ground
    from paddock.workspace.live.mounted import Mounted
    from paddock.workspace.live.survey import Standing
    from paddock.workspace.live.tree import Listing

    class Judging(Protocol):
        """What the hazards room says of one change."""

        def hazards(self, change: Change) -> tuple[Hazard, ...]:
            """Why it is dangerous; nothing if it is not."""

    Judges = Callable[[int, int], Judging]  # from descriptors of the new and of the old tree
    Rules = tuple[Standing, Judges]

_POINTER = Hazard("git-pointer", "git", "high", "git reads hooks and configuration from where this leads")
_BARE = "git-bare"  # `_in_git` looks at what is in such a repository instead
_PARTS = {
    "hooks": Hazard("git-hooks", "git", "high", "git runs it"),
    "config": Hazard("git-config", "git", "high", "git runs programs that its configuration names"),
    "commondir": Hazard("git-commondir", "git", "high", "git reads hooks and configuration from where this leads"),
    "todo": Hazard("git-sequence", "git", "medium", "git rebase --continue runs the commands in it"),
    "info": Hazard("git-attributes", "git", "high", "git sends files through programs that attributes name"),
}


@frozen
class Danger:
    """A path that has to leave: `found` is what lies there; `known` what lay there before."""

    path: str
    found: os.stat_result
    hazards: tuple[Hazard, ...]
    known: Known | None


class Sweep:
    """Looks through the repository, once or again and again. Changes nothing."""

    def __init__(self, root: int, ground: Ground, beginning: Beginning, mounted: Mounted, rules: Rules) -> None:
        """`root` is the repository, and stays the caller's."""
        self._root = root
        self._ground = ground
        self._beginning = beginning
        self._mounted = mounted
        self._standing, self._judges = rules
        self.known = dict(beginning.known)
        self._aliases = Aliases(root)
        self._identities = {(known.device, known.inode, known.ctime_ns) for known in self.known.values()}

    def everything(self, until_ns: int | None = None) -> Iterator[Danger]:
        """All dangers, when the run has ended; with `until_ns` only what was changed until then."""
        self._aliases = Aliases(self._root)
        for listing in tree.walk(self._root, anyhow=True):
            for danger in self.at(listing.path, listing.fd, self._possible(listing), ended=True):
                if until_ns is None or danger.found.st_ctime_ns <= until_ns:
                    yield danger

    def _possible(self, listing: Listing) -> list[str]:
        """The names of files in a directory that can have become dangerous.

        A directory that is where it was has the old names, and a file that is as it was is as dangerous as it was.
        """
        place = os.fstat(listing.fd)
        same = self._beginning.places.get(listing.path) == (place.st_dev, place.st_ino)
        same = same and split(listing.path)[1] not in git_parts.DIRECTORIES  # which may be a repository's by now
        names = []
        for entry in listing.entries:
            if entry.is_dir(follow_symlinks=False):
                continue
            if same and entry.name not in git_parts.PARTS:
                found = tree.stat_entry(entry)
                unchanged = found is None or found.st_ctime_ns < self._beginning.begun_ns
                if unchanged and below(listing.path, entry.name) not in self.known:
                    continue
            names.append(entry.name)
        return names

    def at(self, path: str, directory: int, names: Iterable[str], *, ended: bool = False) -> Iterator[Danger]:
        """The dangers among some names right in a directory: those that cannot wait, unless the run has `ended`."""
        for name in names:
            found = stat_in(directory, name)
            if found is None or not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
                continue
            inner = below(path, name)
            if self.known.get(inner) != Known.of(found):
                hazards = () if git_parts.is_description(inner) else self._hazards(directory, inner, found, ended=ended)
                acting = tuple(hazard for hazard in hazards if acts(hazard, inner, ended=ended))
                if acting:
                    yield Danger(inner, found, acting, self.known.get(inner))

    def _hazards(self, directory: int, path: str, found: os.stat_result, *, ended: bool) -> tuple[Hazard, ...]:
        known = self.known.get(path)
        if known:
            self._ground.copies.bring(path)
        if self._moved_along(path, found) or self._mounted.holds(path, ended=ended):
            return ()
        if known and self._is_as_before(directory, path, found, known):
            self.known[path] = Known.of(found)
            return ()
        hazards = self._in_git(directory, path, found)
        return hazards if hazards or git_parts.in_git(path) else self._by_catalogue(path, found, known)

    def _moved_along(self, path: str, found: os.stat_result) -> bool:
        """A directory that was renamed takes its files along as they are; the person had them, and had seen them.

        Only a directory above: what is dangerous by itself is held, where there are mounts.
        """
        if (found.st_dev, found.st_ino, found.st_ctime_ns) not in self._identities:
            return False
        return self._beginning.mounts or self._standing.of(path, directory=False) == "watched"

    def _is_as_before(self, directory: int, path: str, found: os.stat_result, known: Known) -> bool:
        """Whether content and mode are what they were: rewritten by a formatter, or by another branch and back."""
        if (found.st_mode, found.st_size) != (known.mode, known.size):
            return False
        parent, name = split(path)
        try:
            with tree.opened(self._ground.before, parent) as kept:
                return alike(directory, name, kept, name)
        except OSError:
            return False  # there was no room for a copy

    def _in_git(self, directory: int, path: str, found: os.stat_result) -> tuple[Hazard, ...]:
        """What git obeys is not in the catalogue's hands: whether a file is such a part depends on its neighbours."""
        parent, name = split(path)
        if is_git(name):
            return (_POINTER,)
        if name in ("hooks", "info") and stat.S_ISLNK(found.st_mode) and self._is_repository(parent):
            return (_PARTS[name],)
        part = git_parts.part(path)
        if part is None or not self._is_repository(part[0]):
            return ()
        if not git_parts.is_judged(part[1]):
            return (_PARTS[part[1].partition("/")[0]],)
        suspect = _suspect(directory, name)
        return (replace(_PARTS["todo" if name == git_parts.TODO else "config"], evidence=suspect),) if suspect else ()

    def _is_repository(self, path: str) -> bool:
        try:
            with tree.opened(self._root, path) as place:
                return git_parts.is_repository(path, [name for name in git_parts.TELLING if stat_in(place, name)])
        except OSError:
            return False

    def _by_catalogue(self, path: str, found: os.stat_result, known: Known | None) -> tuple[Hazard, ...]:
        # Of what no name is dangerous, only links and set-id bits are of interest here, and nobody has to read it.
        untouched = found.st_ctime_ns < self._beginning.begun_ns
        plain = stat.S_ISREG(found.st_mode) and not found.st_mode & SET_ID
        if (untouched or plain) and not self._named(path, found):
            return ()
        kind: Kind = "added" if known is None else "modified"
        if known and stat.S_IFMT(known.mode) != stat.S_IFMT(found.st_mode):
            kind = "replaced"
        old_mode, old_size = (known.mode, known.size) if known else (0, 0)
        change = Change(path, kind, old_mode, found.st_mode, old_size, found.st_size)
        # A new judge each time: it remembers what lies around, and the sandbox goes on writing.
        found_hazards = self._judges(self._root, self._ground.before).hazards(change)
        return tuple(hazard for hazard in found_hazards if hazard.name != _BARE)

    def _named(self, path: str, found: os.stat_result) -> bool:
        link = stat.S_ISLNK(found.st_mode)
        return any(self._standing.concerns(name, link=link) for name in (path, *self._aliases.of(path)))


def _suspect(directory: int, name: str) -> tuple[str, ...]:
    """The lines for which a git configuration, or the steps of a rebase, are dangerous."""
    try:
        descriptor = content.open_upper_file(directory, name)
    except OSError:
        return ("no file that can be read",)
    try:
        data = content.read_all(descriptor, git_parts.LONGEST_CONFIG)
    finally:
        os.close(descriptor)
    if data is None:
        return ("longer than any that git writes",)
    judge = git_parts.running_lines if name == git_parts.TODO else git_parts.suspect_lines
    return judge(os.fsdecode(data))
