"""Which branches of the host the sandbox's commits become, and moving those there.

    the branch that HEAD is on   paddock/NAME
    every other                  paddock/NAME+BRANCH   ("+" cannot be in the name of a change set)

Git cannot have a branch below another (`a` and `a/b`), so a slash would not do. Nothing is lost on the way: a branch
that is there already is moved only where all of its commits stay reachable, or where it is as we left it.
"""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace.git.names import is_branch, is_id, is_tame
from paddock.workspace.git.program import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.workspace.git.quarantine import Quarantine
    from paddock.workspace.git.repository import Repository
    from paddock.workspace.git.transfer import Tip

RECORD = "branches"  # beside the change set's upper directory: what we moved where
PREFIX = "paddock/"


@frozen
class Target:
    """A branch of the host and what it is to become; `old` is what it is, or ""."""

    branch: str
    tip: Tip
    old: str = ""


def named(tips: Sequence[Tip], stem: str) -> dict[str, Tip]:
    """The branches for the tips of one git directory. Without a main one, a single tip takes its place."""
    main = next((tip for tip in tips if tip.main), tips[0] if len(tips) == 1 else None)
    return {stem if tip is main else f"{stem}+{tip.label}": tip for tip in tips}


def target(branch: str, tip: Tip, host: Repository, apart: Quarantine, record: Mapping[str, str]) -> Target:
    """Judge one branch. Raises WorkspaceError where it must not be made or moved."""
    if not is_branch(branch):
        raise WorkspaceError(f"{branch!a} cannot be the name of a branch", next_step=_OTHER, code="branch-name")
    if branch.endswith(f"+{tip.label}") and not is_tame(tip.label):
        raise WorkspaceError(
            f"branch {tip.label!a} has a name that shells obey",
            why="completion or a prompt would run what is in it",
            next_step="rename it inside: paddock run -- git branch -m OLD NEW",
            code="branch-name",
        )
    found = host.branch(branch)
    if found is None:
        return Target(branch, tip)
    if found.checked_out:
        raise WorkspaceError(
            f"branch {branch!a} is checked out in {found.checked_out!a}",
            why="a branch that somebody works on is never moved",
            next_step=f"git -C {found.checked_out!a} switch main, or {_OTHER}",
            code="branch-checked-out",
        )
    ours = record.get(branch) == found.value
    if not ours and apart.counted(found.value, (tip.value, *host.others(f"refs/heads/{branch}"))):
        raise WorkspaceError(
            f"branch {branch!a} has commits of its own",
            why=f"moving it to {tip.value[:12]} would lose {found.value[:12]}",
            next_step=_OTHER,
            code="branch-diverged",
        )
    return Target(branch, tip, found.value)


_OTHER = "paddock apply --branch OTHER"


def move(targets: Sequence[Target], host: Repository, reason: str) -> None:
    """Create or update the branches, all or none, each only if it still is what we saw. Raises WorkspaceError."""
    lines = [
        f"update refs/heads/{one.branch}\0{one.tip.value}\0{one.old or '0' * len(one.tip.value)}\0" for one in targets
    ]
    words = ("update-ref", "--no-deref", "-m", f"paddock: {reason}", "--stdin", "-z")
    done = host.git.run(*words, stdin=os.fsencode("".join(lines)))
    if done.status:
        found = failure("update-ref", done)
        raise WorkspaceError("the branches could not be made", why=found.why, next_step=_OTHER, code="branch-not-moved")


def read_record(directory: int, place: str) -> dict[str, str]:
    """What we made of which branch for one git directory, the last time."""
    return {branch: value for where, branch, value in _records(directory) if where == place}


def write_record(directory: int, place: str, moved: Mapping[str, str]) -> None:
    """Remember what we moved. A lost record only means that more is asked."""
    kept = [record for record in _records(directory) if record[0] != place or record[1] not in moved]
    records = [*kept, *((place, branch, value) for branch, value in moved.items())]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(f".{RECORD}", flags, 0o600, dir_fd=directory), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask is
        file.write(b"".join(os.fsencode(part) + b"\0" for record in records for part in record))
    os.rename(f".{RECORD}", RECORD, src_dir_fd=directory, dst_dir_fd=directory)


def _records(directory: int) -> list[tuple[str, str, str]]:
    try:
        descriptor = os.open(RECORD, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return []
    with open(descriptor, "rb") as file:
        parts = [os.fsdecode(part) for part in file.read().split(b"\0")]
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=False)
    return [(place, branch, value) for place, branch, value in found if is_id(value)]
