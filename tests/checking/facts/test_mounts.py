"""All mounts, and where they come from on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.checking.facts import mounts
from tests.checking.scenes import Scene, compose, file, flags, read

WHERE = "type=bind,source=${localWorkspaceFolder}/a,target=/a"


def test_mounts_of_all_forms_are_one_list(tmp_path: Path) -> None:
    scene = Scene(
        {"mounts": [WHERE, {"type": "bind", "source": "/b", "target": "/b"}], "runArgs": ["-v", "/c:/c:ro", "--mount", "type=tmpfs,dst=/d", "--tmpfs=/e"]},
        [{"mounts": ["type=volume,source=f,target=/f"]}],
    )  # fmt: skip
    found = mounts.every(read(scene, tmp_path)[0])
    assert sorted((one.target, one.kind) for one in found) == [
        ("/a", "bind"), ("/b", "bind"), ("/c", "bind"), ("/d", "tmpfs"), ("/e", "tmpfs"), ("/f", "volume"),
    ]  # fmt: skip


def test_a_source_is_shown_with_its_variables_and_not_with_this_person_s_values(tmp_path: Path) -> None:
    result, _, _ = read(file(mounts=["type=bind,source=${localEnv:HOME}/.ssh,target=/s"]), tmp_path)
    (found,) = mounts.binds(result)
    assert found.source == "${localEnv:HOME}/.ssh"
    assert (found.path.base, found.path.parts) == ("home", (".ssh",))
    assert found.writable


@pytest.mark.parametrize(
    ("scene", "target"),
    [
        (file(workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w", workspaceFolder="/w"), "/w"),
        (file(workspaceMount="", workspaceFolder="/w"), None),
        (flags("-v", "${localWorkspaceFolder}:/v", workspaceMount="", workspaceFolder="/v"), "/v"),
        (compose("volumes: ['..:/w']"), "/w"),
        (compose("volumes: ['../a:/w']"), None),
    ],
)
def test_the_workspace_is_found_whoever_mounts_it(scene: Scene, target: str | None, tmp_path: Path) -> None:
    found = mounts.workspace(read(scene, tmp_path)[0])
    assert (found.target if found else None) == target


def test_the_workspace_is_no_bind_among_the_others(tmp_path: Path) -> None:
    result, _, _ = read(flags("-v", "${localWorkspaceFolder}:/v", "-v", "vol:/x"), tmp_path)
    assert list(mounts.binds(result)) == []
    assert [one.source for one in mounts.volumes(result)] == ["vol"]


def test_a_volume_of_a_directory_is_a_bind_in_disguise(tmp_path: Path) -> None:
    text = "type=volume,source=v,target=/x,volume-opt=o=bind,volume-opt=device=/etc"
    (found,) = mounts.binds(read(file(mounts=[text]), tmp_path)[0])
    assert (found.source, found.disguised) == ("/etc", True)
