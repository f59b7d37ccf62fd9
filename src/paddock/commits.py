"""Taking a change set over as what it is made of: files for the working tree, commits for branches."""

from __future__ import annotations

from paddock.errors import PaddockError
from paddock.frozen import frozen, replace
from paddock.packing import pack
from paddock.workspace import store
from paddock.workspace.applying.apply import apply_held
from paddock.workspace.git import bringing, dropping, places, transfer
from paddock.workspace.git.bringing import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.applying.wishes import Report, Wishes
    from paddock.workspace.change import Change
    from paddock.workspace.git.judging import Judges
    from paddock.workspace.shelf import ChangeSetDirectory

TREE, BRANCH, BOTH = "tree", "branch", "both"


@frozen
class Taken:
    """What came over. `files` or `commits` are None where they were not asked for.

    `refusal`: the commits could not even be read; the files are another matter. `remaining`: the change set still
    holds something; `waiting` are its refs, where nobody asked for commits. `dropped` is what went with git's own
    data: configuration, hooks and the like, which never come over.
    """

    files: Report | None
    commits: bringing.Report | None
    remaining: bool
    refusal: PaddockError | None = None
    waiting: tuple[str, ...] = ()
    dropped: tuple[Change, ...] = ()


def look(directory: ChangeSetDirectory, *, branch: str = "", judge: Judges | None = None) -> bringing.Report:
    """The commits of a change set, and which branches they would become. Raises PaddockError."""
    return bringing.look(directory, Wanted(pack, branch, judge))


def outline(directory: ChangeSetDirectory) -> tuple[str, ...]:
    """The names of the refs that a sandbox moved, without starting anything: there may be commits.

    Raises WorkspaceError where its git directory cannot be read.
    """
    found = [(place.name, transfer.moved(place).refs) for place in places.find(directory)]
    return tuple(
        f"{name}: {ref}" if name else ref
        for name, refs in found
        for ref in (
            *(("HEAD",) if refs.detached else ()),
            *(ref.name.removeprefix("refs/heads/") for ref in (*refs.branches, *refs.others)),
        )
    )


def take(
    directory: ChangeSetDirectory,
    wishes: Wishes,
    how: str = BOTH,
    branch: str = "",
    apply: Callable[[ChangeSetDirectory, Wishes], Report] = apply_held,
) -> Taken:
    """Take over files, commits or both (TREE, BRANCH, BOTH). `branch` is the branch's name, instead of `paddock/NAME`;
    `apply` takes the files of a change set that is held.

    Commits come first: when both came, git's own data leaves the change set, which is gone with its last file. Raises
    PaddockError as `apply` does, and where commits alone were asked for and cannot come.
    """
    with store.held(directory) as locked:
        commits, refusal = _commits(locked, wishes, how, branch)
        files = None if how == BRANCH else apply(locked, wishes)
        if wishes.dry_run:
            return Taken(files and _without_git(files), commits, remaining=True, refusal=refusal)
        if files and not files.remaining:
            return Taken(files, commits, remaining=False, refusal=refusal)
        waiting = _waiting(locked) if commits is None and refusal is None else ()
        remaining = True
        dropped: tuple[Change, ...] = ()
        if not (waiting or refusal) and (commits is None or commits.complete) and dropping.is_alone(locked):
            dropped = dropping.found(locked, wishes.judge)
            remaining = dropping.drop(locked)
        files = files and replace(_without_git(files), remaining=remaining)
        return Taken(files, commits, remaining, refusal, waiting, dropped)


def _commits(
    locked: ChangeSetDirectory, wishes: Wishes, how: str, branch: str
) -> tuple[bringing.Report | None, PaddockError | None]:
    if how == TREE:
        return None, None
    wanted = Wanted(pack, branch, wishes.judge, wishes.consent)
    try:
        return (bringing.look if wishes.dry_run else bringing.bring)(locked, wanted), None
    except PaddockError as error:
        if how == BRANCH:
            raise
        return None, error


def _waiting(locked: ChangeSetDirectory) -> tuple[str, ...]:
    """What could be missed in git's data: refs that moved, repositories of the sandbox's own."""
    try:
        return (*outline(locked), *places.unknown(locked))
    except PaddockError:
        return ("HEAD",)


def _without_git(report: Report) -> Report:
    """Without what is told as commits."""
    kept = [problem for problem in report.problems if not _is_git_data(problem.path, problem.reason)]
    return replace(report, problems=tuple(kept))


def _is_git_data(path: str, reason: str) -> bool:
    return reason == "git" and path.rpartition("/")[2] == ".git"
