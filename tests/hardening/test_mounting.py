"""Mounts: what goes, what becomes read-only, what each container has alone."""

from __future__ import annotations

import pytest

from paddock.devcontainer.merging import DEFAULT
from paddock.devcontainer.mounts import of_text
from paddock.hardening.mounting import field, text_of
from tests.hardening.scenes import again, ask, harden

SSH = "source=${localEnv:HOME}/.ssh,target=/keys,type=bind"


def mounts(top, written, **more):
    found = harden(top, {"mounts": written}, **more)
    return [one for one in found.data["mounts"] if ".devcontainer" not in one], found


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("/var/run/docker.sock", "DC101"),
        ("${localEnv:HOME}", "DC102"),
        ("${localEnv:HOME}/.aws", "DC103"),
        ("${localEnv:HOME}/.gitconfig", "DC104"),
        ("${localEnv:SSH_AUTH_SOCK}", "DC105"),
        ("/tmp/.X11-unix", "DC106"),
        ("/proc", "DC110"),
        ("${localEnv:HOME}/.bash_history", "DC113"),
        ("${localEnv:HOME}/.bashrc", "DC114"),
        ("/tmp", "DC115"),
    ],
)
def test_what_must_not_be_there_is_gone_and_said(tmp_path, source: str, rule: str):
    found, result = mounts(tmp_path, [f"type=bind,source={source},target=/x"])
    assert found == []
    assert rule in result.rules
    assert f"// {rule} " in result.text


def test_an_object_becomes_a_text_whose_readonly_takes_effect(tmp_path):
    written = {"type": "bind", "source": "/srv/data", "target": "/data", "readonly": True}
    found, result = mounts(tmp_path, [written, "type=bind,src=/srv/b,dst=/b,bind-propagation=rslave"])
    assert found == [
        "type=bind,source=/srv/data,target=/data,readonly",
        "type=bind,source=/srv/b,target=/b,bind-propagation=rslave,readonly",
    ]
    assert {"DC801", "DC107"} <= result.rules


def test_what_is_read_only_or_no_file_of_the_host_stays_as_it_is_written(tmp_path):
    written = ["type=bind,src=/srv/a,dst=/a,ro", {"type": "volume", "source": "v-${devcontainerId}", "target": "/v"}]
    assert mounts(tmp_path, written)[0] == written


def test_a_shared_volume_becomes_one_for_each_container(tmp_path):
    found, result = mounts(tmp_path, ["type=volume,source=cache,target=/c"])
    assert found == ["type=volume,source=cache-${devcontainerId},target=/c"]
    assert "DC109" in result.rules


def test_of_two_mounts_on_one_target_the_hidden_one_does_not_come_to_life(tmp_path):
    assert mounts(tmp_path, ["type=volume,source=a-${devcontainerId},target=/keys", SSH])[0] == []


def test_what_an_image_brings_is_hidden_by_another_mount(tmp_path):
    label = [{"mounts": [SSH, "type=bind,source=/srv,target=/srv"]}]
    found, result = mounts(tmp_path, [], image=ask(label))
    assert found == ["type=tmpfs,target=/keys", "type=bind,source=/srv,target=/srv,readonly"]
    same = again(result, image=ask(label))
    assert same.text == result.text
    assert not {"DC103", "DC102"} & {one.rule for one in same.case.findings}


def test_what_is_kept_stays_also_for_milder_rules(tmp_path):
    found, result = mounts(tmp_path, [SSH], keeps=("DC103=the deploy key",))
    assert found == [SSH]
    assert "// paddock: ignore DC103 because the deploy key" in result.text


def test_a_comma_in_a_path_is_quoted():
    mount = of_text('type=bind,"source=/a,b",target=/c', DEFAULT)
    assert text_of(mount) == 'type=bind,"source=/a,b",target=/c'
    assert field("source", 'a"b') == '"source=a""b"'
