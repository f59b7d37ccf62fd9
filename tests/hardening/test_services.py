"""What is laid over one service."""

from __future__ import annotations

import pytest

from paddock.hardening.services import quoted
from tests.hardening.scenes import again, harden

CONFIG = {"image": None, "dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/w"}


def service(top, *lines: str, **asked):
    text = "services:\n  app:\n    image: a:1\n" + "".join(f"    {line}\n" for line in lines)
    return harden(top, CONFIG, {".devcontainer/compose.yml": text}, **asked)


@pytest.mark.parametrize(
    ("line", "wanted", "rule"),
    [
        ("ipc: host", "ipc: !reset null", "DC205"),
        ("userns_mode: host", "userns_mode: !reset null", "DC205"),
        ("device_cgroup_rules: ['c 1:3 mr']", "device_cgroup_rules: !reset []", "DC206"),
        ("gpus: all", "gpus: !reset null", "DC206"),
        ("volumes_from: ['container:other']", "volumes_from: !reset []", "DC111"),
        ("group_add: [docker]", "group_add: !reset []", "DC215"),
        ("sysctls: {net.ipv4.ip_forward: 1}", "sysctls: !reset {}", "DC213"),
        ("runtime: /tmp/own", "runtime: !reset null", "DC214"),
        ("cgroup_parent: /x", "cgroup_parent: !reset null", "DC904"),
        ("container_name: x", "container_name: !reset null", "DC906"),
        ("restart: always", "restart: !reset null", "DC902"),
        ("extra_hosts: ['host:host-gateway']", "extra_hosts: !reset []", "DC309"),
        ("volumes: ['/:/host:rw']", "volumes: !override []", "DC102"),
        ("volumes: ['/srv:/srv:z']", 'volumes: ["/srv:/srv:z,ro"]', "DC107"),
        ("security_opt: ['no-new-privileges:false']", 'security_opt: !override ["no-new-privileges:true"]', "DC212"),
        ("environment: ['SSH_AUTH_SOCK=/s']", 'environment: {"SSH_AUTH_SOCK": ""}', "DC105"),
    ],
)
def test_what_is_dangerous_goes_and_is_gone_when_it_is_read_again(tmp_path, line: str, wanted: str, rule: str):
    found = service(tmp_path, line)
    assert f"    {wanted}\n" in found.compose
    assert rule in found.rules
    assert f"# {rule} " in found.compose
    after = {one.rule for one in again(found).case.findings if one.severity in ("critical", "high", "medium")}
    assert rule not in after - {"DC107"}  # what lies outside still does, and is read-only
    assert f"    {wanted}\n" not in service(tmp_path, line, keeps=(f"{rule}=so",)).compose


@pytest.mark.parametrize(
    "line", ["ipc: private", "network_mode: none", "volumes: ['v:/v', '/srv:/s:ro']", "init: true"]
)
def test_what_is_harmless_is_not_touched(tmp_path, line: str):
    found = service(tmp_path, line).compose
    assert f"    {line.partition(':')[0]}:" not in found


def test_a_scalar_is_one_line_whatever_is_in_it():
    assert quoted('a"\n#') == '"a\\"\\n#"'
