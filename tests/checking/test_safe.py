"""What `--fix` does for each rule: the danger goes, everything else stays, and nothing that is asked for breaks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from paddock.checking import fixing, running
from paddock.checking import rule as rules
from paddock.devcontainer import jsonc
from tests.checking.scenes import (
    BASE,
    CATALOGUE,
    FILE,
    Scene,
    compose,
    feature,
    file,
    flags,
    hook,
    label,
    mount,
    read,
    setting,
)

SOCKET = "type=bind,source=/var/run/docker.sock,target=/x"
GONE: dict[str, Any] = {}
FIXED = [
    ("DC101", mount(SOCKET), {"mounts": []}),
    ("DC101", flags("--init", "-v", "/var/run/docker.sock:/x", "--rm"), {"runArgs": ["--init", "--rm"]}),
    ("DC103", file(mounts=["source=v,target=/v", "type=bind,source=${localEnv:HOME}/.ssh,target=/x"]), {"mounts": ["source=v,target=/v"]}),
    ("DC104", flags("-v${localEnv:HOME}/.gitconfig:/x"), {"runArgs": []}),
    ("DC105", file(remoteEnv={"A": "1", "SSH_AUTH_SOCK": "/x"}), {"remoteEnv": {"A": "1"}}),
    ("DC201", file(privileged=True), GONE),
    ("DC201", flags("--privileged", privileged=True), {"runArgs": []}),
    ("DC202", flags("--cap-add", "SYS_ADMIN", "--cap-add=CHOWN"), {"runArgs": ["--cap-add=CHOWN"]}),
    ("DC203", file(securityOpt=["seccomp=unconfined", "label=type:x"]), {"securityOpt": ["label=type:x"]}),
    ("DC204", flags("--security-opt=apparmor:unconfined"), {"runArgs": []}),
    ("DC205", flags("--pid", "host"), {"runArgs": []}),
    ("DC209", flags("--init"), {"runArgs": ["--init", "--cap-drop=ALL"]}),
    ("DC209", file(), {"runArgs": ["--cap-drop=ALL"]}),
    ("DC210", file(), {"securityOpt": ["no-new-privileges"]}),
    ("DC212", file(securityOpt=["no-new-privileges=false"]), {"securityOpt": []}),
    ("DC213", flags("--sysctl", "net.ipv4.ip_forward=1"), {"runArgs": []}),
    ("DC215", flags("--group-add=docker"), {"runArgs": []}),
    ("DC303", file(appPort=["8000:8000", 3000]), {"appPort": ["127.0.0.1:8000:8000", 3000]}),
    ("DC303", flags("-p", "8080:80"), {"runArgs": ["-p", "127.0.0.1:8080:80"]}),
    ("DC303", flags("--publish=8080:80"), {"runArgs": ["--publish=127.0.0.1:8080:80"]}),
    ("DC306", file(portsAttributes={"80": {"onAutoForward": "openBrowser"}}), {"portsAttributes": {"80": {"onAutoForward": "notify"}}}),
    ("DC307", file(portsAttributes={"80": {"visibility": "public"}}), {"portsAttributes": {"80": {}}}),
    ("DC310", setting("remote.localPortHost", "allInterfaces"), {"customizations": {"vscode": {"settings": {}}}}),
    ("DC408", setting("dotfiles.repository", "x/y"), {"customizations": {"vscode": {"settings": {}}}}),
    ("DC409", flags("--env-host"), {"runArgs": []}),
    ("DC604", setting("task.allowAutomaticTasks", "on"), {"customizations": {"vscode": {"settings": {}}}}),
    ("DC604", file(settings={"task.allowAutomaticTasks": "on", "a": 1}), {"settings": {"a": 1}}),
    ("DC604", setting("chat.tools.terminal.autoApprove", {"*": True, "ls": True}), {"customizations": {"vscode": {"settings": {"chat.tools.terminal.autoApprove": {"ls": True}}}}}),
    ("DC605", hook("git config --global safe.directory '*'"), {"postCreateCommand": 'git config --global safe.directory "${containerWorkspaceFolder}"'}),
    ("DC608", setting("git.autofetch", True), {"customizations": {"vscode": {"settings": {}}}}),
    ("DC609", setting("remote.extensionKind", {"a.b": ["ui"], "c.d": ["workspace"]}), {"customizations": {"vscode": {"settings": {"remote.extensionKind": {"c.d": ["workspace"]}}}}}),
    ("DC613", setting("remote.SSH.enableAgentForwarding", True), {"customizations": {"vscode": {"settings": {}}}}),
    ("DC801", mount({"type": "bind", "source": "${localWorkspaceFolder}/a", "target": "/a", "readonly": True}), {"mounts": ["type=bind,source=${localWorkspaceFolder}/a,target=/a,readonly"]}),
    ("DC904", flags("--cgroup-parent", "/x"), {"runArgs": []}),
    ("DC906", flags("--name=x", "--init"), {"runArgs": ["--init"]}),
]  # fmt: skip
LEFT = [
    ("DC101", "a label's", label(mounts=[SOCKET])),
    ("DC101", "a Feature's", feature(mounts=[SOCKET])),
    ("DC101", "a compose file's", compose("volumes: ['/var/run/docker.sock:/x']")),
    ("DC201", "a label's", label(privileged=True)),
    ("DC202", "beside another in one word", flags("--cap-add=SYS_ADMIN,CHOWN")),
    ("DC205", "another container's", flags("--pid=container:x")),
    ("DC801", "with a comma, which means something else in a text", mount({"type": "bind", "source": "/a,b", "target": "/a", "readonly": True})),
    ("DC303", "an address that was chosen", flags("-p", "0.0.0.0:80:80")),
]  # fmt: skip


def fixed(rule: str, scene: Scene) -> tuple[Any, list[Any]]:
    """The file after the fixes of one rule, and what that rule finds then."""
    wanted = tuple(one for one in CATALOGUE if one.id == rule)
    with tempfile.TemporaryDirectory() as top:
        result, context, files = read(scene, Path(top))
        found = running.run(wanted, rules.functions(), result, context)
        text = fixing.plan(found, files).texts.get(FILE, files[FILE].text)
    data = jsonc.parse(FILE, text).root.data()
    with tempfile.TemporaryDirectory() as top:
        result, context, _ = read(Scene(text, scene.label, scene.files, scene.around), Path(top))
        return data, [one for one in running.run(wanted, rules.functions(), result, context) if one.edits]


@pytest.mark.parametrize(("rule", "scene", "after"), FIXED, ids=lambda value: value if isinstance(value, str) else "")
def test_the_danger_goes_and_the_rest_stays(rule: str, scene: Scene, after: dict[str, Any]) -> None:
    data, again = fixed(rule, scene)
    assert data == {**BASE, **after}
    assert again == []


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in LEFT])
def test_what_is_not_ours_alone_is_left(rule: str, scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as top:
        result, context, _ = read(scene, Path(top))
        found = running.run(tuple(one for one in CATALOGUE if one.id == rule), rules.functions(), result, context)
    assert found
    assert [one.edits for one in found] == [()] * len(found)


def test_the_catalogue_says_which_rules_have_fixes() -> None:
    assert {row[0] for row in FIXED} == {one.id for one in CATALOGUE if one.safe_fix}
