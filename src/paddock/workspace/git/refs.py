"""Which refs a sandbox moved, read without git: its layer of a git directory beside the host's.

It costs what is in the layer. Formats: gitrepository-layout(5), and git-pack-refs(1) for `packed-refs`. A reftable
repository is refused by name.
"""

from __future__ import annotations

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace.git.merged import odd
from paddock.workspace.git.names import is_id, is_ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.git.merged import Merged

REFS_AT_MOST = 100_000
_LOOSE_BYTES = 4096
_PACKED_BYTES = 1 << 26
_HEADS = "refs/heads/"
# What git keeps for itself, or took from elsewhere: nobody's work is there alone.
_PASSING = ("refs/remotes/", "refs/bisect/", "refs/rewritten/", "refs/worktree/", "refs/original/", "refs/prefetch/")


@frozen
class Ref:
    """A ref whose value in the sandbox is another than the host's, which is "" where the host has none."""

    name: str
    value: str
    host: str = ""


@frozen
class Refs:
    """`head` is the full name of the branch that HEAD is on, or "" where it names a commit itself.

    `detached` is that commit, if it is not the host's HEAD as well. `refused` are names that git would not accept.
    """

    head: str
    detached: str
    changed: tuple[Ref, ...]
    refused: tuple[str, ...] = ()

    @property
    def branches(self) -> tuple[Ref, ...]:
        """The changed branches."""
        return tuple(ref for ref in self.changed if ref.name.startswith(_HEADS))

    @property
    def others(self) -> tuple[Ref, ...]:
        """Changed tags, notes, the stash: what may hold work, but is no branch."""
        return tuple(ref for ref in self.changed if not ref.name.startswith((_HEADS, *_PASSING)))


def read(git: Merged, head: str = "HEAD") -> Refs:
    """The refs of a git directory; `head` is where its HEAD lies. Raises WorkspaceError for what git did not write."""
    if git.has_upper("reftable") or _says_reftable(git):
        raise WorkspaceError(
            "commits of a repository in the reftable format are not supported",
            why="git keeps its refs there in a format that Paddock does not read",
            next_step="paddock apply --as tree",
            code="reftable",
        )
    refused: list[str] = []
    ours = _ours(git, refused)
    theirs = _packed(git.read_lower("packed-refs", _PACKED_BYTES) or b"", []) if ours else {}
    changed = []
    for name in sorted(ours):
        loose = git.read_lower(name, _LOOSE_BYTES)
        host = theirs.get(name, "") if loose is None else _value(loose)
        if ours[name] != host:
            changed.append(Ref(name, ours[name], host))
    return Refs(*_head(git, head), tuple(changed), tuple(refused))


def _says_reftable(git: Merged) -> bool:
    """Whether the host's HEAD is the stub that the reftable format leaves (Documentation/technical/reftable)."""
    return (git.read_lower("HEAD", _LOOSE_BYTES) or b"").strip() == b"ref: refs/heads/.invalid"


def _head(git: Merged, head: str) -> tuple[str, str]:
    text = (git.read(head, _LOOSE_BYTES) or b"").decode("utf-8", "surrogateescape").strip()
    name = text.removeprefix("ref:").strip()
    if text.startswith("ref:"):
        if not is_ref(name):
            raise odd(head, "names no ref")
        return name, ""
    if text and not is_id(text):
        raise odd(head, "is neither a ref nor a commit")
    return "", text if _value(git.read_lower(head, _LOOSE_BYTES) or b"") != text else ""


def _ours(git: Merged, refused: list[str]) -> dict[str, str]:
    """What the layer itself says; loose refs win over packed ones."""
    packed = git.read_upper("packed-refs", _PACKED_BYTES)
    found = _packed(packed, refused) if packed else {}
    for path in git.upper_files("refs", REFS_AT_MOST):
        if path.endswith(".lock"):
            continue  # a git that was killed left it
        if not is_ref(path):
            refused.append(path)
            continue
        value = _value(git.read_upper(path, _LOOSE_BYTES) or b"")
        if value:
            found[path] = value
    return found


def _value(data: bytes) -> str:
    """The id in a loose ref; "" for a symbolic one, and for nonsense."""
    text = data.decode("ascii", "replace").rstrip(" \t\r\n")
    return text if is_id(text) else ""


def _packed(data: bytes, refused: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        value, space, name = line.partition(" ")
        if line.startswith(("#", "^")) or not space or not is_id(value):
            continue
        if is_ref(name):
            found[name] = value
        else:
            refused.append(name)
        if len(found) > REFS_AT_MOST:
            raise odd("packed-refs", f"holds more than {REFS_AT_MOST} refs")
    return found
