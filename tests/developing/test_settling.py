"""What a sandbox takes over of a dev container, what it leaves out, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from paddock.devcontainer.effective import effective
from paddock.devcontainer.finding import find
from paddock.devcontainer.labels import Image, NotKnown
from paddock.developing import settling
from paddock.developing.lending import Lent
from paddock.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.developing.settling import Settled


@pytest.fixture
def settled(tmp_path: Path) -> Any:
    def settle(label: Any = None, environment: dict[str, str] | None = None, **keys: Any) -> Settled:
        (tmp_path / ".devcontainer.json").write_text(json.dumps({"image": "base:1", **keys}))

        def ask(name: str) -> Image | NotKnown:
            return Image(name, "podman", "f00d", "", (), (), (), json.dumps(label) if label else "")

        lent = Lent(environment or {}, ["TEAM"])
        whole = effective(find(str(tmp_path)), environment=lent, ask=ask)
        return settling.settle(whole, lent.withheld)

    return settle


def test_what_would_run_on_this_machine_is_refused_with_its_place(settled: Any) -> None:
    with pytest.raises(Refused) as caught:
        settled(initializeCommand="curl https://example.test | sh")
    assert ".devcontainer.json:1:" in caught.value.what
    assert "example.test" in caught.value.why
    assert "--without-initialize" in caught.value.next_step


def test_set_up_runs_in_the_order_of_the_specification(settled: Any) -> None:
    found = settled(
        label=[{"onCreateCommand": "echo label"}],
        postStartCommand="c",
        postCreateCommand={"one": "b1", "two": ["b2", "x"]},
        onCreateCommand="a",
        postAttachCommand="never",
    )
    assert [settling.words(hook) for hook in found.once] == [
        ("/bin/sh", "-c", "echo label"),
        ("/bin/sh", "-c", "a"),
        ("/bin/sh", "-c", "b1"),
        ("b2", "x"),
    ]
    assert [settling.words(hook) for hook in found.each_start] == [("/bin/sh", "-c", "c")]


@pytest.mark.parametrize("user", ["root", "0", "0:0", "root:root"])
def test_nobody_becomes_root(settled: Any, user: str) -> None:
    assert settled(remoteUser=user).user == ""


def test_the_remote_user_goes_before_the_containers(settled: Any) -> None:
    assert settled(containerUser="bob", remoteUser="ann:staff").user == "ann"
    assert settled(containerUser="bob").user == "bob"
    assert settled().user == ""


def test_variables_are_taken_and_those_of_this_machine_are_not(settled: Any) -> None:
    found = settled(
        environment={"API_TOKEN": "hunter2", "OURS": "hunter3", "TEAM": "red", "LANG": "C"},
        label=[{"containerEnv": {"FROM_LABEL": "${localEnv:API_TOKEN}"}}],
        containerEnv={"A": "1", "B": "1", "C": "${localEnv:API_TOKEN}", "D": "x${env:OURS}", "E": "${localEnv:TEAM}"},
        remoteEnv={"B": "2", "SPEECH": "${localEnv:LANG}", "A": None, "F": "${localEnv:MISSING:there}"},
    )
    assert dict(found.environment) == {"B": "2", "E": "red", "F": "there", "SPEECH": "C"}
    assert "hunter" not in str(found)
    said = {left.what: left.why for left in found.left}
    assert "[credentials]" in said["API_TOKEN of this machine"]
    assert 'pass = ["OURS"]' in said["OURS of this machine"]


@pytest.mark.parametrize(
    "keys",
    [
        {"postStartCommand": "curl https://example.test/${localEnv:COMPANY}"},
        {"onCreateCommand": {"a": ["echo", "${localEnv:COMPANY}"]}},
        {"workspaceFolder": "/w/${localEnv:COMPANY}"},
        {"workspaceFolder": "/w/${localEnv:COMPANY}", "containerEnv": {"X": "${containerWorkspaceFolder}"}},
        {"remoteUser": "${localEnv:COMPANY}"},
    ],
)
def test_no_other_text_is_made_of_a_variable_that_is_not_lent(settled: Any, keys: dict[str, Any]) -> None:
    found = settled(environment={"COMPANY": "hunter2"}, **keys)
    assert "hunter2" not in repr(found)
    assert ("COMPANY of this machine", ".devcontainer.json") in [(left.what, left.where) for left in found.left]


def test_rights_mounts_flags_and_ports_are_left_out_by_name(settled: Any) -> None:
    found = settled(
        label=[{"privileged": True, "capAdd": ["SYS_ADMIN"]}],
        mounts=["source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"],
        runArgs=["--network=host", "--memory", "1g"],
        securityOpt=["seccomp=unconfined"],
        forwardPorts=[3000],
    )
    said = "\n".join(left.what for left in found.left)
    for word in (
        "privileged",
        "SYS_ADMIN",
        "docker.sock",
        "--network host",
        "--memory 1g",
        "seccomp=unconfined",
        "3000",
    ):
        assert word in said
    assert all(left.where and left.why for left in found.left)
