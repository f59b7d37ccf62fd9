"""DC801 to DC804, DC806 to DC818: what does not do what it says."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import base
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import setting
from paddock.devcontainer import references
from paddock.devcontainer.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Effective, Unknown
    from paddock.devcontainer.source import Path

# What protects: that it is lost must not go unnoticed.
_PROTECTS = frozenset((
    "--cap-drop", "--security-opt", "--network", "--read-only", "--pids-limit", "--memory", "--cpus", "--user",
    "--userns",
))  # fmt: skip
# Keys that people expect, and what does it instead.
_INSTEAD = {
    "capDrop": "there is no such property: write --cap-drop into runArgs",
    "network": "there is no such property: write --network into runArgs",
    "networkMode": "there is no such property: write --network into runArgs",
    "user": "the properties are remoteUser and containerUser",
    "volumes": "the property is mounts",
    "environment": "the properties are containerEnv and remoteEnv",
    "env": "the properties are containerEnv and remoteEnv",
    "ports": "the properties are forwardPorts and appPort",
    "readOnly": "there is no such property: write --read-only into runArgs",
    "postStartCommands": "the property is postStartCommand",
}
_JSON = ("byte-order-mark", "trailing-comma", "duplicate-key", "control-character", "nul-character", "lone-surrogate")
_FLAGS = ("unknown-flag", "flag-without-value", "flag-not-boolean", "no-flag")
_OPTIONS = ("unknown-option",)
_LEGACY = ("legacy-key",)
_TYPES = ("wrong-type", "wrong-value", "missing-key", "mount-syntax", "nameless-variable")
_VARIABLE = re.compile(r"\$\{([^{}:]*)(:[^{}]*)?\}")
_KNOWN = frozenset((
    "localEnv", "env", "containerEnv", "localWorkspaceFolder", "localWorkspaceFolderBasename",
    "containerWorkspaceFolder", "containerWorkspaceFolderBasename", "devcontainerId",
))  # fmt: skip
_HOST = re.compile(r"[.:]|^localhost$")  # what makes a registry of the first part (distribution, reference grammar)
_TEMPLATE = "templateOption"
# Where no shell and no editor replaces what is left: a variable that stays stays for good.
_PLAIN = (
    "image",
    "build",
    "mounts",
    "workspaceMount",
    "workspaceFolder",
    "runArgs",
    "remoteUser",
    "containerUser",
    "features",
)
_LATE = (
    "image",
    "build",
    "mounts",
    "workspaceMount",
    "workspaceFolder",
    "runArgs",
    "containerEnv",
    "containerUser",
    "features",
)
_BASES = (("image",), ("build", "dockerFile"), ("dockerComposeFile",))


@rule("DC801")
def object_form(effective: Effective, _: Context) -> Iterator[Hit]:
    """The object form, which loses readonly."""
    for mount in effective.mounts:
        if effective.kind != "compose" and mount.asked_read_only and not mount.read_only:
            node = base.written(mount.origin, effective)
            edits = setting(mount.origin, _as_text(node), effective) if node and _as_text(node) else ()
            yield Hit(f"the mount at {mount.target} is writable: readonly is dropped", mount.origin, edits=edits)


def _as_text(node: Node) -> str:
    """The same mount in the form that keeps readonly; empty where a comma in a part means something else there."""
    parts = [(key, node.get(key)) for key in ("type", "source", "target")]
    fields = [f"{key}={found.value}" for key, found in parts if found and found.kind == "string"]
    return "" if any("," in field for field in fields) else ",".join((*fields, "readonly"))


@rule("DC802")
def with_compose(effective: Effective, _: Context) -> Iterator[Hit]:
    """What compose leaves out."""
    if effective.kind != "compose":
        return
    lost = [flag.name for flag in effective.run_flags]
    if lost:
        shown = ", ".join(dict.fromkeys(lost))
        yield Hit(
            f"{shown} in runArgs has no effect",
            base.source(effective, "runArgs"),
            "" if set(lost) & _PROTECTS else "medium",
        )
    if base.own(effective).workspace_mount:
        yield Hit("workspaceMount has no effect", base.source(effective, "workspaceMount"), "medium")
    if any(port.kind == "publish" for port in base.own(effective).ports):
        yield Hit("appPort has no effect", base.source(effective, "appPort"), "medium")


@rule("DC803")
def read_only_with_compose(effective: Effective, _: Context) -> Iterator[Hit]:
    """Mounts that compose makes writable."""
    for mount in effective.mounts:
        if effective.kind == "compose" and mount.asked_read_only and not mount.read_only:
            yield Hit(f"the mount at {mount.target} is writable: with compose, readonly is lost", mount.origin)


@rule("DC804")
def unknown_key(effective: Effective, _: Context) -> Iterator[Hit]:
    """Keys that nobody knows."""
    for one in effective.unknown:
        if one.origin.layer in ("file", "override") and not _told_by_801(one):
            advice = _INSTEAD.get(one.key, f"is {one.meant} meant?" if one.meant else "")
            yield Hit(f"nothing reads {one.key}" + (f": {advice}" if advice else ""), one.origin)
    yield from _flaws(effective, _OPTIONS, {})


def _told_by_801(one: Unknown) -> bool:
    return one.origin.path[:1] == ("mounts",) and one.key.lower() in ("readonly", "ro", "read_only")


@rule("DC806")
def json(effective: Effective, _: Context) -> Iterator[Hit]:
    """What a strict parser would refuse."""
    yield from _flaws(effective, _JSON, {"duplicate-key": "low"})


@rule("DC807")
def short_name(effective: Effective, _: Context) -> Iterator[Hit]:
    """Features by their old short names, or by names that the CLI refuses."""
    for use in effective.features:
        found = references.parse(use.reference)
        host = found.resource.partition("/")[0]
        if found.kind == "short" or (found.kind == "registry" and not _HOST.search(host)):
            yield Hit(f"the Feature {use.reference} has no registry in its name", use.origin)
        elif found.wrong:
            yield Hit(f"the Feature {use.reference} is refused: {found.wrong}", use.origin)


@rule("DC808")
def run_flag(effective: Effective, _: Context) -> Iterator[Hit]:
    """Run flags that no engine takes."""
    yield from _flaws(effective, _FLAGS, {})


@rule("DC817")
def older_name(effective: Effective, _: Context) -> Iterator[Hit]:
    """Names that the specification had once."""
    yield from _flaws(effective, _LEGACY, {})


@rule("DC818")
def wrong_type(effective: Effective, _: Context) -> Iterator[Hit]:
    """Values of another type."""
    yield from _flaws(effective, _TYPES, {})


def _flaws(effective: Effective, codes: tuple[str, ...], severities: dict[str, str]) -> Iterator[Hit]:
    for flaw in effective.flaws:
        if flaw.code in codes:
            yield Hit(flaw.message, Source("file", flaw.place.file, (), flaw.place), severities.get(flaw.code, ""))


@rule("DC809")
def requirements(effective: Effective, _: Context) -> Iterator[Hit]:
    """Requirements that nothing asks for."""
    for one in effective.requirements:
        if one.name in ("cpus", "memory", "storage"):
            yield Hit(f"{one.name} {one.value} is neither checked nor a limit", one.origin)


@rule("DC810")
def folder_and_mount(effective: Effective, _: Context) -> Iterator[Hit]:
    """A mount and a folder that do not fit."""
    own = base.own(effective)
    if effective.kind == "compose" or (own.workspace_mount and own.workspace_mount.kind == "none"):
        return
    if own.workspace_mount and not own.workspace_folder:
        yield Hit("workspaceMount needs a workspaceFolder", own.workspace_mount.origin)
    elif own.workspace_folder and effective.workspace_mount:
        folder, target = own.workspace_folder.value, effective.workspace_mount.target
        known = "$" not in folder + target
        if known and not posixpath.normpath(f"{folder}/").startswith(posixpath.normpath(target)):
            yield Hit(
                f"the folder {folder} is not in the workspace, which is mounted at {target}",
                own.workspace_folder.origin,
            )


@rule("DC811")
def thrown_away(effective: Effective, _: Context) -> Iterator[Hit]:
    """A workspace that is no file of the host and no volume."""
    own = base.own(effective).workspace_mount
    if own and effective.kind != "compose" and (own.kind == "tmpfs" or (own.kind == "volume" and not own.source)):
        yield Hit(f"the workspace is a {own.kind} that goes with the container", own.origin)


@rule("DC812")
def order(effective: Effective, _: Context) -> Iterator[Hit]:
    """An order for what is not there."""
    used = {references.parse(use.reference).resource for use in effective.features}
    for one in base.own(effective).feature_order:
        if references.parse(one.value).resource not in used:
            yield Hit(f"{one.value} is not among the Features", one.origin)


@rule("DC813")
def waits(effective: Effective, _: Context) -> Iterator[Hit]:
    """A wait for no hook, where all layers are known."""
    event = effective.wait_for
    unseen = any(one.layer in ("label", "image", "feature") for one in effective.unknown_layers)
    if event.origin.layer == "file" and not unseen and not any(hook.event == event.value for hook in effective.hooks):
        yield Hit(f"there is no {event.value} to wait for", event.origin)


@rule("DC814")
def bases(effective: Effective, _: Context) -> Iterator[Hit]:
    """image, build and dockerComposeFile."""
    node = base.own(effective).node
    said = [next(key for key in keys if node.member(key)) for keys in _BASES if any(node.member(key) for key in keys)]
    if len(said) > 1:
        yield Hit(f"{' and '.join(said)} are both there; {_wins(effective)} counts", base.source(effective, said[-1]))


def _wins(effective: Effective) -> str:
    return {"image": "image", "dockerfile": "build", "compose": "dockerComposeFile"}[effective.kind]


@rule("DC815")
def unknown_variable(effective: Effective, _: Context) -> Iterator[Hit]:
    """${…} that stays as it is."""
    for node, path in _texts(effective, _PLAIN):
        for name in dict.fromkeys(found[1] for found in _VARIABLE.finditer(str(node.value))):
            origin = base.source(effective, *path)
            if name == _TEMPLATE:
                message = "this file is a template: its options are put in when it is applied"
                yield Hit(message, origin, "info", "apply the template, then check what comes out")
            elif name not in _KNOWN:
                yield Hit(f"nothing replaces ${{{name}}}; ${{localEnv:{name}}} is the host's variable", origin)


@rule("DC816")
def too_early(effective: Effective, _: Context) -> Iterator[Hit]:
    """${containerEnv:…} before there is a container."""
    for node, path in _texts(effective, _LATE):
        if "${containerEnv:" in str(node.value):
            yield Hit("the container's variables are not known here yet", base.source(effective, *path))


def _texts(effective: Effective, keys: tuple[str, ...]) -> Iterator[tuple[Node, Path]]:
    root = base.own(effective).node
    for key in keys:
        found = root.get(key)
        if found:
            yield from _strings(found, (key,))


def _strings(node: Node, path: Path) -> Iterator[tuple[Node, Path]]:
    if node.kind == "string":
        yield node, path
    for member in node.members:
        yield from _strings(member.node, (*path, member.key))
    for number, item in enumerate(node.items):
        yield from _strings(item, (*path, number))
