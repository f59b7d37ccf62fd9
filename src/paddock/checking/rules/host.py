"""DC401 to DC409: what runs on the host, or is taken from it, before there is a container."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import base, container, editor, hooks, mounts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import removal
from paddock.devcontainer import runflags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Effective, Text

_OF_HOST = re.compile(r"\$\{(?:localEnv|env):([^}:]*)")
_SHELL = re.compile(r"(.*/)?(sh|bash|zsh|dash|ash)")
# Flags of a build that give it more than its context (podman-build(1), docker-buildx-build(1)).
_REACHES = (
    "--volume", "--secret", "--ssh", "--privileged", "--security-opt", "--add-host", "--device", "--cap-add", "--allow",
    "--build-context", "--pid", "--ipc", "--userns", "--hooks-dir", "--runtime", "--output",
)  # fmt: skip
_WRITES = ("write", "write-all")


@rule("DC401")
def on_host(effective: Effective, context: Context) -> Iterator[Hit]:
    """What runs on the host."""
    for hook in effective.hooks:
        if hook.on_host:
            shown = hooks.text(hook)
            message = f"this runs on the host: {shown[:80]}{'…' if len(shown) > 80 else ''}"  # noqa: PLR2004
            yield Hit(message, hook.origin, "high" if context.trusted else "")


@rule("DC402")
def leaves_folder(effective: Effective, context: Context) -> Iterator[Hit]:
    """Paths of the build that lead out of the folder."""
    build = effective.build
    named: list[tuple[str, Text]] = []
    if build and build.context:
        named.append(("the build's context", build.context))
    if build and build.dockerfile:
        named.append(("the Dockerfile", build.dockerfile))
    named += [("the compose file", one) for one in effective.compose_files]
    for what, path in named:
        if path.origin.layer == "file" and _leaves(path, context.configuration):
            yield Hit(f"{what} {path.raw or path.value} is not in the opened folder", path.origin)


def _leaves(path: Text, configuration: str) -> bool:
    if "$" in path.value:
        return False  # a variable: nobody knows
    found = base.from_folder(path.value, configuration)
    return found == ".." or found.startswith(("/", "../"))


@rule("DC403")
def build_options(effective: Effective, _: Context) -> Iterator[Hit]:
    """build.options."""
    if effective.build is None:
        return
    for flag in runflags.parse(effective.build.options, runflags.BUILD).flags:
        if flag.name in _REACHES or (flag.name == "--network" and flag.value == "host"):
            yield Hit(f"the build gets {flag.name} {flag.value or ''}".rstrip(), flag.origin)


@rule("DC404")
def git_root(effective: Effective, _: Context) -> Iterator[Hit]:
    """A folder below the root of the repository, and a mount of more of that than the folder."""
    own = effective.workspace_mount
    if own is None or own.kind != "bind" or effective.repository == effective.folder:
        return
    if own.origin.layer == "default":
        yield Hit("the whole git repository is mounted, and the opened folder is a part of it", base.source(effective))
        return
    source = posixpath.normpath(own.source)
    holds_more = source != effective.folder and mounts.is_within(effective.folder, source)
    if holds_more and mounts.is_within(source, effective.repository):  # else DC107 says more
        yield Hit("more of the repository is mounted than the opened folder", own.origin)


@rule("DC405")
def several(effective: Effective, context: Context) -> Iterator[Hit]:
    """More than one devcontainer.json."""
    others = sorted(set(context.configurations) - {context.configuration})
    if others:
        yield Hit(f"a tool may also choose {', '.join(others)}", base.source(effective))


@rule("DC406")
def unquoted(effective: Effective, _: Context) -> Iterator[Hit]:
    """${localEnv:…} in a shell's text."""
    for hook in effective.hooks:
        node = base.written(hook.origin, effective)
        names = dict.fromkeys(name for text in _shell_texts(node) for name in _OF_HOST.findall(text))
        for name in names:
            yield Hit(f"the value of {name} becomes part of the shell's text of {hook.event}", hook.origin)


def _shell_texts(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    if node.kind == "string":
        yield str(node.value)
    elif node.kind == "array" and node.items and _SHELL.fullmatch(str(node.items[0].value)):
        yield from (str(one.value) for one in node.items[1:])


@rule("DC407")
def codespace(effective: Effective, _: Context) -> Iterator[Hit]:
    """customizations.codespaces.repositories."""
    for one in effective.customizations:
        repositories = one.node.get("repositories") if one.tool == "codespaces" else None
        for member in repositories.counting() if repositories else ():
            asked = member.node.get("permissions")
            if asked is None:
                continue
            said = asked.data()
            wide = (
                [f"{name}: {right}" for name, right in said.items() if right in _WRITES]
                if isinstance(said, dict)
                else [said]
            )
            if wide and wide != ["read-all"]:
                origin = one.origin.below("repositories", member.key, "permissions", place=asked.place)
                yield Hit(f"the codespace's token may write to {member.key}: {', '.join(map(str, wide))}", origin)


@rule("DC408")
def dotfiles(effective: Effective, _: Context) -> Iterator[Hit]:
    """dotfiles.repository."""
    for one in editor.settings(effective):
        if one.name == "dotfiles.repository" and one.value:
            message = f"the scripts of {one.value} run in this container, whoever opens it"
            yield Hit(message, one.origin, edits=removal(one.origin, effective))


@rule("DC409")
def environment(effective: Effective, _: Context) -> Iterator[Hit]:
    """--env-host."""
    for flag in container.flags(effective, "--env-host"):
        if runflags.is_on(flag):
            yield Hit(
                "all variables of the host are given to the container",
                flag.origin,
                edits=removal(flag.origin, effective),
            )
