"""The podman boundary: the engine makes namespaces and root, Paddock attaches the rest from outside.

`compile` is pure: it turns a plan into the words of one `podman run`, the root's skeleton where no image gives one,
and the steps that are done once the container's namespaces exist. The container itself runs nothing but a keeper;
commands enter as they enter bubblewrap's sandboxes, under the same limits, filter and supervision.
"""

from __future__ import annotations

import os

from paddock.boundary import docker_words
from paddock.boundary.sheet import HERE, KEEPER, PLACE_BYTES, SHARED_MODES, Compiled, Sheet
from paddock.boundary.steps import (
    EMPTY_DIRECTORY,
    EMPTY_FILE,
    STAGE,
    STAND_IN,
    Blank,
    Hold,
    MaskPath,
    Mirror,
    MountOverlay,
    Own,
    Remove,
    Reveal,
    Seal,
    TrustHere,
    Unstage,
)
from paddock.plan.model import Link, Private
from paddock.plan.paths import depth, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.steps import Overlay
    from paddock.plan.model import Mount, Plan

# As root: ids that nobody has outside, the person's being the stand-in.
ID_COUNT = 0x10000
_HOST, _RUN = "paddock", "/run"


def compile(plan: Plan, facts: Facts, overlays: tuple[Overlay, ...]) -> Compiled:  # noqa: A001 - the design's word
    """Words, skeleton and steps for a plan.

    `overlays` take the place of what the plan would mount there, outer ones first, as in `bubblewrap.compile`.
    """
    out = Sheet(plan, facts)
    _isolation(plan, out)
    _root(plan, out, tuple(overlay.target for overlay in overlays))
    if facts.trust:
        from paddock.plan.trusting import PLACE

        out.bind(facts.trust, PLACE, read_only=True)
    out.memory(STAGE, 1 << 20)
    if any(isinstance(step, Reveal) for step in out.steps):
        out.sources.append("/etc")
        out.mount(type="bind", src=f"{HERE}/sources/{len(out.sources) - 1}", dst=f"{STAGE}/etc", ro="true")
        out.steps.insert(0, Seal(f"{STAGE}/etc", read_only=True))  # before its entries are shown, with its flags
    _workspace(plan, overlays, out)
    _masks(plan, out)
    if plan.nested:
        from paddock.boundary import nesting

        nesting.lay_out(plan, out)
    if plan.image and plan.image.folder:
        out.place("", plan.image.folder)
        out.steps.append(Mirror(plan.workspace.source, plan.image.folder))
    out.mount(type="bind", src=f"{HERE}/keeper", dst=KEEPER, ro="true")
    out.steps.append(Seal(KEEPER, read_only=True))
    if facts.trust:
        from paddock.plan.trusting import BUNDLE, PLACE

        out.steps += [TrustHere(f"{PLACE}/{BUNDLE}", bundle) for bundle in facts.bundles]
    _seal(plan, out)
    return Compiled(
        (*out.words, *_ending(plan, facts)),
        tuple(out.files),
        tuple(out.sources),
        tuple(sorted(out.root.items())),
        tuple(out.steps),
        (plan.person.uid, plan.person.gid),
    )


def _seal(plan: Plan, out: Sheet) -> None:
    """What an engine leaves more open than bubblewrap does."""
    # INVARIANT PK-44, PK-45, FS-42: the machine's hardware is not listed, and there are no queues of messages.
    out.steps += [] if plan.nested else [Remove("/sys")]  # then there is an empty one
    out.steps.append(Remove("/dev/mqueue", place=True))
    out.steps.append(Remove("/etc/hostname"))  # its source would name the container and where the storage is
    for path in out.facts.covered_proc:
        out.steps += [Remove(path), Blank(path)]  # the engine's own can be written
    if out.facts.docker:
        docker_words.seal(out)
    out.steps.append(Unstage())
    # INVARIANT FS-33. /dev/null and its kin are mounts of their own, whose devices stay.
    out.steps += [Seal("/proc", read_only=False), Seal("/dev", read_only=True, deep=False)]
    out.steps += [Seal("/", read_only=False, devices=True), Seal("/", read_only=True, deep=False)]


def _ending(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """The keeper, and the root."""
    if facts.docker:
        return docker_words.ending(plan)
    keeper = ("--entrypoint", f'["{KEEPER}","-P"]')
    if plan.image:
        return (*keeper, "--pull", "never", "--image-volume", "ignore", plan.image.reference)
    return (*keeper, "--passwd=false", "--rootfs", f"{HERE}/root")


def _isolation(plan: Plan, out: Sheet) -> None:
    if out.facts.docker:
        out.words += docker_words.isolation(_HOST, out.person)
        return
    person = plan.person
    # INVARIANT PK-47, PK-12: all namespaces are new. The network's has no interface: the gateway attaches to it.
    out.words += ["--network", "none", "--pid", "private", "--ipc", "private", "--uts", "private"]
    out.words += ["--cgroupns", "private", *_users(plan, out.facts), "--user", f"{person.uid}:{person.gid}"]
    # INVARIANT FS-16: nothing of the root itself is writable.
    out.words += ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"]
    out.words += ["--security-opt", "no-new-privileges"]
    # Nothing that an engine adds by itself: the person's entry, hosts, proxy variables of the caller, a log.
    out.words += ["--no-hosts", "--http-proxy=false", "--log-driver", "none", "--no-healthcheck"]
    out.words += ["--systemd", "false", "--hostname", _HOST, "--workdir", "/", "--stop-timeout", "0"]


def _users(plan: Plan, facts: Facts) -> list[str]:
    """The person is themselves outside, or as root the stand-in; nobody else inside is anybody outside."""
    uid, gid = plan.person.uid, plan.person.gid
    if not facts.as_root:
        return ["--userns", f"keep-id:uid={uid},gid={gid}"]
    # In one piece: images are shown through id-mapped mounts, for which podman 4.3 fails with several.
    ranges = (("--uidmap", STAND_IN - uid), ("--gidmap", STAND_IN - gid))
    return [word for flag, first in ranges for word in (flag, f"0:{first}:{ID_COUNT}")]


def _root(plan: Plan, out: Sheet, layered: tuple[str, ...]) -> None:
    # Parents before what lies below them: a private directory would hide what was put there before.
    entries: list[Link | Private | Mount] = [*plan.links, *plan.private, *plan.mounts]
    if all(entry.target != _RUN for entry in plan.private):
        entries.append(Private(_RUN, PLACE_BYTES))  # the engine puts files of its own there
    for entry in sorted(entries, key=lambda entry: (depth(entry.target), entry.target)):
        if isinstance(entry, Link):
            out.link(entry, plan.mounts)
        elif isinstance(entry, Private):
            _private(entry, plan, out)
        elif not any(within(entry.target, place) for place in (plan.workspace.source, *layered)):
            out.bind(entry.source, entry.target, read_only=entry.access != "write")
    out.steps += out.links  # once the directories above them are the person's
    for place in ("/proc", "/sys", "/dev", "/run", "/etc"):
        out.root.setdefault(place, 0o755)
    out.root.setdefault("/etc/hostname", f"{_HOST}\n".encode())
    for file in plan.files:
        out.file(os.fsencode(file.content), file.target)
    elsewhere = {mask.target for mask in plan.workspace.masks} | set(_in_home_that_stays(plan, out.facts))
    for target, content in out.facts.planted:
        if target not in elsewhere:
            out.file(os.fsencode(content), target, mode=0o600)


def _in_home_that_stays(plan: Plan, facts: Facts) -> list[str]:
    """The canaries in a home that is a directory of this machine, where their places are (`paddock.homing`)."""
    homes = [mount.target for mount in plan.mounts if mount.target == plan.person.home]
    return [target for target, _ in facts.planted if homes and within(target, homes[0])]


def _private(entry: Private, plan: Plan, out: Sheet) -> None:
    if entry.target == "/dev/shm":  # noqa: S108 - inside the sandbox
        out.words += ["--shm-size", str(entry.size_bytes)]
        return
    home = entry.target == plan.person.home
    mode = 0o700 if home else SHARED_MODES.get(entry.target, 0o755)
    out.memory(entry.target, entry.size_bytes, mode, filled=home and plan.image is not None)
    # What an image has there may be closed, and its mode was taken over.
    if out.image or entry.target not in SHARED_MODES:
        out.steps.append(Own(entry.target, out.person, mode))


def _workspace(plan: Plan, overlays: tuple[Overlay, ...], out: Sheet) -> None:
    source, mode = plan.workspace.source, plan.workspace.mode
    for overlay in overlays:
        _overlay(overlay, out)
    if mode in ("review", "scratch"):
        if source not in (overlay.target for overlay in overlays):
            message = f"mode {mode} needs an overlay over the workspace"
            raise ValueError(message)
        return
    out.bind(source, source, read_only=mode == "readonly")
    if mode == "live":
        # INVARIANT PE-01, PE-06: those above first, so that what is in them is held in the mount that is seen.
        out.steps += [Hold(source, path, read_only=False) for path in out.facts.pinned]
        out.steps += [Hold(source, path, read_only=True) for path in out.facts.read_only]


def _overlay(overlay: Overlay, out: Sheet) -> None:
    # On the stage every layer has a short name: overlayfs splits its options at commas and colons.
    stage = f"{STAGE}/{sum(isinstance(step, MountOverlay) for step in out.steps)}"
    lowers = tuple(f"{stage}-lower-{depth}" for depth in range(len(overlay.lowers)))
    for lower, staged in zip(overlay.lowers, lowers, strict=True):
        out.bind(lower, staged, read_only=True)
    (above, upper), (beside, work) = (os.path.split(path) for path in (overlay.upper, overlay.work))
    if above != beside:
        message = f"not in one directory: {overlay.upper!a}, {overlay.work!a}"
        raise ValueError(message)
    out.bind(above, f"{stage}-layers", read_only=False)
    if not any(within(overlay.target, step.target) for step in out.steps if isinstance(step, MountOverlay)):
        out.own_parents(overlay.target)
        out.parents(overlay.target)
        out.place("", overlay.target)
    out.steps.append(MountOverlay(overlay.target, lowers, f"{stage}-layers/{upper}", f"{stage}-layers/{work}"))


def _masks(plan: Plan, out: Sheet) -> None:
    out.empty(f"{STAGE}/{EMPTY_DIRECTORY}", PLACE_BYTES, 0o555)
    out.file(b"", f"{STAGE}/{EMPTY_FILE}")
    planted = dict(out.facts.planted)
    for number, mask in enumerate(plan.workspace.masks):
        staged = f"canary-{number}" if mask.target in planted else ""
        if staged:
            out.file(os.fsencode(planted[mask.target]), f"{STAGE}/{staged}")
        out.steps.append(MaskPath(plan.workspace.source, mask.target, mask.directory, staged))
    # Later than the engine could: as root such a home is carried in, over all that is mounted below it by then.
    for number, target in enumerate(_in_home_that_stays(plan, out.facts)):
        out.file(os.fsencode(planted[target]), f"{STAGE}/planted-{number}", mode=0o600)
        out.steps.append(MaskPath(plan.person.home, target, directory=False, staged=f"planted-{number}"))
