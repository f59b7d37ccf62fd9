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

_ALTERNATES_DEEPEST = 5  # as git itself
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
        tuple(dict.fromkeys(_object_directories(f"{common}/objects"))),
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


def _object_directories(directory: str, level: int = 0) -> Iterator[str]:
    """An object directory and its alternates, which are those of the host's own configuration."""
    place = os.path.realpath(directory)
    if level > _ALTERNATES_DEEPEST or not os.path.isdir(place):
        return
    yield place
    try:
        with open(f"{place}/info/alternates", "rb") as file:
            lines = file.read(_SHALLOW_BYTES).split(b"\n")
    except OSError:
        return
    for line in lines:
        if line and not line.startswith(b"#"):
            yield from _object_directories(os.path.join(place, os.fsdecode(line)), level + 1)


def _shallow(path: str) -> str:
    """The commits whose parents a shallow clone does not have."""
    with open(path, encoding="ascii", errors="replace") as file:
        lines = file.read(_SHALLOW_BYTES).split("\n")
    found = [line for line in lines if is_id(line)]
    if not found:
        raise WorkspaceError("a shallow clone does not say where it ends", why=f"{path!a} is empty", code="git-data")
    return "".join(f"{line}\n" for line in found)
