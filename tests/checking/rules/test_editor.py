"""What the file makes an editor do."""

from __future__ import annotations

import pytest

from tests.checking.scenes import Scene, compose, file, label, of, setting

VSCODE = {"vscode": {"settings": {"task.allowAutomaticTasks": "on"}}}
SERVERS = {"servers": {"things": {"command": "npx", "args": ["things"]}}}
FOUND = [
    ("DC604", "trust", setting("security.workspace.trust.enabled", False)),
    ("DC604", "automatic tasks", setting("task.allowAutomaticTasks", "on")),
    ("DC604", "tools of the editor's agent", setting("chat.tools.autoApprove", True)),
    ("DC604", "any command of the editor's agent", setting("chat.tools.terminal.autoApprove", {"/.*/": True})),
    ("DC604", "a shell for the editor's agent", setting("chat.tools.terminal.autoApprove", {"ls": True, "bash": {"approve": True}})),
    ("DC604", "another agent's permissions", setting("claudeCode.initialPermissionMode", "bypassPermissions")),
    ("DC604", "another agent's list", setting("roo-cline.allowedCommands", ["git log", "*"])),
    ("DC604", "by the label alone", label(customizations=VSCODE)),
    ("DC604", "on top, as it was once written", file(settings={"task.allowAutomaticTasks": "on"})),
    ("DC607", "a program", setting("ruff.path", "${workspaceFolder}/bin/ruff")),
    ("DC607", "by the folder's name", file(workspaceFolder="/w", workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w", customizations={"vscode": {"settings": {"go.alternateTools.path": "/w/bin/go"}}})),
    ("DC607", "a terminal", setting("terminal.integrated.profiles.linux", {"x": {"path": "./sh"}})),
    ("DC608", "fetching", setting("git.autofetch", True)),
    ("DC608", "pushing", setting("git.postCommitCommand", "push")),
    ("DC609", "to the host", setting("remote.extensionKind", {"example.one": ["ui"]})),
    ("DC610", "a home in a volume", file(mounts=["type=volume,source=h,target=/home/dev"])),
    ("DC610", "a shell's file", file(mounts=["type=bind,source=${localWorkspaceFolder}/rc,target=/home/dev/.bashrc"])),
    ("DC611", "said", file(overrideCommand=False)),
    ("DC611", "by the label alone", label(overrideCommand=False)),
    ("DC612", "a server", file(customizations={"vscode": {"mcp": SERVERS}})),
    ("DC612", "a server among the settings", setting("mcp", SERVERS)),
    ("DC613", "an agent's keys", setting("remote.SSH.enableAgentForwarding", True)),
]  # fmt: skip
QUIET = [
    ("DC604", "trust as it is", setting("security.workspace.trust.enabled", True)),
    ("DC604", "a number is no switch", setting("chat.tools.autoApprove", 1)),
    (
        "DC604",
        "single commands",
        setting("chat.tools.terminal.autoApprove", {"ls": True, "/^git log/": True, "rm": False}),
    ),
    ("DC604", "another tool's", file(customizations={"jetbrains": {"settings": {"task.allowAutomaticTasks": "on"}}})),
    ("DC607", "a program of the image", setting("ruff.path", "/usr/bin/ruff")),
    ("DC607", "a path that is no program", setting("C_Cpp.default.includePath", ["${workspaceFolder}/**"])),
    ("DC607", "the folder itself", setting("go.gopath", "${workspaceFolder}/")),
    ("DC608", "off", setting("git.autofetch", False)),
    ("DC609", "in the container", setting("remote.extensionKind", {"example.one": ["workspace"]})),
    ("DC610", "nothing is probed", file(userEnvProbe="none", mounts=["type=volume,source=h,target=/home/dev"])),
    ("DC610", "another directory", file(mounts=["type=volume,source=h,target=/home/dev/.cache"])),
    ("DC611", "a loop in its place", file(overrideCommand=True)),
    ("DC611", "a service's own program", compose(overrideCommand=False)),
    ("DC612", "no server", file(customizations={"vscode": {"mcp": {}}})),
    ("DC613", "off", setting("remote.SSH.enableAgentForwarding", False)),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []
