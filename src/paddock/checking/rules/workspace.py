"""DC509, DC601, DC605, DC606: the repository itself, as the container sees it."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import base, hooks, mounts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.findings import Edit
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source

_BYPASSES = frozenset((
    "--dangerously-skip-permissions", "--dangerously-bypass-approvals-and-sandbox", "--dangerously-allow-all", "--yolo",
    "--full-auto", "--allow-all-tools", "--permission-mode=bypassPermissions", "--approval-mode=yolo",
    "--trust-all-tools",
))  # fmt: skip

_EVERY = re.compile(r"""(\bsafe\.directory[ \t]+)(?:'\*'|"\*"|\\\*|\*)(?=\s|[;&|]|$)""")


@rule("DC601")
def git(effective: Effective, _: Context) -> Iterator[Hit]:
    """A writable .git."""
    if _writable(effective, ".git", effective.repository):
        whole = mounts.workspace(effective)
        if whole and mounts.is_within(effective.repository, posixpath.normpath(whole.source)):
            what = "the repository is mounted writable, and .git with it"
        else:
            what = "a .git can be made in the workspace, and git on the host obeys the nearest one"
        yield Hit(f"{what}: what is written there runs on the host", _mount_source(effective))


@rule("DC509")
def configuration(effective: Effective, context: Context) -> Iterator[Hit]:
    """A writable .devcontainer."""
    folder = posixpath.dirname(context.configuration)
    held = folder.partition("/")[0] or posixpath.basename(context.configuration)
    if _writable(effective, held, effective.folder):
        local = [use.reference for use in effective.features if use.kind == "local"]
        more = f"; {', '.join(local)} is root in the next build" if local else ""
        yield Hit(f"{held} can be changed inside, and with it what the next start runs{more}", _mount_source(effective))


def _writable(effective: Effective, name: str, folder: str) -> bool:
    """Whether a part of a folder of the host can be written inside: no mount of its own protects it."""
    whole = mounts.workspace(effective)
    if whole is None or whole.kind != "bind" or whole.read_only or mounts.is_copied(whole):
        return False
    source = posixpath.normpath(whole.source)
    below = posixpath.relpath(folder, source) if mounts.is_within(folder, source) else "."
    target = posixpath.normpath(posixpath.join(whole.target, below, name))
    protected = [one for one in mounts.every(effective) if posixpath.normpath(one.target) == target]
    return not any(one.read_only or one.kind != "bind" or mounts.is_copied(one) for one in protected)


def _mount_source(effective: Effective) -> Source:
    whole = mounts.workspace(effective)
    return whole.origin if whole and whole.origin.layer != "default" else base.source(effective)


@rule("DC605")
def safe_directory(effective: Effective, context: Context) -> Iterator[Hit]:
    """Trust in every directory."""
    for said in hooks.commands(effective, context):
        arguments = said.command.arguments
        if (
            said.command.program == "git"
            and "safe.directory" in arguments
            and arguments[-1] == "*"
            and not said.on_host
        ):
            message = f"{said.who} tells git to trust every directory"
            yield Hit(message, said.origin, edits=_one_directory(said.origin, effective))


def _one_directory(origin: Source, effective: Effective) -> tuple[Edit, ...]:
    """The workspace in place of all, where it is the repository's root, and the word stands once in a shell's text."""
    own, node = effective.workspace_mount, base.written(origin, effective)
    if node is None or node.kind != "string" or own is None or own.target != effective.workspace_folder.value:
        return ()
    text, count = _EVERY.subn(r'\1"${containerWorkspaceFolder}"', str(node.value))
    return setting(origin, text, effective) if count == 1 else ()


@rule("DC606")
def agent(effective: Effective, context: Context) -> Iterator[Hit]:
    """Agents that do not ask."""
    for said in hooks.commands(effective, context):
        texts = (*said.command.words, *said.command.assigned)
        found = [flag for flag in sorted(_BYPASSES) if any(flag in text.split() for text in texts)]
        found += [flag for flag in sorted(_BYPASSES) if any(f"{flag}'" in text or f'{flag}"' in text for text in texts)]
        for flag in dict.fromkeys(found):
            yield Hit(f"{said.who} uses {flag}", said.origin)
