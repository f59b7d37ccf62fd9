"""What is taken out of a file, and what becomes another value."""

from __future__ import annotations

import pytest

from tests.hardening.scenes import again, ask, harden


@pytest.mark.parametrize(
    ("config", "key", "rule"),
    [
        ({"privileged": True}, "privileged", "DC201"),
        ({"initializeCommand": "make keys"}, "initializeCommand", "DC401"),
        ({"shutdownAction": "none"}, "shutdownAction", "DC902"),
        ({"hostRequirements": {"gpu": True}}, "hostRequirements", "DC206"),
        ({"containerEnv": {"API_TOKEN": "abcdef123456"}}, "containerEnv", "DC701"),
        ({"remoteEnv": {"GITHUB_TOKEN": "${localEnv:GITHUB_TOKEN}"}}, "remoteEnv", "DC702"),
        ({"containerEnv": {"DOCKER_HOST": "tcp://192.0.2.1:2375"}}, "containerEnv", "DC101"),
        ({"remoteEnv": {"SSH_AUTH_SOCK": "${localEnv:SSH_AUTH_SOCK}"}}, "remoteEnv", "DC105"),
        ({"containerEnv": {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}}, "containerEnv", "DC311"),
        ({"portsAttributes": {"80": {"visibility": "public"}}}, "portsAttributes", "DC307"),
        ({"customizations": {"vscode": {"settings": {"task.allowAutomaticTasks": "on"}}}}, "customizations", "DC604"),
        ({"customizations": {"vscode": {"extensions": ["example.own"]}}}, "customizations", "DC508"),
        ({"customizations": {"vscode": {"mcp": {"servers": {"x": {"command": "x"}}}}}}, "customizations", "DC612"),
    ],
)
def test_what_a_rule_finds_goes_with_all_that_is_left_empty(tmp_path, config, key: str, rule: str):
    found = harden(tmp_path, config)
    assert key not in found.data
    assert rule in found.rules
    assert f"// {rule} " in found.text
    assert "abcdef" not in found.text
    assert key in harden(tmp_path, config, keeps=(f"{rule}=the team wants it",)).data


def test_what_is_not_found_stays(tmp_path):
    config: dict[str, object] = {
        "containerEnv": {"A": "b", "API_TOKEN": "abcdef123456"},
        "customizations": {
            "vscode": {"extensions": ["example.own@1.2.3", "-example.other", "example.new"], "settings": {"a.b": 1}},
            "paddock": {"limits": {"memory": "2GiB"}},
        },
        "forwardPorts": [3000],
        "secrets": {"KEY": {"description": "for the tests"}},
        "postCreateCommand": "make",
    }
    found = harden(tmp_path, config).data
    assert found["containerEnv"] == {"A": "b"}
    assert found["customizations"]["vscode"] == {
        "extensions": ["example.own@1.2.3", "-example.other"], "settings": {"a.b": 1},
    }  # fmt: skip
    same = ("forwardPorts", "secrets", "postCreateCommand")
    assert {key: found[key] for key in same} == {key: config[key] for key in same}
    assert found["customizations"]["paddock"] == {"limits": {"memory": "2GiB"}}


def test_ports_are_local_and_editors_ask_first(tmp_path):
    config = {"appPort": [3000, "8000:80"], "portsAttributes": {"80": {"onAutoForward": "openBrowser"}}}
    found = harden(tmp_path, config)
    assert found.data["appPort"] == [3000, "127.0.0.1:8000:80"]
    assert found.data["portsAttributes"] == {"80": {"onAutoForward": "notify"}}
    assert {"DC303", "DC306"} <= found.rules


def test_flags_of_the_build_go_word_by_word(tmp_path):
    build = {
        "dockerfile": "Dockerfile",
        "options": ["--volume", "/:/host", "--pull", "--network=host"],
        "args": {"NPM_TOKEN": "abcdef123456", "A": "b"},
    }
    files = {".devcontainer/Dockerfile": "FROM registry.example.test/a:1\n"}
    found = harden(tmp_path, {"image": None, "build": build}, files)
    assert found.data["build"]["options"] == ["--pull"]
    assert found.data["build"]["args"] == {"A": "b"}
    assert {"DC403", "DC703"} <= found.rules


def test_variables_of_the_image_are_unset_by_the_file(tmp_path):
    image = ask([{"containerEnv": {"DOCKER_HOST": "unix:///s"}, "remoteEnv": {"SSH_AUTH_SOCK": "/s"}}])
    found = harden(tmp_path, {"containerEnv": {"A": "b"}}, image=image)
    assert found.data["containerEnv"] == {"A": "b", "DOCKER_HOST": ""}
    assert found.data["remoteEnv"] == {"SSH_AUTH_SOCK": None}
    assert again(found, image).text == found.text


def test_a_feature_is_left_out_when_the_person_says_so(tmp_path):
    config: dict[str, object] = {"features": {"registry.example.test/devcontainers/features/docker-in-docker:2": {}}}
    found = harden(tmp_path, config, without=("docker-in-docker",))
    assert "features" not in found.data
    assert "is left out, as --without says" in found.text
