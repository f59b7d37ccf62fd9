"""A repository of the host, as far as a transfer must know it. Its own git is asked: it is the host's word."""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace.git.names import is_id
from paddock.workspace.git.program import Git, owner_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ALTERNATE = b"alternate: "
_SHALLOW_BYTES = 1 << 24
_FORMAT = "%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"


@frozen
class Branch:
    """A branch of the host; `checked_out` is the directory where it is, or ""."""

    name: str
    value: str
    checked_out: str


@frozen
class Repository:
    """`objects` are its object directories, alternates included; `have` the commits that its refs name."""

    git: Git
    object_format: str
    objects: tuple[str, ...]
    shallow: str
    partial: bool
    have: tuple[str, ...]
    head: str  # the commit, or "" before the first one

    def branch(self, name: str) -> Branch | None:
        """A branch, as it is now."""
        ref = f"refs/heads/{name}"
        found = self.git.run("show-ref", "--verify", "--hash", ref)
        value = found.stdout.decode("ascii", "replace").strip()
        if found.status or not is_id(value):
            return None
        # A pattern also means everything below it.
        listed = self.git.ask("for-each-ref", "--format=%(refname)%00%(worktreepath)", ref).split(b"\n")
        places = dict(line.partition(b"\0")[::2] for line in listed if line)
        return Branch(name, value, os.fsdecode(places.get(os.fsencode(ref), b"")))

    def others(self, ref: str) -> tuple[str, ...]:
        """The commits that all refs but one name."""
        return tuple(value for name, value in _commits(self.git) if name != ref)


def look(directory: str) -> Repository:
    """What a host's git directory is. `directory` is a real path. Raises WorkspaceError."""
    git = Git(directory, owner_of(os.stat(directory)))
    words = ("rev-parse", "--show-object-format", "--is-shallow-repository")
    object_format, shallow = git.ask(*words).decode("ascii", "replace").split()
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").stdout.decode("ascii", "replace").strip()
    commits = dict.fromkeys(value for _, value in _commits(git))
    if is_id(head):
        commits[head] = None
    common = os.path.realpath(
        os.path.join(directory, os.fsdecode(git.ask("rev-parse", "--git-common-dir")).removesuffix("\n"))
    )
    return Repository(
        git,
        object_format,
        (os.path.realpath(f"{common}/objects"), *_alternates(git, common)),
        _shallow(f"{common}/shallow") if shallow == "true" else "",
        git.run("config", "--get", "extensions.partialClone").status == 0,
        tuple(commits),
        head,
    )


def _commits(git: Git) -> Iterator[tuple[str, str]]:
    """The refs that lead to a commit, and which one."""
    for line in git.ask("for-each-ref", f"--format={_FORMAT}").decode("utf-8", "surrogateescape").splitlines():
        kind, value, inner, target, name = line.split(" ", 4)
        if kind == "commit":
            yield name, value
        elif inner == "commit":
            yield name, target


def _alternates(git: Git, common: str) -> tuple[str, ...]:
    """The object directories that the host borrows from: those that git, with its owner's rights, finds."""
    if not os.path.exists(f"{common}/objects/info/alternates"):
        return ()
    lines = git.ask("count-objects", "--verbose").split(b"\n")
    found = [line.removeprefix(_ALTERNATE) for line in lines if line.startswith(_ALTERNATE)]
    return tuple(dict.fromkeys(os.path.realpath(os.fsdecode(_unquoted(path))) for path in found))


def _unquoted(text: bytes) -> bytes:
    """A path as git prints it: in C style where it holds something unusual (core.quotePath)."""
    if not text.startswith(b'"'):
        return text
    return text[1:-1].decode("unicode_escape").encode("latin-1")


def _shallow(path: str) -> str:
    """The commits whose parents a shallow clone does not have."""
    with open(path, encoding="ascii", errors="replace") as file:
        lines = file.read(_SHALLOW_BYTES).split("\n")
    found = [line for line in lines if is_id(line)]
    if not found:
        raise WorkspaceError("a shallow clone does not say where it ends", why=f"{path!a} is empty", code="git-data")
    return "".join(f"{line}\n" for line in found)
