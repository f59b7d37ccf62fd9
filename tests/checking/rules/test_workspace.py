"""The repository itself, as the container sees it."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, feature, file, flags, hook, label, of

MOUNT = "type=bind,source=${localWorkspaceFolder},target=/w"
READ_ONLY = {
    "workspaceMount": MOUNT,
    "workspaceFolder": "/w",
    "mounts": [
        "type=bind,source=${localWorkspaceFolder}/.git,target=/w/.git,readonly",
        "type=bind,source=${localWorkspaceFolder}/.devcontainer,target=/w/.devcontainer,readonly",
    ],
}
FOUND = [
    ("DC601", "the default", file()),
    ("DC601", "said", file(workspaceMount=MOUNT, workspaceFolder="/w")),
    ("DC601", "a service's volume", compose("volumes: ['..:/w']")),
    ("DC601", "parts of it protected", file(workspaceMount=MOUNT, workspaceFolder="/w", mounts=["type=bind,source=${localWorkspaceFolder}/.git/hooks,target=/w/.git/hooks,readonly"])),
    ("DC601", "readonly of the object form", file(workspaceMount=MOUNT, workspaceFolder="/w", mounts=[{"type": "bind", "source": "${localWorkspaceFolder}/.git", "target": "/w/.git", "readonly": True}])),
    ("DC509", "the default", file()),
    ("DC509", "with a local Feature", feature()),
    ("DC605", "everything", hook("git config --global --add safe.directory '*'")),
    ("DC605", "by the label alone", label(postStartCommand="git config --system safe.directory '*'")),
    ("DC606", "an agent", hook("claude --dangerously-skip-permissions -p 'go on'", "postStartCommand")),
    ("DC606", "an alias", hook("echo \"alias c='claude --dangerously-skip-permissions'\" >> ~/.bashrc")),
]  # fmt: skip
QUIET = [
    (
        "DC509",
        "protected in a folder of the repository",
        replace(
            file(
                mounts=[
                    "type=bind,source=${localWorkspaceFolder}/.devcontainer,target=/workspaces/repo/sub/.devcontainer,readonly"
                ]
            ),
            below="sub",
        ),
    ),
    ("DC601", "read-only", file(workspaceMount=f"{MOUNT},readonly", workspaceFolder="/w")),
    ("DC601", "protected as a whole", file(**READ_ONLY)),
    (
        "DC601",
        "an overlay of podman",
        flags("-v", "${localWorkspaceFolder}:/w:O", workspaceMount="", workspaceFolder="/w"),
    ),
    ("DC601", "nothing is mounted", file(workspaceMount="", workspaceFolder="/w")),
    ("DC601", "a volume", file(workspaceMount="type=volume,source=v,target=/w", workspaceFolder="/w")),
    ("DC601", "a service without it", compose()),
    ("DC509", "protected as a whole", file(**READ_ONLY)),
    ("DC605", "one path", hook("git config --global --add safe.directory /workspaces/x")),
    ("DC606", "an agent that asks", hook("claude -p 'go on'")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_a_local_feature_is_named_as_root_of_the_next_build() -> None:
    (found,) = of("DC509", feature())
    assert "./extra is root in the next build" in found.message


@pytest.mark.parametrize(
    ("command", "fixed"),
    [
        ("git config --global --add safe.directory '*'", True),
        ('make && git config --global --add safe.directory "*"; make', True),
        ("git config --global safe.directory \\*", True),
        ("git config --global safe.directory '*' && git config --system safe.directory '*'", False),
        (["git", "config", "--global", "safe.directory", "*"], False),
    ],
)
def test_the_workspace_is_named_in_place_of_every_directory(command: Any, fixed: bool) -> None:
    for scene, possible in ((hook(command), fixed), (replace(hook(command), below="part"), False)):
        edits = [edit for one in of("DC605", scene) for edit in one.edits]
        assert bool(edits) == possible
        for edit in edits:
            assert edit.path == ("postCreateCommand",)
            assert str(edit.value).count('safe.directory "${containerWorkspaceFolder}"') == 1
            assert "*" not in str(edit.value)
