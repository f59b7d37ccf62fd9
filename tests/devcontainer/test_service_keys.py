"""Settings of a service as run flags."""

from __future__ import annotations

import pytest

from paddock.devcontainer import runflags
from paddock.devcontainer.service_keys import KNOWN, build_flags, flags
from paddock.devcontainer.service_part import Part
from paddock.devcontainer.source import Source
from paddock.devcontainer.yaml_document import read


def part(text: str) -> Part:
    return Part(read(text, "c.yml").roots[0], Source("compose", "a"), {}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network_mode: host", [("--network", "host")]),
        ("privileged: yes", [("--privileged", "true")]),
        ("privileged: 'no'", [("--privileged", "false")]),
        ("cap_add: [A, B]", [("--cap-add", "A"), ("--cap-add", "B")]),
        ("security_opt: ['seccomp:unconfined']", [("--security-opt", "seccomp:unconfined")]),
        ("devices: [{source: /dev/a, target: /dev/b, permissions: rw}]", [("--device", "/dev/a:/dev/b:rw")]),
        ("env_file: [a.env, {path: b.env}]", [("--env-file", "a.env"), ("--env-file", "b.env")]),
        ("tmpfs: /run", [("--tmpfs", "/run")]),
        ("sysctls: {net.x: 1}", [("--sysctl", "net.x=1")]),
        ("sysctls: [net.x=1]", [("--sysctl", "net.x=1")]),
        ("extra_hosts: {h: [1.2.3.4, '::1']}", [("--add-host", "h=1.2.3.4"), ("--add-host", "h=::1")]),
        ("ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}", [("--ulimit", "nofile=1:2"), ("--ulimit", "nproc=3")]),
        ("gpus: all", [("--gpus", "all")]),
        ("gpus: [{count: 1}]", [("--gpus", "all")]),
        ("deploy: {resources: {limits: {memory: 1g, cpus: 2, pids: 9}}}", [("--memory", "1g"), ("--cpus", "2"), ("--pids-limit", "9")]),
        ("deploy: {resources: {reservations: {devices: [{count: 2}]}}}", [("--gpus", "2")]),
        ("use_api_socket: true", [("--use-api-socket", "true")]),
        ("image: x", []),
        ("cap_add: {a: b}\nprivileged: []", []),
    ],
)  # fmt: skip
def test_each_setting_is_the_flag_that_it_is(text: str, said: list[tuple[str, str]]) -> None:
    assert [(one.name, one.value) for one in flags(part(text))] == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network: host", [("--network", "host")]),
        ("privileged: true", [("--privileged", "true")]),
        ("ssh: [default]", [("--ssh", "default")]),
        ("entitlements: [security.insecure]", [("--allow", "security.insecure")]),
        ("additional_contexts: {x: ..}", [("--build-context", "x=..")]),
    ],
)
def test_settings_of_the_build_are_flags_of_the_build(text: str, said: list[tuple[str, str]]) -> None:
    assert [(one.name, one.value) for one in build_flags(part(text))] == said


def test_flags_know_their_places() -> None:
    found = [str(one.origin.place) for one in flags(part("pid: host\ncap_add:\n  - A"))]
    assert found == ["c.yml:1:6", "c.yml:3:5"]


def test_every_flag_is_one_that_an_engine_knows() -> None:
    text = "\n".join(f"{key}: [x]" for key in sorted(KNOWN)) + "\n"
    for one in (*flags(part(text)), *flags(part(text.replace("[x]", "x")))):
        assert one.name.removeprefix("--") in runflags.table(runflags.RUN).takes
