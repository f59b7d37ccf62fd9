"""DC805, DC901 to DC906: how much it may take, and whether it can be thrown away."""

from __future__ import annotations

import posixpath

from paddock.checking.facts import base, container, mounts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import removal
from paddock.devcontainer.runflags import is_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.model import Effective

_LIMITS = {
    "memory": ("--memory",),
    "processes": ("--pids-limit",),
    "processors": ("--cpus", "--cpu-quota", "--cpuset-cpus", "--cpu-period"),
}


@rule("DC901")
def unlimited(effective: Effective, _: Context) -> Iterator[Hit]:
    """What has no limit."""
    if not container.is_known(effective):
        return
    missing = [name for name, names in _LIMITS.items() if not list(container.flags(effective, *names))]
    if missing:
        shown = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        yield Hit(f"{shown} {'is' if missing == ['memory'] else 'are'} not limited", base.source(effective))


@rule("DC805")
def not_enforced(effective: Effective, context: Context) -> Iterator[Hit]:
    """Limits that a rootless engine ignores here."""
    if context.rootless and context.cgroups == 1:
        for flag in container.flags(effective, "--memory", "--pids-limit", "--cpus"):
            yield Hit(f"{flag.name} {flag.value} is ignored by a rootless engine on this machine", flag.origin)


@rule("DC902")
def stays(effective: Effective, _: Context) -> Iterator[Hit]:
    """What outlives its use."""
    if effective.shutdown_action.value == "none":
        yield Hit("the container runs on when the editor is closed", effective.shutdown_action.origin)
    for flag in container.flags(effective, "--restart"):
        if (flag.value or "").partition(":")[0] in ("always", "unless-stopped", "on-failure"):
            yield Hit(f"the engine starts it again by itself ({flag.value})", flag.origin)
    user = base.user(effective)
    homes = ("/root", f"/home/{user}" if user else "/root")
    for volume in mounts.volumes(effective):
        target = posixpath.normpath(volume.target)
        if target in homes or (target.startswith("/home/") and target.count("/") == 2):  # noqa: PLR2004 - /home/NAME
            yield Hit(f"the whole home {target} is kept in the volume {volume.source}", volume.origin)


@rule("DC903")
def lifted(effective: Effective, _: Context) -> Iterator[Hit]:
    """Limits that are taken away."""
    for flag in container.flags(effective, *_LIFTS):
        said = _LIFTS[flag.name](flag.value or "")
        if said and (flag.name != "--oom-kill-disable" or is_on(flag)):
            yield Hit(f"{' '.join(filter(None, (flag.name, flag.value)))}: {said}", flag.origin)


def _without(value: str, *values: str) -> str:
    return "the limit is taken away" if value in values else ""


def _ulimit(value: str) -> str:
    name, _equals, limits = value.partition("=")
    lifts = name in ("nproc", "as", "rss", "data") and limits.partition(":")[0] in ("-1", "unlimited")
    return "the limit is taken away" if lifts else ""


_LIFTS: dict[str, Callable[[str], str]] = {
    "--pids-limit": lambda value: _without(value, "-1", "0", "unlimited"),
    "--memory": lambda value: _without(value, "-1", "0"),
    "--memory-swap": lambda value: _without(value, "-1"),
    "--cpus": lambda value: _without(value, "0", "0.0"),
    "--ulimit": _ulimit,
    "--oom-kill-disable": lambda _: "when memory is full, something else is killed for it",
    "--oom-score-adj": lambda value: "when memory is full, others are killed first" if value[:1] == "-" else "",
    "--cgroups": lambda value: "without a control group there are no limits" if value == "disabled" else "",
}


@rule("DC904")
def parent(effective: Effective, _: Context) -> Iterator[Hit]:
    """--cgroup-parent."""
    for flag in container.flags(effective, "--cgroup-parent"):
        message = f"the container is put below the control group {flag.value}"
        yield Hit(message, flag.origin, edits=removal(flag.origin, effective))


@rule("DC905")
def tmpfs(effective: Effective, _: Context) -> Iterator[Hit]:
    """A tmpfs without a size."""
    for mount in mounts.every(effective):
        if mount.kind == "tmpfs" and not {"size", "tmpfs-size"} & {name for name, _ in mount.options}:
            yield Hit(f"the tmpfs at {mount.target} has no size", mount.origin)


@rule("DC906")
def name(effective: Effective, _: Context) -> Iterator[Hit]:
    """--name."""
    for flag in container.flags(effective, "--name"):
        if "${" not in (flag.value or ""):
            message = f"there can be one container of the name {flag.value}"
            yield Hit(message, flag.origin, edits=removal(flag.origin, effective))
