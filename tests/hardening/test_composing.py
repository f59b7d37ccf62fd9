"""The second compose file."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.errors import Refused
from paddock.hardening import writing
from tests.hardening.scenes import again, ask, harden, hardened

CONFIG = {"image": None, "dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/w"}
PROJECT = """services:
  app:
    image: registry.example.test/a:1
    privileged: true
    cap_add: [SYS_ADMIN]
    security_opt: ["seccomp:unconfined", "mask=/proc/x"]
    network_mode: host
    pid: host
    devices: ["/dev/kvm"]
    ports: ["80:8080", "127.0.0.1:1:1"]
    environment: {DOCKER_HOST: "unix:///s", A: b}
    volumes: ["..:/w", "/var/run/docker.sock:/s", "data:/d", "/srv:/srv"]
    depends_on: [db]
  db:
    image: registry.example.test/b:1
    volumes: ["${HOME}/.ssh:/k"]
    networks: [back]
volumes: {data: {}}
networks: {back: {}}
"""
FILES = {".devcontainer/compose.yml": PROJECT}
MILD = {".devcontainer/compose.yml": "services:\n  app:\n    image: a:1\n    volumes: ['..:/w', '/srv:/srv']\n"}


def compose(top, config=CONFIG, files=None, **asked):
    found = harden(top, config, files or FILES, **asked)
    lines = [line.strip() for line in found.compose.splitlines() if not line.strip().startswith("#")]
    return found, lines


def test_the_named_service_loses_what_is_dangerous_and_gets_what_is_missing(tmp_path):
    found, lines = compose(tmp_path)
    own = lines[lines.index('"app":') + 1 : lines.index('"db":')]
    assert own == [
        "privileged: false",
        "cap_add: !reset []",
        'cap_drop: ["ALL"]',
        'security_opt: !override ["mask=/proc/x", "no-new-privileges:true"]',
        "network_mode: !reset null",
        "pid: !reset null",
        "devices: !reset []",
        'volumes: !override ["..:/w", "data:/d", "/srv:/srv:ro", "../.git:/w/.git:ro", ".:/w/.devcontainer:ro"]',
        'ports: !override ["127.0.0.1:80:8080", "127.0.0.1:1:1"]',
        'environment: {"DOCKER_HOST": ""}',
        'mem_limit: "4g"',
        'pids_limit: "512"',
        'cpus: "2"',
        'userns_mode: "keep-id"',
    ]
    assert "x-podman: {in_pod: false}" in lines
    assert {"DC201", "DC202", "DC203", "DC205", "DC206", "DC101", "DC103", "DC303", "DC601"} <= found.rules


def test_only_podman_maps_the_person_to_the_user_inside(tmp_path):
    _, lines = compose(tmp_path, image=ask(user="root"))
    assert 'userns_mode: "keep-id:uid=1000,gid=1000"' in lines
    for asked in ({"engine": "docker"}, {"keeps": ("DC207=so",)}):
        assert not any("userns" in line or "podman" in line for line in compose(tmp_path, **asked)[1])


def test_services_beside_it_lose_what_is_dangerous_and_names_lead_to_each_other_only(tmp_path):
    _, lines = compose(tmp_path)
    own = lines[lines.index('"db":') + 1 : lines.index("networks:")]
    assert own == ['security_opt: ["no-new-privileges:true"]', "volumes: !override []"]
    assert lines[-2:] == ['"back": {internal: true}', '"default": {internal: true}']


def test_the_files_are_named_in_order_and_the_project_is_another_one(tmp_path):
    found, lines = compose(tmp_path)
    assert found.data["dockerComposeFile"] == ["../compose.yml", "./compose.yaml"]
    assert 'name: "app-paddock"' in lines


def test_compose_reads_it_as_it_was_meant(tmp_path):
    found, _ = compose(tmp_path)
    same = again(found)
    service: Any = same.case.effective.compose
    assert not {one.rule for one in same.case.findings if one.severity in ("critical", "high")} & found.rules
    assert [(one.source.rpartition("/")[2], one.target, one.read_only) for one in service.mounts] == [
        ("app", "/w", False),
        ("data", "/d", False),
        ("srv", "/srv", True),
        (".git", "/w/.git", True),
        (".devcontainer", "/w/.devcontainer", True),
    ]
    assert same.found.after == found.found.after


def test_without_anything_to_take_away_nothing_is_overridden(tmp_path):
    _, lines = compose(tmp_path, files=MILD)
    assert 'volumes: ["/srv:/srv:ro", "../.git:/w/.git:ro", ".:/w/.devcontainer:ro"]' in lines
    assert not any("!" in line for line in lines)


def test_mounts_and_flags_of_the_json_file_that_do_nothing_go_to_where_they_do(tmp_path):
    mounts = [
        "type=bind,source=${localWorkspaceFolder}/data,target=/data,readonly",
        "type=bind,source=${localEnv:HOME}/.aws,target=/aws",
        "type=volume,source=own-${devcontainerId},target=/v",
    ]
    found, lines = compose(tmp_path, {**CONFIG, "mounts": mounts, "runArgs": ["--init"], "appPort": 80}, MILD)
    assert found.data["mounts"] == mounts[2:]
    assert any('"../data:/data:ro"' in line for line in lines)
    assert not {"runArgs", "appPort"} & found.data.keys()
    assert {"DC802", "DC103"} <= found.rules


def test_what_is_kept_stays(tmp_path):
    keeps = tuple(f"{rule}=so" for rule in ("DC201", "DC301", "DC601", "DC901"))
    _, lines = compose(tmp_path, keeps=keeps)
    assert "privileged: false" not in lines
    assert not any(".git" in line or "mem_limit" in line or line == "networks:" for line in lines)


def test_another_network_than_the_projects_own_is_left_and_one_that_others_made_is_told(tmp_path):
    text = "services:\n  app:\n    image: a:1\n    network_mode: bridge\n    depends_on: [db]\n    mem_limit: -1\n"
    text += "  db:\n    image: b:1\n    networks: [own]\nnetworks: {own: {external: true}}\n"
    found, lines = compose(tmp_path, files={".devcontainer/compose.yml": text})
    assert "network_mode: !reset null" in lines
    assert 'mem_limit: "4g"' in lines
    assert lines[-1] == '"default": {internal: true}'
    assert "all that is in own, which this project has not made" in " ".join(found.compose.replace("#", "").split())


def test_a_hardened_project_that_somebody_changed_is_not_taken_for_hardened(tmp_path):
    found, _ = compose(tmp_path, files=MILD)
    writing.write(found.case, found.found)
    place = tmp_path / "app/.devcontainer/paddock/compose.yaml"
    place.write_text(found.compose.replace('cap_drop: ["ALL"]', "privileged: true"))
    with pytest.raises(Refused, match="is not as paddock harden wrote it"):
        hardened(tmp_path / "app", config=f"{tmp_path}/app/{found.case.target}")
