"""The repository in the container, and what is out of reach in it."""

from __future__ import annotations

import shutil

import pytest

from paddock.hardening import workspace
from tests.hardening.scenes import PROTECTED, harden, hardened, repository

GIT = f"--volume=${{localWorkspaceFolder}}/.git:{PROTECTED}/.git:O"


def test_the_opened_folder_is_mounted_and_git_is_a_copy(tmp_path):
    found = harden(tmp_path, {})
    assert found.data["workspaceMount"] == f"type=bind,source={workspace.FOLDER},target={PROTECTED}"
    assert found.data["workspaceFolder"] == PROTECTED
    assert GIT in found.data["runArgs"]
    assert found.data["mounts"] == [
        f"type=bind,source={workspace.FOLDER}/.devcontainer,target={PROTECTED}/.devcontainer,readonly"
    ]


@pytest.mark.parametrize("more", [{"engine": "docker"}, {"config_": {"runArgs": ["--runtime=runsc"]}}])
def test_git_is_read_only_where_nobody_knows_the_copy(tmp_path, more):
    found = harden(tmp_path, more.pop("config_", {}), **more)
    assert f"type=bind,source={workspace.FOLDER}/.git,target={PROTECTED}/.git,readonly" in found.data["mounts"]
    assert not any(":O" in one for one in found.data["runArgs"])


def test_the_file_of_a_worktree_is_read_only(tmp_path):
    folder = repository(tmp_path, {})
    shutil.rmtree(folder / ".git")
    (folder / ".git").write_text("gitdir: ../other/.git/worktrees/app\n")
    found = hardened(folder)
    assert any("/.git," in one and one.endswith("readonly") for one in found.data["mounts"])


def test_of_a_folder_below_the_repository_only_it_is_mounted_and_no_git_can_be_made_in_it(tmp_path):
    (tmp_path / ".git").mkdir()
    found = harden(tmp_path, {}, {})
    shutil.rmtree(tmp_path / "app/.git")
    found = hardened(tmp_path / "app")
    assert found.data["workspaceMount"] == f"type=bind,source={workspace.FOLDER},target={PROTECTED}"
    assert f"type=tmpfs,target={PROTECTED}/.git,tmpfs-mode=0555,tmpfs-size=4096" in found.data["mounts"]
    assert "DC404" in found.rules
    kept = harden(tmp_path, {}, keeps=("DC404=all of it is built",))
    assert kept.data["workspaceMount"].startswith("type=bind,source=${localWorkspaceFolder},")


@pytest.mark.parametrize("git_is_above", [False, True])
def test_a_mount_of_what_lies_above_is_narrowed_to_where_the_folder_was(tmp_path, git_is_above: bool):
    config = {
        "workspaceMount": "type=bind,source=${localWorkspaceFolder}/..,target=/w",
        "workspaceFolder": "/w/${localWorkspaceFolderBasename}",
    }
    folder = repository(tmp_path, config)
    if git_is_above:
        (folder / ".git").rename(tmp_path / ".git")
    found = hardened(folder)
    assert found.data["workspaceMount"] == (
        f"type=bind,source={workspace.FOLDER},target=/w/${{localWorkspaceFolderBasename}}"
    )
    assert found.data["workspaceFolder"] == "/w/${localWorkspaceFolderBasename}"


def test_another_spelling_of_the_opened_folder_is_the_opened_folder(tmp_path):
    (tmp_path / ".git").mkdir()
    folder = repository(
        tmp_path, {"workspaceMount": f"type=bind,source={workspace.FOLDER}/,target=/w", "workspaceFolder": "/w"}
    )
    shutil.rmtree(folder / ".git")
    found = hardened(folder).data
    assert "type=tmpfs,target=/w/.git,tmpfs-mode=0555,tmpfs-size=4096" in found["mounts"]
    assert f"type=bind,source={workspace.FOLDER}/.devcontainer,target=/w/.devcontainer,readonly" in found["mounts"]


def test_a_mount_of_ones_own_stays_without_carrying_mounts_back(tmp_path):
    config = {
        "workspaceMount": f"type=bind,source={workspace.FOLDER},target=/w,bind-propagation=rshared",
        "workspaceFolder": "/w",
    }
    found = harden(tmp_path, config).data
    assert found["workspaceMount"] == f"type=bind,source={workspace.FOLDER},target=/w"
    assert f"--volume={workspace.FOLDER}/.git:/w/.git:O" in found["runArgs"]


@pytest.mark.parametrize("mount", ["type=volume,source=code,target=/w", "type=tmpfs,target=/w"])
def test_a_workspace_that_is_not_the_hosts_needs_no_protection(tmp_path, mount: str):
    found = harden(tmp_path, {"workspaceMount": mount, "workspaceFolder": "/w"})
    assert found.data["workspaceMount"] == mount
    assert "mounts" not in found.data
    assert not any(one.startswith("--volume") for one in found.data["runArgs"])


def test_a_workspace_among_the_mounts_is_protected_too(tmp_path):
    config = {
        "workspaceMount": "",
        "workspaceFolder": "/w",
        "mounts": [f"type=bind,source={workspace.FOLDER},target=/w"],
    }
    found = harden(tmp_path, config).data
    assert found["mounts"][0] == config["mounts"][0]
    assert f"--volume={workspace.FOLDER}/.git:/w/.git:O" in found["runArgs"]


def test_a_configuration_in_the_folder_itself_is_read_only_as_well(tmp_path):
    found = harden(tmp_path, {}, file=".devcontainer.json").data
    assert [one.partition("target=")[2] for one in found["mounts"]] == [
        f"{PROTECTED}/.devcontainer,readonly",
        f"{PROTECTED}/.devcontainer.json,readonly",
    ]
