"""The commits of a change set, from the sandbox's layers to branches of the host.

For each git directory: into a quarantine (`transfer`), judged there (`branches`, `judging`), packed once more from
there, and only then into the host's repository, whose git checks everything again and moves the branches in one
step. Nothing else of the host's git directory is written: not its index, stash, configuration, HEAD or other refs.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager

from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.workspace.applying.consent import Consent
from paddock.workspace.git import branches, commits, judging, lfs, places, quarantine, transfer
from paddock.workspace.git.program import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.workspace.git.branches import Target
    from paddock.workspace.git.commits import Commit
    from paddock.workspace.git.judging import Finding, Judges
    from paddock.workspace.git.parcel import Packer
    from paddock.workspace.git.transfer import Arrival, Tip
    from paddock.workspace.shelf import ChangeSetDirectory

UNKNOWN = "only the sandbox has this repository: its files come over, its history does not"


@frozen
class Wanted:
    """How commits are to come. `branch` is theirs instead of `paddock/NAME`; `judge` finds hazards in files.

    Without `judge`, or with a consent to everything, nobody looks at what the commits change.
    """

    pack: Packer
    branch: str = ""
    judge: Judges | None = None
    consent: Consent = Consent()


@frozen
class Coming:
    """One branch that comes, or does not: then `refusal` says why, or `findings` are what nobody agreed to.

    `place` is "" for the repository itself, else where a submodule or nested repository is. `old`: what the host's
    branch was, or "". `label` is the ref's name inside.
    """

    place: str
    label: str
    branch: str
    tip: str
    old: str
    count: int
    commits: tuple[Commit, ...]
    findings: tuple[Finding, ...] = ()
    refusal: PaddockError | None = None

    @property
    def held(self) -> bool:
        """Whether it stays in the change set."""
        return bool(self.findings or self.refusal)


@frozen
class Left:
    """What holds commits, or was meant to, and does not come: a tag, a name that is none, a place that failed."""

    place: str
    label: str
    reason: str


@frozen
class Report:
    """What came over or would. `complete`: nothing of worth is left in any git directory's layer."""

    coming: tuple[Coming, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing stays behind."""
        return not self.left and not any(one.held for one in self.coming)


def look(directory: ChangeSetDirectory, wanted: Wanted) -> Report:
    """What `bring` would do. Writes nothing to the repository. Raises PaddockError when nothing can be said."""
    with _arrivals(directory, wanted) as (found, failed):
        coming = tuple(one for arrival in found for one, _ in _judged(directory, arrival, wanted))
        return Report(coming, (*failed, *_left(found)))


def bring(locked: ChangeSetDirectory, wanted: Wanted) -> Report:
    """Bring the commits of a change set that the caller holds. Raises PaddockError when nothing can be brought."""
    quarantine.clear_left(locked.lock)
    with _arrivals(locked, wanted) as (found, failed):
        coming: list[Coming] = []
        for arrival in found:
            judged = _judged(locked, arrival, wanted)
            failed.extend(_take(locked, arrival, [target for _, target in judged if target]))
            coming += [one for one, _ in judged]
        return Report(tuple(coming), (*failed, *_left(found)))


@contextmanager
def _arrivals(directory: ChangeSetDirectory, wanted: Wanted) -> Iterator[tuple[list[Arrival], list[Left]]]:
    """All places' commits in quarantine, for a while. One that fails does not keep the others back."""
    with ExitStack() as cleanup:
        parent = os.open(directory.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        cleanup.callback(os.close, parent)
        found, failed = [], []
        for place in places.find(directory):
            try:
                arrival = transfer.arrive(place, parent, directory.path, wanted.pack)
            except PaddockError as error:
                if not place.name:
                    raise
                failed.append(Left(place.name, "HEAD", f"{error.what}: {error.why}"))
                continue
            if arrival:
                cleanup.callback(arrival.quarantine.remove)
                found.append(arrival)
        yield found, [*failed, *(Left(name, "HEAD", UNKNOWN) for name in places.unknown(directory))]


def _judged(directory: ChangeSetDirectory, arrival: Arrival, wanted: Wanted) -> list[tuple[Coming, Target | None]]:
    with ExitStack() as cleanup:
        parent = os.open(directory.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        cleanup.callback(os.close, parent)
        record = branches.read_record(parent, arrival.place.name)
    stem = wanted.branch or f"{branches.PREFIX}{directory.name}"
    return [_one(arrival, branch, tip, record, wanted) for branch, tip in branches.named(arrival.tips, stem).items()]


def _one(
    arrival: Arrival, branch: str, tip: Tip, record: dict[str, str], wanted: Wanted
) -> tuple[Coming, Target | None]:
    listed: tuple[Commit, ...] = ()
    findings: tuple[Finding, ...] = ()
    target, refusal = None, None
    try:
        listed = commits.listed(arrival.quarantine, tip.value, arrival.host.have)
        target = branches.target(branch, tip, arrival.host, arrival.quarantine, record)
        findings = _findings(arrival, tip, wanted)
    except PaddockError as error:
        refusal = error
    coming = Coming(
        place=arrival.place.name,
        label=tip.label,
        branch=branch,
        tip=tip.value,
        old=target.old if target else "",
        count=tip.commits,
        commits=listed,
        findings=findings,
        refusal=refusal,
    )
    return coming, None if coming.held else target


def _findings(arrival: Arrival, tip: Tip, wanted: Wanted) -> tuple[Finding, ...]:
    if wanted.judge is None or wanted.consent.everything:
        return ()
    host = arrival.host
    found = judging.judge(arrival.quarantine, tip.value, host.have, host.head, wanted.judge)
    lacking = ((one, wanted.consent.lacking(one.path, one.hazards)) for one in found)
    return tuple(judging.Finding(one.commit, one.path, hazards) for one, hazards in lacking if hazards)


def _left(found: Sequence[Arrival]) -> list[Left]:
    left = []
    for arrival in found:
        name = arrival.place.name
        left += [Left(name, tip.label, "a tag or the like does not come over, and its commits are on no branch")
                 for tip in arrival.left]  # fmt: skip
        left += [Left(name, refused, "git accepts no ref of that name") for refused in arrival.refused]
    return left


def _take(locked: ChangeSetDirectory, arrival: Arrival, targets: Sequence[Target]) -> list[Left]:
    """Into the host's repository: objects first, then the branches; what is held is not among the objects."""
    if not targets:
        return []
    host, tips, mark = arrival.host, [target.tip.value for target in targets], f"paddock-{locked.name}"
    pack = os.open(arrival.quarantine.git.directory, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    try:
        arrival.quarantine.repack(tips, host.have, pack, transfer.LIMIT_BYTES)
        # Kept until a branch leads there: a `git gc --prune=now` of the host's must not take it away in between.
        done = quarantine.index(host.git, pack, transfer.LIMIT_BYTES, f"--keep={mark}", partial=host.partial)
        if done.status:
            raise quarantine.no_room(failure("index-pack", done).why)
        wrong = lfs.bring(arrival.place, host, arrival.quarantine, tips)
        branches.move(targets, host, f"brought from change set {locked.name}")
        branches.write_record(locked.lock, arrival.place.name, {target.branch: target.tip.value for target in targets})
    finally:
        os.close(pack)
        _let_go(f"{host.objects[0]}/pack", f"{mark}\n".encode())
    return [Left(arrival.place.name, pointer.path, "it is not what the pointer to it says") for pointer in wrong]


def _let_go(directory: str, mark: bytes) -> None:
    """Take the marks away that keep packs from the host's gc: ours, and those of an apply that was killed."""
    for name in os.listdir(directory):
        if name.endswith(".keep"):
            path = f"{directory}/{name}"
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                ours = file.read(len(mark) + 1) == mark
            if ours:
                os.unlink(path)
