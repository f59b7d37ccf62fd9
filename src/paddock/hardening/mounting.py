"""The mounts of a hardened configuration: what of the host goes, what becomes read-only, what each container has alone.

Only the text form keeps `readonly` (devcontainers/cli drops it from objects). Of two mounts with one target the last
one counts, whoever brings the first: that is how a mount of an image's label or a Feature is put out of effect.
"""

from __future__ import annotations

import posixpath

from paddock.checking.facts import mounts as facts
from paddock.devcontainer.mounts import of_text
from paddock.frozen import replace
from paddock.hardening.changes import change, comment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Mount
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change
    from paddock.hardening.draft import Draft

# The rules about mounts that must not be there at all, whether read-only or not.
GONE = ("DC101", "DC102", "DC103", "DC104", "DC105", "DC106", "DC110", "DC112", "DC113", "DC114", "DC115", "DC116")
_NARROW = ("DC107", "DC108", "DC109")
# What hides a mount: with compose a tmpfs would become a volume without a name.
_NOTHING = {False: "tmpfs", True: "volume,source=paddock-nothing-${devcontainerId}"}
_EACH = "-${devcontainerId}"


def harden(case: Case, draft: Draft, ours: Collection[str], held: frozenset[str]) -> list[Change]:
    """The mounts of the file and of what lies below it. `held` are targets that are taken: `ours`, the workspace."""
    done: list[Change] = []
    effective = set(case.effective.mounts)
    for mount in case.file.mounts:
        cell = draft.at(mount.origin.path)
        node = case.file.node.at(*mount.origin.path)
        if cell is None or node is None:
            continue
        target = posixpath.normpath(mount.target)
        if mount.raw in ours:
            continue
        if mount not in effective or target in held:
            cell.remove()  # another one counts in its place: this one must not come to life when that goes
            continue
        found = resolved(case, written(node, mount))
        if found is None:
            continue
        text, made = found
        done.append(made)
        if text:
            cell.put(text)
            cell.say(*comment(made))
        else:
            cell.remove(*comment(made))
    return done + of_others(case, draft)


def of_others(case: Case, draft: Draft) -> list[Change]:
    """Mounts that a label or Feature brings: another one on the same target takes their place."""
    done = []
    for mount in case.effective.mounts:
        if mount.origin.layer in ("label", "feature"):
            found = resolved(case, mount)
            if found:
                text, made = found
                done.append(made)
                if not text or (case.composed and mount.kind == "bind"):  # there nothing would keep it read-only
                    text = f"type={_NOTHING[case.composed]},{field('target', mount.target)}"
                draft.append("mounts", text, *comment(made))
    return done


def resolved(case: Case, mount: Mount) -> tuple[str, Change] | None:
    """What a mount becomes, empty for nothing, and the change; None where it may stay as it is."""
    if any(one.source == mount.origin and case.kept(one.rule) for one in case.findings):
        return None
    found = case.at(mount.origin)
    shown, where = f"{facts.written(mount) or mount.kind} at {mount.target}", mount.origin.where
    if found and found.rule in GONE:
        return "", change(case.rules[found.rule], f"{shown} is not mounted", where)
    if mount.kind == "bind" and not mount.read_only and not _is_the_workspace(case, mount):
        rule = found.rule if found and found.rule in _NARROW else "DC108"
        rule = ("DC803" if case.composed else "DC801") if mount.asked_read_only else rule
        if case.kept(rule):
            return None
        return text_of(replace(mount, read_only=True)), change(case.rules[rule], f"{shown} is read-only", where)
    if mount.kind == "volume" and found and found.rule == "DC109" and not mount.source.endswith(_EACH):
        own = replace(mount, source=mount.source + _EACH)
        return text_of(own), change(case.rules["DC109"], f"each container has a {mount.source} of its own", where)
    return None


def _is_the_workspace(case: Case, mount: Mount) -> bool:
    """Whether it is what takes the place of a workspace mount that is switched off."""
    return case.effective.workspace_mount is None and facts.is_workspace(mount, case.effective)


def written(node: Node, mount: Mount) -> Mount:
    """A mount of the file with its variables as they are written, so that the same comes out on every machine."""
    if node.kind == "string":
        plain = of_text(str(node.value), mount.origin)
        return replace(mount, source=plain.source, target=plain.target, options=plain.options, raw=str(node.value))
    parts = {one.key: str(one.node.value) for one in node.counting() if one.node.kind == "string"}
    return replace(mount, source=parts.get("source", mount.source), target=parts.get("target", mount.target))


def text_of(mount: Mount) -> str:
    """A mount in the syntax of `--mount`."""
    fields = [f"type={mount.kind}"]
    fields += [field("source", mount.source)] if mount.source else []
    fields += [field("target", mount.target)]
    fields += [field(name, value) if value else name for name, value in mount.options]
    return ",".join([*fields, "readonly"] if mount.read_only else fields)


def field(name: str, value: str) -> str:
    """One part of the line of CSV that the engine reads (podman-run(1), --mount)."""
    text = f"{name}={value}"
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
