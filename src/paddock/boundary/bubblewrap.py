"""The bubblewrap boundary: bubblewrap builds the namespaces and the root, Paddock attaches the rest.

`compile` is pure: it turns a plan into bubblewrap's arguments and a list of steps that are done from
outside, once the namespaces exist. Bubblewrap makes all namespaces itself, because where AppArmor guards
user namespaces only it may, and old versions cannot mount an overlay: entering from outside serves all.
"""

from __future__ import annotations

import os

from paddock.boundary.steps import (
    EMPTY_DIRECTORY,
    EMPTY_FILE,
    STAGE,
    Carry,
    Hold,
    MaskPath,
    MountOverlay,
    Reveal,
    TrustHere,
    Unstage,
    is_system,
)
from paddock.frozen import frozen
from paddock.plan.model import Link, Private
from paddock.plan.paths import ancestors, depth, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.steps import Overlay, Step
    from paddock.plan.model import Mount, Plan

# Files of /proc that tell about the host and serve no program.
COVERED_PROC = ("/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/kcore", "/proc/kallsyms")
_PRIVATE_MODES = {"/tmp": "1777", "/var/tmp": "1777", "/dev/shm": "1777"}  # noqa: S108 - inside the sandbox


@frozen
class Facts:
    """What `compile` must know of the machine.

    `planted` are canaries (place, content): files of the private home, and what is seen in place of a masked file.
    `files` are the mounts' sources that are no directories; `staged` those in /etc that can be shown by
    `Reveal`. In mode live, paths in the workspace: the names of `pinned` are held, `read_only` is held whole.
    `trust` is a directory in which the gateway writes whom programs inside are to trust, where it terminates TLS;
    `bundles` are the system's own files of that kind which are seen inside. `storage` is a directory for containers
    that are made inside. With `docker` in podman's place, `volumes` are those that the image asks for.
    """

    as_root: bool
    files: frozenset[str] = frozenset()
    staged: frozenset[str] = frozenset()
    covered_proc: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    planted: tuple[tuple[str, str], ...] = ()
    trust: str = ""
    bundles: tuple[str, ...] = ()
    storage: str = ""
    docker: bool = False
    volumes: tuple[str, ...] = ()


@frozen
class Data:
    """Bytes that bubblewrap reads from a descriptor: a placeholder in the arguments stands for it."""

    content: bytes

    @staticmethod
    def placeholder(number: int) -> str:
        """What stands in the arguments for the descriptor of the entry with that index."""
        return f"{{descriptor:{number}}}"


@frozen
class Compiled:
    """All that a sandbox is: arguments for bubblewrap, data for its descriptors, steps from outside."""

    arguments: tuple[str, ...]
    data: tuple[Data, ...]
    steps: tuple[Step, ...]


class _Sheet:
    """What has been written down so far."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.covered: set[str] = set()  # what a mount of a host directory brings along
        self.made: set[str] = set()
        self.words: list[str] = []
        self.data: list[Data] = []
        self.steps: list[Step] = []

    def add(self, *words: str) -> None:
        self.words += words

    def parents(self, target: str) -> None:
        """Make the directories above a target for everyone: bubblewrap would give them the target's mode."""
        for path in ancestors(target):
            if path in self.covered:
                return
            if path not in self.made:
                self.made.add(path)
                self.add("--perms", "0755", "--dir", path)

    def file(self, content: bytes, target: str, mode: str = "0444") -> None:
        self.parents(target)
        self.add("--perms", mode, "--file", Data.placeholder(len(self.data)), target)
        self.data.append(Data(content))

    def bind(self, source: str, target: str, *, read_only: bool) -> None:
        """Make a host path visible: by bubblewrap, or carried in where only root can reach it."""
        self.parents(target)
        self.covered.add(target)
        if source == target and source in self.facts.staged:
            self.place(source, target)
            self.steps.append(Reveal(target))
            return
        if not self.facts.as_root or is_system(source):
            self.add("--ro-bind" if read_only else "--bind", source, target)
            return
        self.place(source, target)
        self.steps.append(Carry(source, target, read_only))

    def place(self, source: str, target: str) -> None:
        """Make the place for a mount that is made later."""
        if source in self.facts.files:
            self.file(b"", target)
        else:
            self.add("--dir", target)


def compile(plan: Plan, facts: Facts, overlays: tuple[Overlay, ...]) -> Compiled:  # noqa: A001 - the design's word
    """Arguments and steps for a plan.

    `overlays` take the place of what the plan would mount there, outer ones first. Where the mode is copy-on-write,
    one of them is the workspace.
    """
    out = _Sheet(facts)
    # INVARIANT PK-47, PK-12: all namespaces are new, and no further user namespace can be made inside.
    out.add("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
    out.add("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--cap-drop", "ALL")
    out.add("--uid", str(plan.person.uid), "--gid", str(plan.person.gid), "--hostname", "paddock")
    out.add("--proc", "/proc", "--dev", "/dev")
    for path in facts.covered_proc:
        out.add("--ro-bind", "/dev/null", path)
    _root(plan, out, tuple(overlay.target for overlay in overlays))
    if facts.trust:
        from paddock.plan.trusting import PLACE

        out.bind(facts.trust, PLACE, read_only=True)
    out.add("--perms", "0755", "--size", str(1 << 20), "--tmpfs", STAGE)
    if any(isinstance(step, Reveal) for step in out.steps):
        out.add("--ro-bind", "/etc", f"{STAGE}/etc")
    _workspace(plan, overlays, out)
    _masks(plan, out)
    if facts.trust:
        from paddock.plan.trusting import BUNDLE, PLACE

        out.steps += [TrustHere(f"{PLACE}/{BUNDLE}", bundle) for bundle in facts.bundles]
    out.steps.append(Unstage())
    # INVARIANT FS-16: nothing of the root itself is writable, so that no write into it is silently lost.
    out.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")
    return Compiled(tuple(out.words), tuple(out.data), tuple(out.steps))


def _root(plan: Plan, out: _Sheet, layered: tuple[str, ...]) -> None:
    # Parents before what lies below them: a private directory would hide what was put there before.
    entries: list[Link | Private | Mount] = [*plan.links, *plan.private, *plan.mounts]
    for entry in sorted(entries, key=lambda entry: (depth(entry.target), entry.target)):
        if isinstance(entry, Link):
            out.parents(entry.target)
            out.add("--symlink", entry.to, entry.target)
        elif isinstance(entry, Private):
            out.parents(entry.target)
            out.made.add(entry.target)
            mode = "0700" if entry.target == plan.person.home else _PRIVATE_MODES.get(entry.target, "0755")
            out.add("--perms", mode, "--size", str(entry.size_bytes), "--tmpfs", entry.target)
        elif not any(within(entry.target, place) for place in (plan.workspace.source, *layered)):
            out.bind(entry.source, entry.target, read_only=entry.access != "write")
    for file in plan.files:
        out.file(os.fsencode(file.content), file.target)
    masked = {mask.target for mask in plan.workspace.masks}
    for target, content in out.facts.planted:
        if target not in masked:
            out.file(os.fsencode(content), target, mode="0600")


def _workspace(plan: Plan, overlays: tuple[Overlay, ...], out: _Sheet) -> None:
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


def _overlay(overlay: Overlay, out: _Sheet) -> None:
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
        out.parents(overlay.target)
        out.add("--dir", overlay.target)
    out.steps.append(MountOverlay(overlay.target, lowers, f"{stage}-layers/{upper}", f"{stage}-layers/{work}"))


def _masks(plan: Plan, out: _Sheet) -> None:
    if not plan.workspace.masks:
        return
    out.file(b"", f"{STAGE}/{EMPTY_FILE}")
    out.add("--perms", "0555", "--dir", f"{STAGE}/{EMPTY_DIRECTORY}")
    planted = dict(out.facts.planted)
    for number, mask in enumerate(plan.workspace.masks):
        staged = f"canary-{number}" if mask.target in planted else ""
        if staged:
            out.file(os.fsencode(planted[mask.target]), f"{STAGE}/{staged}")
        out.steps.append(MaskPath(plan.workspace.source, mask.target, mask.directory, staged))
