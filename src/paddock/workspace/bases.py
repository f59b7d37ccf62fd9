"""What each entry of a change set was made from: since when, and which content of the host's file.

Overlayfs keeps no copy of what the sandbox started from. At the end of every session each new entry gets that
session's beginning and, where the host's file is provably still the one from before it (its ctime says so, which
nobody can set back), that file's mode and digest. A text of moderate size is kept as well, for a three-way merge.
Earlier entries keep what they have: what was changed in an earlier session was based on the host as it was then.

The file holds pairs of path and `Base`, each ended by a NUL byte. A directory that only the upper tree has, or that
the sandbox deleted or replaced as a whole, is one entry, marked with a slash.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left

from paddock.frozen import frozen
from paddock.workspace import base_copies, holding
from paddock.workspace.content import fingerprint, open_file
from paddock.workspace.entries import ENTER, ENTRY, Pair, Visit, traverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "bases"
LARGEST_BYTES = 64 << 20  # a longer one gets no digest: any change of it is a doubt


@frozen
class Base:
    """The host's file as the sandbox knew it. `mode` is whole, 0 where nobody knows; `digest` is "" then too."""

    since_ns: int
    mode: int = 0
    digest: str = ""

    def text(self) -> str:
        """As it is kept."""
        return f"{self.since_ns} {self.mode:o} {self.digest}" if self.mode else str(self.since_ns)


def parsed(text: str) -> Base:
    """What `Base.text` gave."""
    since, _, rest = text.partition(" ")
    mode, _, digest = rest.partition(" ")
    return Base(int(since), int(mode or "0", 8), digest)


class Bases:
    """What is known of the entries; as text until somebody asks, since there may be a million."""

    def __init__(self, known: dict[str, str], otherwise_ns: int) -> None:
        """`otherwise_ns` holds for entries that no ended session has left."""
        self._known = known
        self._otherwise_ns = otherwise_ns
        self._sorted: list[str] | None = None

    def of(self, path: str) -> Base:
        """What the entry at a path was made from; below a new or deleted directory, that one's time."""
        found = self.exact(path) or self.exact(path + "/")
        place = path
        while found is None:
            place, slash, _ = place.rpartition("/")
            if not slash:
                return Base(self._otherwise_ns)
            above = self.exact(place + "/")
            found = Base(above.since_ns) if above else None
        return found

    def exact(self, entry: str) -> Base | None:
        """What was noted of this very entry."""
        text = self._known.get(entry)
        return None if text is None else parsed(text)

    def below(self, path: str) -> Iterator[str]:
        """The entries that were noted below a path."""
        if self._sorted is None:
            self._sorted = sorted(self._known)
        start = path + "/"
        for index in range(bisect_left(self._sorted, start), len(self._sorted)):
            if not self._sorted[index].startswith(start):
                return
            if self._sorted[index] != start:
                yield self._sorted[index]

    def note(self, entry: str, text: str) -> None:
        """Know this of an entry from now on."""
        self._known[entry] = text
        self._sorted = None


def read(directory: int, otherwise_ns: int) -> Bases:
    """What earlier sessions noted."""
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return Bases({}, otherwise_ns)
    with open(descriptor, "rb") as file:
        parts = file.read().split(b"\0")
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return Bases({os.fsdecode(path): text.decode("ascii") for path, text in pairs}, otherwise_ns)


def record(directory: int, upper: int, lower: int, begun_ns: int, known: Mapping[str, str] | None = None) -> None:
    """Note all entries that are there now; those not yet known began at `begun_ns`.

    `known` are the bases, as text, of entries of which the caller knows better: it wrote the host's side itself.
    """
    before = read(directory, begun_ns)
    for entry, text in (known or {}).items():
        before.note(entry, text)
    copies = base_copies.Copies(directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(f".{NAME}", flags, 0o600, dir_fd=directory), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask is
        for entry, base in _noted(upper, lower, before, copies):
            copies.use(base.digest)
            file.write(b"%b\0%b\0" % (os.fsencode(entry), base.text().encode("ascii")))
        file.flush()
        os.fsync(file.fileno())
    os.rename(f".{NAME}", NAME, src_dir_fd=directory, dst_dir_fd=directory)
    copies.forget_others()


def _noted(upper: int, lower: int, before: Bases, copies: base_copies.Copies) -> Iterator[tuple[str, Base]]:
    pair = Pair(upper, lower)
    try:
        for visit in traverse(pair):
            if visit.phase == ENTER:
                visit.skip = holding.is_git(visit.name) or visit.opaque or not visit.over_directory
                yield visit.path + "/" * visit.skip, before.of(visit.path)
            elif visit.phase == ENTRY:
                yield from _entry(pair, visit, before, copies)
    finally:
        pair.close()


def _entry(pair: Pair, visit: Visit, before: Bases, copies: base_copies.Copies) -> Iterator[tuple[str, Base]]:
    if visit.over_directory and visit.lower:
        whole = before.of(visit.path)
        if not whole.mode and visit.lower.st_ctime_ns < whole.since_ns:
            whole = Base(whole.since_ns, visit.lower.st_mode)
        yield visit.path + "/", whole
        for entry in before.below(visit.path):  # an undo knows them one by one
            yield entry, before.of(entry)
        return
    base = before.exact(visit.path)
    if base is None:
        since_ns = before.of(visit.path).since_ns
        base = looked(pair.lower, visit.name, since_ns, copies) or Base(since_ns)
    yield visit.path, base


def looked(
    directory: int | None,
    name: str,
    since_ns: int,
    copies: base_copies.Copies | None,
    limit_bytes: int = LARGEST_BYTES,
) -> Base | None:
    """The host's file as a base, kept too where that is sensible; None where it changed since then, or is none."""
    if directory is None:
        return None
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if found.st_ctime_ns >= since_ns:
            return None
        if stat.S_ISLNK(found.st_mode):
            return Base(since_ns, found.st_mode, target_digest(os.readlink(name, dir_fd=directory)))
        if not stat.S_ISREG(found.st_mode):
            return None
        descriptor = open_file(directory, name)
    except OSError:
        return None  # gone meanwhile, or not ours to read
    try:
        digest = fingerprint(descriptor, limit_bytes)
        if digest and copies:
            copies.keep(descriptor, digest)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    unchanged = (after.st_ino, after.st_ctime_ns) == (found.st_ino, found.st_ctime_ns)
    return Base(since_ns, found.st_mode, digest) if unchanged and digest else None


def target_digest(target: str) -> str:
    """The same for where a symbolic link leads."""
    import hashlib

    return hashlib.sha256(b"link\0" + os.fsencode(target)).hexdigest()
