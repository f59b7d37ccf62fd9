"""DC604, DC607 to DC613: what the file makes an editor do, which is half on the host."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import base, editor, mounts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import removal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paddock.checking.context import Context
    from paddock.devcontainer.model import Effective

# Settings that take a question away, with the values that do (code.visualstudio.com, and the agents' own pages).
_QUESTIONS: dict[str, tuple[Any, ...]] = {
    "security.workspace.trust.enabled": (False,),
    "security.workspace.trust.startupPrompt": ("never",),
    "security.workspace.trust.untrustedFiles": ("open",),
    "task.allowAutomaticTasks": ("on",),
    "chat.tools.autoApprove": (True,),
    "chat.tools.global.autoApprove": (True,),
    "chat.tools.terminal.ignoreDefaultAutoApproveRules": (True,),
    "chat.permissions.default": ("bypass", "bypassApprovals", "autopilot"),
    "claudeCode.allowDangerouslySkipPermissions": (True,),
    "claudeCode.initialPermissionMode": ("bypassPermissions",),
    "geminicodeassist.agentYoloMode": (True,),
    "roo-cline.alwaysAllowExecute": (True,),
}
_LISTS = ("roo-cline.allowedCommands", "cline.allowedCommands", "kilo-code.allowedCommands")
# Of the rules for single commands, those that allow any: a pattern for everything, or what runs a text.
_ANY = re.compile(r"/?\^?\.[*+]\$?/?i?|\*+(/\*+)?|/.*\.\*\$?/")
_RUNNERS = frozenset("bash sh zsh python python3 node npx npm env sudo eval xargs pwsh perl ruby make docker".split())  # noqa: SIM905
_PROGRAM = re.compile(r"(^|\.)(\w*[pP]ath|command|executable|\w*Executable|binary|server)$")
_PARTS = re.compile(r"terminal\.integrated\.(profiles|automationProfile)\.")
_WORKSPACE = re.compile(r"(\$\{(workspaceFolder|workspaceRoot|containerWorkspaceFolder)\}|\.{1,2}/)")
_GIT: dict[str, tuple[Any, ...]] = {
    "git.autofetch": (True, "all"),
    "git.postCommitCommand": ("push", "sync"),
    "git.confirmSync": (False,),
}
_HANDED_OVER: dict[str, tuple[Any, ...]] = {
    "dev.containers.mountWaylandSocket": (True,),
    "dev.containers.forwardWSLServices": (True,),
    "remote.SSH.enableAgentForwarding": (True,),
    "remote.SSH.enableX11Forwarding": (True,),
    "dev.containers.gitCredentialHelperConfigLocation": ("global", "system"),
    "remote.containers.gitCredentialHelperConfigLocation": ("global", "system"),
}
# Files that a login or interactive shell reads (bash(1), zsh(1)), below the user's home.
_RC = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile", ".config/fish", ".oh-my-zsh")


@rule("DC604")
def questions(effective: Effective, _: Context) -> Iterator[Hit]:
    """Settings that take a question away."""
    for one in editor.settings(effective):
        if _is(one.value, _QUESTIONS.get(one.name, ())):
            shown = str(one.value).lower() if isinstance(one.value, bool) else one.value
            yield Hit(f"{one.name} is {shown}", one.origin, edits=removal(one.origin, effective))
        elif one.name in _LISTS and isinstance(one.value, list) and "*" in one.value:
            yield Hit(f"{one.name} allows every command", one.origin, edits=removal(one.origin, effective))
        elif one.name in ("chat.tools.terminal.autoApprove", "chat.tools.edits.autoApprove"):
            yield from _approvals(one, effective)


def _approvals(one: editor.Setting, effective: Effective) -> Iterator[Hit]:
    for pattern, allowed in one.value.items() if isinstance(one.value, dict) else ():
        approved = allowed is True or (isinstance(allowed, dict) and allowed.get("approve") is True)
        if approved and (_ANY.fullmatch(pattern) or pattern in _RUNNERS):
            origin = one.origin.below(pattern)
            yield Hit(f"{one.name} approves {pattern}", origin, edits=removal(origin, effective))


def _is(value: Any, wanted: tuple[Any, ...]) -> bool:
    """Equality that tells `true` from 1."""
    return any(value is one if isinstance(one, bool) else value == one for one in wanted)


@rule("DC607")
def programs(effective: Effective, _: Context) -> Iterator[Hit]:
    """Settings that name a program of the repository."""
    folder = effective.workspace_folder.value
    for one in editor.settings(effective):
        values = [one.value]
        if _PARTS.match(one.name) and isinstance(one.value, dict):
            values = [profile.get("path") for profile in one.value.values() if isinstance(profile, dict)]
        elif not _PROGRAM.search(one.name):
            continue
        for value in values:
            inside = isinstance(value, str) and (_WORKSPACE.match(value) or value.startswith(f"{folder}/"))
            if inside and posixpath.basename(str(value)):
                yield Hit(f"{one.name} is {value}, a program in the workspace", one.origin)


@rule("DC608")
def remote_git(effective: Effective, _: Context) -> Iterator[Hit]:
    """Settings by which git talks to others unasked."""
    for one in editor.settings(effective):
        if _is(one.value, _GIT.get(one.name, ())):
            shown = str(one.value).lower() if isinstance(one.value, bool) else one.value
            message = f"{one.name} is {shown}: git uses the person's credentials unasked"
            yield Hit(message, one.origin, edits=removal(one.origin, effective))


@rule("DC609")
def out_of_container(effective: Effective, _: Context) -> Iterator[Hit]:
    """remote.extensionKind."""
    for one in editor.settings(effective):
        if one.name == "remote.extensionKind" and isinstance(one.value, dict):
            for name, kind in one.value.items():
                if "ui" in (kind if isinstance(kind, list) else [kind]):
                    origin = one.origin.below(name)
                    yield Hit(f"the extension {name} is run on the host", origin, edits=removal(origin, effective))


@rule("DC610")
def start_up_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """Shell files that outlive the container, and are read again."""
    if effective.user_env_probe.value == "none":
        return
    user = base.user(effective)
    homes = [f"/home/{user}"] if user and user not in base.ROOT else ["/root"]
    for mount in mounts.every(effective):
        for home in homes:
            target = posixpath.normpath(mount.target)
            files = {posixpath.join(home, one) for one in _RC}
            if mount.kind in ("bind", "volume") and not mount.read_only and (target == home or target in files):
                yield Hit(f"the shell's files at {target} are kept, and are read at every start and exec", mount.origin)


@rule("DC611")
def image_command(effective: Effective, _: Context) -> Iterator[Hit]:
    """overrideCommand: false."""
    switch = effective.override_command
    if not switch.value and switch.origin.layer != "default" and effective.kind != "compose":
        yield Hit(f"the image's own program is started{base.brought_by(switch.origin)}", switch.origin)


@rule("DC612")
def servers(effective: Effective, _: Context) -> Iterator[Hit]:
    """Servers of tools."""
    for name, origin in editor.servers(effective):
        yield Hit(f"agents of the editor get the tools of {name}{base.brought_by(origin)}", origin)


@rule("DC613")
def handed_over(effective: Effective, _: Context) -> Iterator[Hit]:
    """Settings that forward what is the person's."""
    for one in editor.settings(effective):
        if _is(one.value, _HANDED_OVER.get(one.name, ())):
            yield Hit(f"{one.name} is switched on by the repository", one.origin, edits=removal(one.origin, effective))
