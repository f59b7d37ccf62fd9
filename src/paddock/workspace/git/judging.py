"""The hazards in commits: each file that a commit brings is judged as if it lay in a change set.

A branch that only its last commit makes harmless is not: somebody may check out, bisect or rebase over the others.
So each commit is judged against its parent, and then the whole against what the host has, for shapes that only
several files together have. Contents are laid out as two small trees, in a directory of our own.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.frozen import frozen, replace
from paddock.workspace import removal
from paddock.workspace.change import Change
from paddock.workspace.descent import DIRECTORY
from paddock.workspace.git import commits
from paddock.workspace.git.neighbours import Neighbours
from paddock.workspace.hazard import Hazard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from paddock.workspace.applying.consent import Judging
    from paddock.workspace.change import Kind
    from paddock.workspace.git.commits import Edit
    from paddock.workspace.git.quarantine import Quarantine

    Judges = Callable[[int, int], Judging]  # from descriptors of the new and of the old tree

COMMITS_AT_MOST = 50_000
BLOB_BYTES = 16 << 20  # of a larger one the size is judged, not the content
AHEAD_BYTES = 64 << 20
_AHEAD_AT_MOST = 4096  # contents
_DEEPEST_BYTES = 3000
_LONGEST_NAME = 255
UNJUDGED = Hazard(
    "git-unjudged",
    "git",
    "high",
    "the name of a file in a commit is too long for a file system, so nobody looked at it",
)
_ROOTS = ("new", "old")
_BINARY_LOOK_BYTES = 8000


@frozen
class Finding:
    """What is dangerous about one path in one commit."""

    commit: str
    path: str
    hazards: tuple[Hazard, ...]


def judge(apart: Quarantine, tip: str, have: Sequence[str], base: str, judges: Judges) -> tuple[Finding, ...]:
    """The hazards in the commits that `tip` reaches and `have` do not; `base` is the host's commit, or "".

    Raises WorkspaceError where there are more than can be judged.
    """
    ids = apart.commits(tip, have, COMMITS_AT_MOST + 1)
    if len(ids) > COMMITS_AT_MOST:
        raise WorkspaceError(
            f"more than {COMMITS_AT_MOST} commits cannot be judged",
            next_step="paddock apply --as branch --hazards   takes them unjudged",
            code="git-unjudged",
        )
    fork = apart.fork(tip, base)
    edits = list(_of_content(commits.edits(apart.git, ids)))
    brought = {(edit.path, edit.new) for edit in edits}
    whole = [edit for edit in _of_content(commits.between(apart.git, fork, tip)) if (edit.path, edit.new) in brought]
    neighbours = Neighbours(apart, tip, have, {edit.path for edit in edits if _fits(edit.path)})
    with ExitStack() as cleanup:
        ground = _Ground(apart, neighbours, cleanup)
        return tuple(ground.findings([*_by_commit(edits), whole], judges))


def _of_content(edits: Iterable[Edit]) -> Iterator[Edit]:
    """A submodule is no content of this repository: what takes its place is new, what it takes the place of is gone."""
    for edit in edits:
        old, new = (0 if mode == commits.SUBMODULE else mode for mode in (edit.old_mode, edit.new_mode))
        if old or new:
            yield replace(edit, old_mode=old, new_mode=new)


def _by_commit(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Edits in groups, without those that an earlier group has just so."""
    groups: dict[str, list[Edit]] = {}
    seen = set()
    for edit in edits:
        key = (edit.path, edit.old, edit.new, edit.old_mode, edit.new_mode)
        if key not in seen:
            seen.add(key)
            groups.setdefault(edit.commit, []).append(edit)
    return list(groups.values())


class _Ground:
    """Two trees that are laid out and cleared again."""

    def __init__(self, apart: Quarantine, neighbours: Neighbours, cleanup: ExitStack) -> None:
        self._apart = apart
        self._neighbours = neighbours
        self._place = f"{apart.git.directory}/trees-{os.urandom(4).hex()}"
        for path in (self._place, *(f"{self._place}/{name}" for name in _ROOTS)):
            os.mkdir(path, 0o700)
        self._roots = [os.open(f"{self._place}/{name}", DIRECTORY | os.O_CLOEXEC) for name in _ROOTS]
        for root in self._roots:
            cleanup.callback(os.close, root)

    def findings(self, groups: list[list[Edit]], judges: Judges) -> Iterator[Finding]:
        """What is found in any of the groups, each thing once."""
        told = set()
        reader = _Reader(self._apart, [name for group in groups for edit in group for name in _blobs(edit)])
        for group in groups:
            for finding in self._judged(group, reader, judges):
                key = (finding.path, finding.hazards)
                if key not in told:
                    told.add(key)
                    yield finding

    def _judged(self, group: list[Edit], reader: _Reader, judges: Judges) -> Iterator[Finding]:
        changes = []
        for edit in group:
            contents = [reader.next() for _ in _blobs(edit)]
            if not _fits(edit.path):
                yield Finding(edit.commit, edit.path, (UNJUDGED,))
                continue
            modes = [mode for mode in (edit.new_mode, edit.old_mode) if mode]
            trees = [tree for tree, mode in zip(_ROOTS, (edit.new_mode, edit.old_mode), strict=True) if mode]
            for tree, mode, content in zip(trees, modes, contents, strict=True):
                _lay(f"{self._place}/{tree}/{edit.path}", mode, *content)
            changes.append((edit.commit, _change(edit, contents)))
        for neighbour in self._neighbours.of([change.path for _, change in changes]):
            neighbour.lay(self._roots[1])
        judge_of = judges(*self._roots)
        for commit, change in changes:
            hazards = judge_of.hazards(change)
            if hazards:
                yield Finding(commit, change.path, hazards)
        for root in self._roots:
            for name in os.listdir(root):
                removal.remove(root, name)


class _Reader:
    """Contents in the order in which they are asked for, some ahead; what is large is None, with its size."""

    def __init__(self, apart: Quarantine, names: list[str]) -> None:
        self._apart = apart
        self._names = names
        self._sizes = apart.sizes(sorted(set(names)))
        self._at = 0
        self._ahead: dict[str, bytes] = {}

    def next(self) -> tuple[bytes | None, int]:
        """The next content and its size."""
        name = self._names[self._at]
        size = self._sizes[name]
        if size <= BLOB_BYTES and name not in self._ahead:
            self._load()
        self._at += 1
        return self._ahead.get(name), size

    def _load(self) -> None:
        wanted: dict[str, int] = {}
        total = 0
        for name in self._names[self._at :]:
            if total > AHEAD_BYTES or len(wanted) > _AHEAD_AT_MOST:
                break
            if name not in wanted and self._sizes[name] <= BLOB_BYTES:
                wanted[name] = self._sizes[name]
                total += wanted[name]
        self._ahead = self._apart.contents(wanted)


def _blobs(edit: Edit) -> tuple[str, ...]:
    """The contents of an edit: the new one, then the old one."""
    return tuple(name for name, mode in ((edit.new, edit.new_mode), (edit.old, edit.old_mode)) if mode)


def _lay(path: str, mode: int, content: bytes | None, size: int) -> None:
    """Make one file. Git's names hold no "..", no empty part and no .git (fsck), and the trees are ours alone."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    if stat.S_ISLNK(mode):
        os.symlink((content or b"")[:_DEEPEST_BYTES].split(b"\0")[0] or b"?", os.fsencode(path))
        return
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        if content is None:
            os.truncate(file.fileno(), size)  # a hole: its size is what is judged
        else:
            file.write(content)
        os.fchmod(file.fileno(), stat.S_IMODE(mode) | 0o600)


def _fits(path: str) -> bool:
    raw = os.fsencode(path)
    return len(raw) <= _DEEPEST_BYTES and all(len(part) <= _LONGEST_NAME for part in raw.split(b"/"))


def _change(edit: Edit, contents: list[tuple[bytes | None, int]]) -> Change:
    new = contents[0] if edit.new_mode else (None, 0)
    old = contents[-1] if edit.old_mode else (None, 0)
    return Change(
        edit.path,
        _kind(edit),
        old_mode=edit.old_mode,
        new_mode=edit.new_mode,
        old_size=old[1],
        new_size=new[1],
        binary=b"\0" in (new[0] or b"")[:_BINARY_LOOK_BYTES],
    )


def _kind(edit: Edit) -> Kind:
    if not edit.old_mode:
        return "added"
    if not edit.new_mode:
        return "deleted"
    if stat.S_IFMT(edit.old_mode) != stat.S_IFMT(edit.new_mode):
        return "replaced"
    return "mode" if edit.old == edit.new else "modified"
