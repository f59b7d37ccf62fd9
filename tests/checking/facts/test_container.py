"""What the container is given, whoever says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.checking.facts import container
from tests.checking.scenes import Scene, compose, file, flags, label, read


def test_properties_flags_and_labels_are_one_list(tmp_path: Path) -> None:
    scene = Scene({"capAdd": ["cap_chown"], "runArgs": ["--cap-add=net_raw,SYS_TIME"]}, [{"capAdd": ["KILL"]}])
    found = container.added_capabilities(read(scene, tmp_path)[0])
    assert [(one.value, one.origin.layer) for one in found] == [
        ("KILL", "label"), ("CHOWN", "file"), ("NET_RAW", "file"), ("SYS_TIME", "file"),
    ]  # fmt: skip


def test_a_service_s_settings_are_flags_too(tmp_path: Path) -> None:
    result, _, _ = read(compose("pid: host", "cap_drop: [ALL]", runArgs=["--ipc=host"]), tmp_path)
    assert [(one.name, one.value) for one in container.namespaces(result)] == [("pid", "host")]
    assert [one.value for one in container.dropped_capabilities(result)] == ["ALL"]


@pytest.mark.parametrize(
    ("scene", "known"),
    [
        (file(), True),
        (compose(), True),
        (file(image=None, dockerComposeFile="none.yaml", service="app", workspaceFolder="/w"), False),
        (compose(service="another"), False),
    ],
)
def test_a_service_that_is_not_there_may_be_given_anything(scene: Scene, known: bool, tmp_path: Path) -> None:
    assert container.is_known(read(scene, tmp_path)[0]) is known


@pytest.mark.parametrize(
    ("scene", "holds"),
    [
        (file(), False),
        (file(securityOpt=["no-new-privileges"]), True),
        (flags("--security-opt=no-new-privileges:true"), True),
        (flags("--security-opt=no-new-privileges", securityOpt=["no-new-privileges=false"]), False),
        (label(securityOpt=["no-new-privileges=true"]), True),
    ],
)
def test_the_last_word_on_privileges_counts(scene: Scene, holds: bool, tmp_path: Path) -> None:
    assert container.no_new_privileges(read(scene, tmp_path)[0]) is holds


def test_a_variable_without_a_value_is_the_host_s(tmp_path: Path) -> None:
    result, _, _ = read(flags("-e", "A", "--env=B=1", containerEnv={"C": "2"}, remoteEnv={"D": None}), tmp_path)
    assert {one.name: one.raw for one in container.variables(result)} == {
        "A": "${localEnv:A}",
        "B": "1",
        "C": "2",
        "D": "",
    }


def test_of_a_flag_the_last_counts(tmp_path: Path) -> None:
    result, _, _ = read(flags("--read-only", "--read-only=false", "--name=a", "--name", "b"), tmp_path)
    assert not container.is_set(result, "--read-only")
    last = container.last_flag(result, "--name")
    assert last
    assert last.value == "b"
    assert container.last_flag(result, "--pid") is None
