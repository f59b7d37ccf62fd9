"""What is known of published Features."""

from __future__ import annotations

import json
import re

import pytest

from paddock.devcontainer import known_features, references

HOST = "registry.example.test"
NEVER_IN_A_FEATURE = {"initializeCommand", "runArgs", "image", "build", "features"}


def known(tail: str, version: str = "") -> known_features.Known | None:
    return known_features.look_up(references.parse(f"{HOST}/devcontainers/features/{tail}"), version)


def metadata(tail: str, version: str = "") -> dict[str, object]:
    found = known(tail, version)
    assert found
    said = json.loads(found.metadata)
    assert isinstance(said, dict)
    return said


def test_the_table_is_whole_and_names_no_host():
    rows = known_features.table()
    assert len(rows) >= 25
    for row in rows.values():
        assert re.fullmatch(r"devcontainers/features/[a-z-]+", row.id)
        assert all("." not in one.partition("/")[0] for one in row.installs_after)
        assert not row.since or row.since[0][0] == (0, 0, 0)
        for _, text in row.since:
            assert not NEVER_IN_A_FEATURE & set(json.loads(text))


@pytest.mark.parametrize(
    "tail", ["docker-in-docker", "docker-in-docker:1", "docker-in-docker:2.12.4", "docker-in-docker:4"]
)
def test_docker_in_docker_is_privileged_in_every_version(tail):
    assert metadata(tail)["privileged"] is True


def test_a_version_is_the_newest_that_its_tag_allows():
    assert "containerd" in str(metadata("docker-in-docker")["mounts"])
    assert "containerd" not in str(metadata("docker-in-docker:2")["mounts"])
    assert "devcontainerId" not in str(metadata("docker-in-docker:1.9")["mounts"])
    assert "securityOpt" not in metadata("docker-outside-of-docker:1.5")
    assert metadata("docker-outside-of-docker:1")["securityOpt"] == ["label=disable"]
    assert "postStartCommand" not in metadata("copilot-cli:1.1.1")


def test_a_lock_file_says_more_than_a_tag():
    assert "containerd" not in str(metadata("docker-in-docker:latest", "2.1.0")["mounts"])
    digest = f"docker-in-docker@sha256:{'0' * 64}"
    assert "containerd" in str(metadata(digest)["mounts"])
    assert "containerd" not in str(metadata(digest, "2.1.0")["mounts"])


@pytest.mark.parametrize(
    ("tail", "newer"),
    [("go", False), ("go:1", False), ("go:1.0.0", False), ("go:2", True), ("go:1.99", True), ("go:99.0.0", True)],
)
def test_what_is_newer_than_the_table_is_said(tail, newer):
    found = known(tail)
    assert found
    assert found.newer is newer


def test_effects_that_the_metadata_does_not_say_depend_on_options_and_versions():
    found = known("common-utils:2")
    assert found
    (sudo,) = found.effects
    assert sudo.name == "sudo"
    assert sudo.takes_place({})
    assert sudo.takes_place({"username": "vscode"})
    assert not sudo.takes_place({"username": "none"})
    pulls = known("git-lfs")
    assert pulls
    assert not pulls.effects[0].takes_place({"autoPull": False})
    assert pulls.effects[0].takes_place({"autoPull": True})
    assert known("git-lfs:1.0") is not None
    assert [one.name for one in (known("git-lfs:1.0") or pulls).effects] == []
    assert not any(one.takes_place({"password": "x"}) for one in (known("desktop-lite") or pulls).effects[1:])


def test_other_features_are_unknown_and_the_old_names_are_known():
    assert known("nobody-knows") is None
    assert known_features.look_up(references.parse(f"{HOST}/other/features/go:1")) is None
    assert known_features.look_up(references.parse("./devcontainers/features/go")) is None
    moved = known_features.look_up(references.parse("docker-from-docker"))
    assert moved
    assert "docker.sock" in moved.metadata
