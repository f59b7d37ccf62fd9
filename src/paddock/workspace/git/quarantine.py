"""Objects from a sandbox, apart from the repository until they were checked: git calls this a quarantine
(git-receive-pack(1)).

It lies beside the change set. The host's objects are its alternates, so that a thin pack is completed and every
link can be followed; nothing is written there.
"""

from __future__ import annotations

import errno
import os

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.process import Finished
from paddock.workspace import removal
from paddock.workspace.git import bare
from paddock.workspace.git.program import Git, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.workspace.git.repository import Repository

PREFIX = ".quarantine-"
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))  # as git says it
_PACK_HEADER_BYTES = 12  # "PACK", version, number of objects: gitformat-pack(5)


@frozen
class Quarantine:
    """`parent` is a descriptor of the directory that it lies in. `partial`: so is the host's repository."""

    parent: int
    name: str
    git: Git
    partial: bool = False

    def remove(self) -> None:
        """Throw it away."""
        removal.remove(self.parent, self.name)

    def take_in(self, pack: int, limit_bytes: int) -> None:
        """Take a pack in, every object checked (fsck) and no link without an end. Raises WorkspaceError."""
        done = index(self.git, pack, limit_bytes, partial=self.partial)
        if done.status:
            why = failure("index-pack", done).why
            raise no_room(why) if any(sign in why for sign in _FULL) else _unsound(why)

    def kinds(self, names: Sequence[str]) -> dict[str, str]:
        """What kind of object each is. Raises WorkspaceError when one did not come."""
        lines = self.git.ask("cat-file", "--batch-check", stdin=_lines(names)).decode("ascii", "replace").splitlines()
        found = dict(zip(names, (line.split(" ")[1] for line in lines), strict=True))
        for name, kind in found.items():
            if kind == "missing":
                raise _unsound(f"{name} is missing")
        return found

    def demand_connected(self, tips: Sequence[str], have: Sequence[str]) -> None:
        """Raise WorkspaceError unless all that the commits reach is here or with the host."""
        words = ("rev-list", "--objects", "--quiet", "--stdin", *promised(partial=self.partial))
        done = self.git.run(*words, stdin=revisions(tips, have))
        if done.status:
            raise _unsound(failure("rev-list", done).why)

    def counted(self, tip: str, have: Sequence[str]) -> int:
        """How many commits `tip` reaches that `have` do not."""
        return int(self.git.ask("rev-list", "--count", "--stdin", stdin=revisions([tip], have)))

    def commits(self, tip: str, have: Sequence[str], at_most: int) -> tuple[str, ...]:
        """The commits that `tip` reaches and `have` do not, the newest first."""
        words = ("rev-list", "--topo-order", f"--max-count={at_most}", "--stdin")
        return tuple(self.git.ask(*words, stdin=revisions([tip], have)).decode("ascii").split())

    def fork(self, tip: str, base: str) -> str:
        """Where `tip` and a commit of the host have parted, or "" where they never met."""
        found = self.git.run("merge-base", tip, base).stdout if base else b""
        return found.decode("ascii", "replace").split("\n")[0]

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """The sizes of objects, in bytes."""
        lines = self.git.ask("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=_lines(names)).splitlines()
        return {name.decode("ascii"): int(size) for name, size in (line.split(b" ") for line in lines)}

    def contents(self, sizes: Mapping[str, int]) -> dict[str, bytes]:
        """The contents of objects whose sizes are known; together they fit into memory."""
        data = self.git.ask("cat-file", "--batch", stdin=_lines(list(sizes)))
        found, place = {}, 0
        for name, size in sizes.items():
            place = data.index(b"\n", place) + 1
            found[name] = data[place : place + size]
            place += size + 1
        return found

    def repack(self, tips: Sequence[str], have: Sequence[str], target: int, limit_bytes: int) -> None:
        """Write what `tips` have and `have` lacks, once checked, as a pack for the host."""
        done = self.git.run(
            *packing(partial=self.partial), stdin=revisions(tips, have), stdout=target, output_bytes=limit_bytes
        )
        if done.status:
            raise failure("pack-objects", done)


def make(parent: int, path: str, repository: Repository) -> Quarantine:
    """An empty quarantine for a repository of the host, in the directory `path`, which `parent` holds open."""
    name = PREFIX + os.urandom(8).hex()
    os.mkdir(name, 0o700, dir_fd=parent)
    place = f"{path}/{name}"
    partial = repository.partial
    bare.write(place, bare.files(repository.object_format, repository.objects, repository.shallow, partial=partial))
    return Quarantine(parent, name, Git(place), partial)


def clear_left(parent: int) -> None:
    """Remove what a killed Paddock left; nobody else works there."""
    for name in os.listdir(parent):
        if name.startswith(PREFIX):
            removal.remove(parent, name)


def revisions(tips: Sequence[str], have: Sequence[str]) -> bytes:
    """What git reads as "everything that the tips reach, and those which we have do not"."""
    return _lines([*tips, *(f"^{value}" for value in have)])  # `--not` among them is for git 2.42


def _lines(words: Sequence[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode("ascii")


def is_empty(pack: int) -> bool:
    """Whether a pack has no objects."""
    header = os.pread(pack, _PACK_HEADER_BYTES, 0)
    return header[:4] == b"PACK" and header[8:] == bytes(4)


def packing(*, partial: bool) -> tuple[str, ...]:
    """The command that writes a pack of the revisions that it is told."""
    return ("pack-objects", "-q", "--revs", "--thin", "--stdout", "--delta-base-offset", *promised(partial=partial))


def promised(*, partial: bool) -> tuple[str, ...]:
    """The word for git not to look for what a partial clone's remote keeps."""
    return ("--exclude-promisor-objects",) if partial else ()


def index(git: Git, pack: int, limit_bytes: int, *words: str, partial: bool = False) -> Finished:
    """`git index-pack` of a pack from a descriptor."""
    if is_empty(pack):
        return Finished(0, b"", b"")
    os.lseek(pack, 0, os.SEEK_SET)
    # Both check every object; in a partial clone links may end where the remote has promised something.
    checks = "--fsck-objects" if partial else "--strict"
    options = ("--stdin", "--fix-thin", checks, f"--max-input-size={limit_bytes}", *words)
    # A thin pack grows by the objects that it leans on.
    return git.run("index-pack", *options, stdin=pack, output_bytes=4 * limit_bytes)


def no_room(why: str) -> WorkspaceError:
    """The commits are sound, as far as one can tell, but cannot be written."""
    return WorkspaceError(
        "the commits could not be written",
        why=why,
        next_step="make room (or make it writable), then: paddock apply",
        code="apply-stopped",
    )


def _unsound(why: str) -> WorkspaceError:
    return WorkspaceError(
        "the sandbox's commits are not sound",
        why=why,
        next_step="look inside: paddock run -- git fsck   or take the files alone: paddock apply --as tree",
        code="git-unsound",
    )
