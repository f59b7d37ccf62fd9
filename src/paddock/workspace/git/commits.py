"""The commits in a quarantine, and what each of them changes.

Git's plumbing lists them; their text is parsed here, from objects whose sizes git tells, so that no message can
pretend to be another field. Nothing of it may be printed raw. Signatures are not verified.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.workspace.git.names import is_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.workspace.git.program import Git
    from paddock.workspace.git.quarantine import Quarantine

LISTED_AT_MOST = 10_000  # commits
_COMMIT_BYTES, _TOGETHER_BYTES = 1 << 20, 1 << 26
SUBMODULE = 0o160000
# Git knows the tree of nothing by heart, in both formats.
_EMPTY_TREES = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


@frozen
class Commit:
    """One commit; `time_s` is the author's, in seconds since 1970. `files` is how many paths it changes."""

    id: str
    parents: tuple[str, ...]
    author: str
    email: str
    time_s: int
    subject: str
    files: int
    signed: bool


@frozen
class Edit:
    """One path that a commit changes, against its (first) parent. Modes are 0 and ids "" where nothing is."""

    commit: str
    path: str
    old_mode: int
    new_mode: int
    old: str
    new: str

    @property
    def is_submodule(self) -> bool:
        """Whether it is a submodule's commit, which is no content of this repository."""
        return SUBMODULE in (self.old_mode, self.new_mode)


def listed(apart: Quarantine, tip: str, have: Sequence[str], at_most: int = LISTED_AT_MOST) -> tuple[Commit, ...]:
    """The commits that `tip` reaches and `have` do not, the newest first."""
    ids = apart.commits(tip, have, at_most)
    files = dict.fromkeys(ids, 0)
    for edit in edits(apart.git, ids):
        files[edit.commit] += 1
    texts = apart.contents(dict(_moderate(apart.sizes(ids))))
    return tuple(parsed(name, texts.get(name, b""), files[name]) for name in ids)


def _moderate(sizes: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Those that can be read together; of the others nothing but the id is shown."""
    total = 0
    for name, size in sizes.items():
        if size <= _COMMIT_BYTES and total + size <= _TOGETHER_BYTES:
            total += size
            yield name, size


def parsed(name: str, data: bytes, files: int) -> Commit:
    """A commit from its object. fsck has seen to its form."""
    header, _, message = data.partition(b"\n\n")
    lines = header.split(b"\n")
    parents = tuple(line[7:].decode("ascii", "replace") for line in lines if line.startswith(b"parent "))
    author = next((line[7:] for line in lines if line.startswith(b"author ")), b"")
    who, _, rest = author.partition(b" <")
    email, _, when = rest.rpartition(b"> ")
    seconds = when.split(b" ")[0]
    return Commit(
        id=name,
        parents=parents,
        author=_text(who),
        email=_text(email),
        time_s=int(seconds) if seconds.isdigit() and len(seconds) < 15 else 0,  # noqa: PLR2004 - what a date can be
        subject=_text(message.lstrip(b"\n").partition(b"\n")[0]),
        files=files,
        signed=any(line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) for line in lines),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def edits(git: Git, ids: Sequence[str]) -> Iterator[Edit]:
    """What commits change against their parents. Of a merge: what is in none of its parents as it is there."""
    words = ("diff-tree", "--stdin", "--root", "-r", "-c", "-z", "--raw", "--no-abbrev", "--no-renames")
    yield from _parsed_edits(git.ask(*words, *_PLAIN, stdin="".join(f"{name}\n" for name in ids).encode("ascii")))


def between(git: Git, old: str, new: str) -> Iterator[Edit]:
    """What differs between two commits; `old` may be "" for nothing at all."""
    words = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", *_PLAIN)
    yield from _parsed_edits(new.encode("ascii") + b"\0" + git.ask(*words, old or _EMPTY_TREES[len(new)], new))


# What a .gitattributes or a configuration could have a diff do.
_PLAIN = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=none")


def _parsed_edits(data: bytes) -> Iterator[Edit]:
    """The raw format of git-diff-tree(1), with -z; of merges the combined one."""
    words = iter(data.split(b"\0"))
    commit = ""
    for word in words:
        if not word:
            continue
        if not word.startswith(b":"):
            commit = word.decode("ascii", "replace").split(" ")[0]
            continue
        parents = len(word) - len(word.lstrip(b":"))
        fields = word.lstrip(b":").decode("ascii", "replace").split(" ")
        path = next(words).decode("utf-8", "surrogateescape")
        old, new = fields[parents + 1], fields[2 * parents + 1]
        yield Edit(commit, path, int(fields[0], 8), int(fields[parents], 8), _id(old), _id(new))


def _id(text: str) -> str:
    return text if is_id(text) else ""
