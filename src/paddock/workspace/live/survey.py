"""One walk over the repository before a live sandbox starts: what leads out of it, and what is dangerous there."""

from __future__ import annotations

import os
import posixpath
import stat
import time

from paddock.frozen import frozen
from paddock.workspace.descent import below, split, stat_in
from paddock.workspace.holding import is_git, leads_out
from paddock.workspace.live import git_parts, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Protocol

    from paddock.workspace.live.tree import Listing

    Hold = Literal["", "watched", "read-only"]

    class Standing(Protocol):
        """What mode live does with a path that is there, by its name alone."""

        def of(self, path: str, *, directory: bool) -> Hold:
            """Read-only, only watched, or nothing."""

        def concerns(self, path: str, *, link: bool) -> bool:
            """Whether a change of it has to be judged."""


_COARSE = 5  # CLOCK_REALTIME_COARSE of <linux/time.h>, by which file systems stamp
MOST_COVERED = 1000  # mounts: 20 ms; what the kernel needs for each grows with their number
MOST_COPIED, LARGEST_COPY, ALL_COPIES = 1000, 1 << 20, 1 << 25  # files: 100 ms; bytes of one, and of all


@frozen
class Known:
    """A file as it was: unless all of this is the same, it may have changed. Nobody can set a ctime back."""

    device: int
    inode: int
    ctime_ns: int
    mode: int
    size: int

    @classmethod
    def of(cls, found: os.stat_result) -> Known:
        """From what stat(2) says."""
        return cls(found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mode, found.st_size)


@frozen
class Survey:
    """What was there before the start. Paths are relative to the repository.

    `directories` has all of them, with device and inode. `known` has every file that is dangerous by its name; of
    these, `read_only` names the ones (and the directories full of them) that the sandbox shall not write, `copied`
    those of which a copy is to be kept. `pinned` are directories whose names alone are held (both without `mounts`:
    none); `open` is what should have been one or the other, had there been room. `begun_ns` is by the clock that
    stamps the files.
    """

    repository: str
    begun_ns: int
    hard_links: tuple[str, ...]
    sockets: tuple[str, ...]
    known: Mapping[str, Known]
    mounts: bool
    directories: Mapping[str, tuple[int, int]]
    pinned: tuple[str, ...]
    read_only: tuple[str, ...]
    copied: tuple[str, ...]
    open: tuple[str, ...]


def survey(repository: str, standing: Standing, *, mounts: bool = True) -> Survey:
    """Look at everything once. Without `mounts` nothing can be held, and copies have to do.

    Raises OSError where the repository itself cannot be read.
    """
    begun_ns = time.clock_gettime_ns(_COARSE)
    root = os.open(repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    looking = _Looking(standing, mounts=mounts)
    try:
        for listing in tree.walk(root):
            looking.at(listing)
        looking.follow(root)
    finally:
        os.close(root)
    return looking.result(repository, begun_ns)


class _Looking:
    """What has been found so far."""

    def __init__(self, standing: Standing, *, mounts: bool) -> None:
        self._standing = standing
        self._mounts = mounts
        self._linked: dict[tuple[int, int], tuple[int, str]] = {}  # device and inode → names left to find, one of them
        self._sockets: list[str] = []
        self._known: dict[str, Known] = {}
        self._directories: dict[str, tuple[int, int]] = {}
        self._pinned: list[str] = []
        self._read_only: list[str] = []
        self._within: set[str] = set()  # directories below a read-only one
        self._repositories: set[str] = set()
        self._links: list[tuple[str, Hold]] = []

    def at(self, listing: Listing) -> None:
        place = os.fstat(listing.fd)
        self._directories[listing.path] = (place.st_dev, place.st_ino)
        if git_parts.is_repository(listing.path, {entry.name for entry in listing.entries}):
            self._repositories.add(listing.path)
        # Neither git nor any other program looks for anything else in there.
        only_git = git_parts.in_git(listing.path + "/.")
        for entry in listing.entries:
            found = tree.stat_entry(entry)
            if found is None:
                continue
            path = below(listing.path, entry.name)
            if listing.path in self._repositories and entry.name in git_parts.READ_ONLY:
                hold: Hold = "read-only"
            else:
                hold = self._by_name(path, found, only_git=only_git)
            if stat.S_ISLNK(found.st_mode):
                hold = self._link(listing.fd, path, hold)
            self._note(path, found, hold, within=listing.path in self._within)

    def _link(self, directory: int, path: str, hold: Hold) -> Hold:
        parent, name = split(path)
        try:
            target = os.readlink(name, dir_fd=directory)
        except OSError:
            return hold
        if leads_out(path, target):
            return hold or "watched"
        hold = hold or self._standing.of(path, directory=True)
        if hold:
            self._links.append((posixpath.normpath(posixpath.join(parent, target)), hold))
        return hold

    def follow(self, root: int) -> None:
        """`CLAUDE.md -> docs/agents.md`: who edits the target edits what the link's name means to programs."""
        for path, hold in self._links:
            parent, name = split(path)
            try:
                with tree.opened(root, parent) as place:
                    found = stat_in(place, name)
            except OSError:
                continue
            if found and path not in self._known and path not in self._read_only:
                self._note(path, found, hold, within=parent in self._within)

    def _by_name(self, path: str, found: os.stat_result, *, only_git: bool) -> Hold:
        directory = stat.S_ISDIR(found.st_mode)
        if is_git(path.rpartition("/")[2]):
            return "" if directory else "read-only"  # a file or a link says where git is to look instead
        part = None if directory else git_parts.part(path)
        if part and part[0] in self._repositories:
            return "watched"
        return "" if only_git else self._standing.of(path, directory=directory)

    def _note(self, path: str, found: os.stat_result, hold: Hold, *, within: bool) -> None:
        if stat.S_ISDIR(found.st_mode):
            if self._mounts and is_git(path.rpartition("/")[2]):
                self._pinned.append(path)
            if self._mounts and (within or hold == "read-only"):
                self._within.add(path)
        else:
            self._count(path, found)
            if hold:
                self._known[path] = Known.of(found)
        # A mount would follow a link, to another place perhaps; a link is watched.
        if self._mounts and hold == "read-only" and not within and not stat.S_ISLNK(found.st_mode):
            self._read_only.append(path)

    def _count(self, path: str, found: os.stat_result) -> None:
        """Note what leads out of the repository."""
        if stat.S_ISSOCK(found.st_mode):
            self._sockets.append(path)
        elif found.st_nlink > 1:
            identity = (found.st_dev, found.st_ino)
            self._linked[identity] = (self._linked.get(identity, (found.st_nlink, path))[0] - 1, path)

    def result(self, repository: str, begun_ns: int) -> Survey:
        pinned = sorted(self._pinned, key=_upper_first)
        read_only = sorted(self._read_only, key=_upper_first)
        room = max(MOST_COVERED - len(pinned), 0)
        copied, left = self._copies()
        return Survey(
            repository=repository,
            begun_ns=begun_ns,
            hard_links=tuple(sorted(path for names, path in self._linked.values() if names > 0)),
            sockets=tuple(sorted(self._sockets)),
            known=self._known,
            mounts=self._mounts,
            directories=self._directories,
            pinned=tuple(pinned[:MOST_COVERED]),
            read_only=tuple(read_only[:room]),
            copied=tuple(copied),
            open=tuple(pinned[MOST_COVERED:] + read_only[room:] + left),
        )

    def _copies(self) -> tuple[list[str], list[str]]:
        """What to copy, first of all what the sandbox can write; and what of that there is no room for.

        A directory that is read-only as a whole may be large (`.venv`), and can only be moved along with its parent.
        """
        read_only = set(self._read_only)
        wanted = [path for path in self._known if path.rpartition("/")[0] not in self._within]
        copied: list[str] = []
        left: list[str] = []
        total = 0
        for path in sorted(wanted, key=lambda path: (path in read_only, _upper_first(path))):
            size = self._known[path].size
            if len(copied) < MOST_COPIED and size <= LARGEST_COPY and total + size <= ALL_COPIES:
                copied.append(path)
                total += size
            elif path not in read_only:
                left.append(path)
        return copied, left


def _upper_first(path: str) -> tuple[int, str]:
    """Where there is no room for all, what lies higher is obeyed by more programs."""
    return path.count("/"), path
