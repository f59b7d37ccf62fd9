"""One walk over a repository: every file that could be looked into, and every shape that leads out of it.

By descriptor, beneath the root, never through a link or into another mount. What cannot be entered, what is too
deep and what is too much is left out and said.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import time

from paddock.errors import WorkspaceError
from paddock.preflight import names
from paddock.preflight.findings import Collection, Finding
from paddock.preflight.links import HardLinks, leaves
from paddock.workspace.descent import Descent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.preflight.findings import Kind

    # Path, identity and size of a regular file. No class: there may be half a million of them.
    File = tuple[str, bytes, int]

MOST_FILES = 500_000
LONGEST_PATH = 4096  # bytes; PATH_MAX: what is deeper no program can name
_ODD: dict[int, Kind] = {
    stat.S_IFSOCK: "socket", stat.S_IFIFO: "fifo", stat.S_IFCHR: "device", stat.S_IFBLK: "device",
}  # fmt: skip
_RUNS_AS_OTHERS = stat.S_ISUID | stat.S_ISGID
_EXECUTE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_BARE = frozenset(["HEAD", "objects", "refs"])
_NUMBERS = struct.Struct("=QQQqq")
# Git's own store: compressed, named by its content, and hard linked between clones by git itself.
_GIT_STORE = frozenset(["objects", "lfs"])


def identity(path: str, found: os.stat_result) -> bytes:
    """16 bytes that stay the same as long as the file at this path does (dev, inode, size, both times)."""
    numbers = _NUMBERS.pack(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return hashlib.blake2b(numbers + os.fsencode(path), digest_size=16).digest()


class Walk:
    """A walk and what it met. `notes` say what was left out; `complete` is False where time ran out."""

    def __init__(self, root: int, repository: str, collection: Collection, *, deadline: float = float("inf")) -> None:
        """`root` is a descriptor of the real path `repository`; `deadline` is a time of time.monotonic()."""
        self.files: list[File] = []
        self.notes: list[str] = []
        self.complete = True
        self._root, self._repository, self._deadline = root, repository, deadline
        self._collection = collection
        self._linked = HardLinks()
        self._closed: list[str] = []
        self._mounts: list[str] = []

    def run(self, tick: Callable[[int], None] = lambda _: None) -> None:
        """Walk; `tick` gets the number of files so far after each directory."""
        descent = Descent(self._root)
        try:
            self._writable("", os.fstat(self._root))
            self._descend(descent, tick)
        except (WorkspaceError, OSError) as error:  # something is writing there
            self.complete = False
            what = error.what if isinstance(error, WorkspaceError) else error.strerror
            self.notes.append(f"{what}: the scan stopped there")
        finally:
            descent.close()
        for path, number in self._linked.outside():
            self._add("hard-link", path, f"{number} name{'s' if number > 1 else ''} outside")
        for paths, what in ((self._closed, "could not be read"), (self._mounts, "another file system")):
            if paths:
                more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
                self.notes.append(f"{what}: {paths[0]}{more}")

    def _descend(self, descent: Descent, tick: Callable[[int], None]) -> None:
        above: list[str] = []
        pending = [self._directory(descent.fd, "")]
        while pending:
            if len(self.files) > MOST_FILES or time.monotonic() > self._deadline:
                self._cut()
                return
            if pending[-1]:
                name = pending[-1].pop()
                path = f"{above[-1]}/{name}" if above else name
                if self._enter(descent, name, path):
                    above.append(path)
                    pending.append(self._directory(descent.fd, path))
                    tick(len(self.files))
                continue
            pending.pop()
            if above:
                above.pop()
                descent.up()

    def _cut(self) -> None:
        self.complete = False
        if len(self.files) > MOST_FILES:
            del self.files[MOST_FILES:]
            self.notes.append(f"more than {MOST_FILES} files: the rest was not looked at")

    def _enter(self, descent: Descent, name: str, path: str) -> bool:
        if len(os.fsencode(path)) >= LONGEST_PATH:
            self.notes.append(f"deeper than any path can name: below {path[:60]}…")
            return False
        # Who may not search a directory can open it, but not leave it again by its "..".
        if not os.access(name, os.R_OK | os.X_OK, dir_fd=descent.fd, effective_ids=True):
            self._closed.append(path)
            return False
        try:
            descent.down(name)
        except FileNotFoundError:  # gone meanwhile
            return False
        except OSError as error:
            # openat2(2): EXDEV is a mount point; a link in the directory's place gives ELOOP or ENOTDIR.
            (self._mounts if error.errno == errno.EXDEV else self._closed).append(path)
            return False
        return True

    def _directory(self, descriptor: int, path: str) -> list[str]:
        """Judge what is in the open directory; the names of those to enter, the last first."""
        inside: list[str] = []
        met: set[str] = set()
        before = f"{path}/" if path else ""
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    name = entry.name
                    met.add(name)
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if self._entry(descriptor, before + name, name, found):
                        inside.append(name)
                    if len(self.files) > MOST_FILES:
                        break
        except OSError:
            self._closed.append(path or ".")
        self._repositories(path, met)
        store = _GIT_STORE if names.in_git(path) or met >= _BARE else frozenset[str]()
        return sorted((name for name in inside if name not in store), reverse=True)

    def _entry(self, directory: int, path: str, name: str, found: os.stat_result) -> bool:
        """Judge one entry; whether it is a directory."""
        mode = found.st_mode
        kind = stat.S_IFMT(mode)
        if kind == stat.S_IFLNK:
            self._link(directory, path, name)
            return False
        if mode & stat.S_IWOTH:
            self._writable(path, found)
        if kind == stat.S_IFREG:
            if found.st_nlink > 1:
                self._linked.meet(path, found)
            if mode & _RUNS_AS_OTHERS and mode & _EXECUTE:
                self._add("set-uid", path, stat.filemode(mode))
            self.files.append((path, identity(path, found), found.st_size))
            return False
        if kind in _ODD:
            self._add(_ODD[kind], path)
        return kind == stat.S_IFDIR

    def _link(self, directory: int, path: str, name: str) -> None:
        try:
            target = os.readlink(name, dir_fd=directory)
        except OSError:  # replaced meanwhile
            return
        if leaves(self._repository, path, target):
            self._add("link-out", path, target)

    def _writable(self, path: str, found: os.stat_result) -> None:
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_mode & stat.S_IWOTH and not sticky and stat.S_IFMT(found.st_mode) not in _ODD:
            self._add("world-writable", path or ".", stat.filemode(found.st_mode))

    def _repositories(self, path: str, met: set[str]) -> None:
        if not path or names.in_git(path):
            return
        if ".git" in met:
            self._add("nested-repository", path)
        if met >= _BARE:
            self._add("bare-repository", path)

    def _add(self, kind: Kind, path: str, detail: str = "") -> None:
        self._collection.add(Finding(kind, path, detail=detail))
