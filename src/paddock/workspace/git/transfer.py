"""What a sandbox committed in one git directory, taken out of it and into a quarantine.

    layer ──sandbox: pack-objects──► pack (a file without a name) ──index-pack, fsck──► quarantine

Nothing is written to the host's repository here.
"""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace.descent import below, split
from paddock.workspace.git import bare, program, quarantine, refs, repository
from paddock.workspace.git.parcel import INSIDE, Order
from paddock.workspace.git.place import Opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.git.parcel import Packer
    from paddock.workspace.git.place import Place
    from paddock.workspace.git.quarantine import Quarantine
    from paddock.workspace.git.refs import Refs
    from paddock.workspace.git.repository import Repository

LIMIT_BYTES = 4 << 30  # of a pack
_HEAD, _HEADS, _STASH = "HEAD", "refs/heads/", "refs/stash"
_MIDWAY = ("rebase-merge", "rebase-apply", "sequencer")


@frozen
class Tip:
    """A commit that a ref of the sandbox names, with `commits` that the host does not have.

    `label` is how a person knows it: a branch, HEAD, stash, v1.0. `main`: it is where the sandbox's HEAD is.
    """

    label: str
    value: str
    commits: int
    main: bool = False


@frozen
class Arrival:
    """What came of one place: `tips` that can become branches, and tags and the like which are `left` behind.

    `refused` are names that are none. `midway`: a rebase or the like was going on, and HEAD is where it stood.
    """

    place: Place
    host: Repository
    quarantine: Quarantine
    tips: tuple[Tip, ...]
    left: tuple[Tip, ...]
    refused: tuple[str, ...]
    midway: bool


@frozen
class Moved:
    """The refs that a sandbox moved, and whether it was in the middle of a rebase."""

    refs: Refs
    midway: bool

    @property
    def any(self) -> bool:
        """Whether there can be commits."""
        return bool(self.refs.detached or self.refs.branches or self.refs.others)


def moved(place: Place) -> Moved:
    """What a sandbox moved, found without starting anything. Raises WorkspaceError."""
    with Opened(place) as opened:
        own = split(place.head)[0]
        midway = any(opened.git.has_upper(below(own, name)) for name in _MIDWAY)
        return Moved(refs.read(opened.git, place.head), midway)


def arrive(place: Place, parent: int, path: str, pack: Packer) -> Arrival | None:
    """Take the commits of one place into a quarantine in the directory `path`, which `parent` holds open.

    None when the host has them all, or there are none. The caller removes the quarantine. Raises PaddockError.
    """
    found = moved(place)
    if not found.any:
        return None
    host = repository.look(place.lower)
    wanted = _wanted(found.refs, frozenset(host.have))
    if not wanted:
        return None
    apart = quarantine.make(parent, path, host)
    try:
        _fill(apart, _order(place, host, tuple(wanted.values())), pack)
        return _sorted(place, host, apart, found, wanted)
    except BaseException:
        apart.remove()
        raise


def _wanted(found: Refs, have: frozenset[str]) -> dict[str, str]:
    """Names and values, without what a ref of the host names as well."""
    named = {ref.name: ref.value for ref in (*found.branches, *found.others) if ref.value not in have}
    if found.detached and found.detached not in have and found.detached not in named.values():
        named[_HEAD] = found.detached
    return named


def _order(place: Place, host: Repository, tips: tuple[str, ...]) -> Order:
    words = quarantine.packing(partial=host.partial)
    objects = (place.objects, *host.objects)
    # Its own objects first; a layer without any, or whose are no directory, is not harmed by a missing alternate.
    return Order(
        layer=place.layer,
        shown=host.objects,
        files=bare.files(host.object_format, objects, host.shallow, partial=host.partial),
        argv=(program.installed(), "--no-replace-objects", f"--git-dir={INSIDE}", *program.settings(), *words),
        environment=program.ENVIRONMENT,
        revisions=quarantine.revisions(tips, host.have),
        limit_bytes=LIMIT_BYTES,
    )


def _fill(apart: Quarantine, order: Order, pack: Packer) -> None:
    target = os.open(apart.git.directory, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    try:
        packed = pack(order, target)
        if os.fstat(target).st_size >= order.limit_bytes:
            raise WorkspaceError(
                "the sandbox's commits are too large", why=f"more than {order.limit_bytes >> 30} GiB", code="git-large"
            )
        if packed.status:
            raise WorkspaceError(
                "git could not pack the sandbox's commits",
                why="\n".join(packed.complaint.splitlines()[-3:]) or f"it ended with status {packed.status}",
                next_step="look inside: paddock run -- git fsck   or take the files alone: paddock apply --as tree",
                code="git-pack",
            )
        apart.take_in(target, order.limit_bytes)
    finally:
        os.close(target)


def _sorted(place: Place, host: Repository, apart: Quarantine, found: Moved, wanted: dict[str, str]) -> Arrival:
    main = found.refs.head or next((name for name in wanted if wanted[name] == found.refs.detached), "")
    kinds = apart.kinds(list(dict.fromkeys(wanted.values())))
    mine = {
        name: value
        for name, value in wanted.items()
        if kinds[value] == "commit" and (name.startswith(_HEADS) or name in (_HEAD, _STASH))
    }
    apart.demand_connected(list(mine.values()), host.have)
    counted = [Tip(_label(name), value, apart.counted(value, host.have), name == main) for name, value in mine.items()]
    tips = [tip for tip in counted if tip.commits]
    known = (*host.have, *(tip.value for tip in tips))
    others = [
        Tip(_label(name), wanted[name], apart.counted(wanted[name], known)) for name in wanted if name not in mine
    ]
    return Arrival(
        place,
        host,
        apart,
        tuple(sorted(tips, key=lambda tip: (not tip.main, tip.label))),
        tuple(tip for tip in others if tip.commits),
        found.refs.refused,
        found.midway,
    )


def _label(name: str) -> str:
    if name == _STASH:
        return "stash@0"  # no branch of that name is in its way
    return name.removeprefix(_HEADS).removeprefix("refs/tags/").removeprefix("refs/")
