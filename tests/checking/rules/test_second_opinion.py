"""compose-lint beside our own rules."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from compose_lint.rules import get_registered_rules

from paddock.checking.facts import beside
from paddock.checking.rules.second_opinion import OURS, hits
from tests.checking.rules.test_compose import project
from tests.checking.scenes import compose, findings, of, read

# About what is missing from a service, or what DC501 says of a tag.
LEFT_OUT = {"CL-0003", "CL-0004", "CL-0006", "CL-0007", "CL-0019", "CL-0026"}
SAID = {
    "CL-0001": "volumes: ['/var/run/docker.sock:/var/run/docker.sock']",
    "CL-0002": "privileged: true",
    "CL-0005": "ports: ['8080:80']",
    "CL-0008": "network_mode: host",
    "CL-0009": "security_opt: ['seccomp:unconfined']",
    "CL-0010": "pid: host",
    "CL-0011": "cap_add: [NET_ADMIN]",
    "CL-0013": "volumes: ['/home:/h:ro']",
    "CL-0014": "logging: {driver: none}",
    "CL-0016": "devices: ['/dev/sda:/dev/sda']",
    "CL-0017": "volumes: [{type: bind, source: /x, target: /y, bind: {propagation: shared}}]",
    "CL-0018": "user: root",
    "CL-0020": "environment: {API_TOKEN: q8Zr41vXq8Zr41vX}",
    "CL-0021": "environment: {DB: 'postgres://me:q8Zr41vX@db/x'}",
    "CL-0022": "tmpfs: ['/x:exec']",
    "CL-0024": "cap_add: [SYS_MODULE]",
    "CL-0025": "volumes: ['/usr:/u']",
    "CL-0027": "cap_add: [SYS_PTRACE]",
    "CL-0028": "cap_add: [SYS_TIME]",
    "CL-0030": "cap_add: [SYSLOG]",
}


def theirs(said: str) -> list[str]:
    image = "" if said.startswith("image") else "image: x:1, "
    with tempfile.TemporaryDirectory() as top:
        effective, _, _ = read(project(f"db: {{{image}{said}}}"), Path(top))
    whole: Any = beside.project(effective)
    return [name for name, service, _ in hits(whole, frozenset(OURS)) if service.name == "db"]


def test_every_rule_of_theirs_is_one_of_ours_or_left_out() -> None:
    assert {one().metadata.id for one in get_registered_rules()} == set(OURS) | LEFT_OUT


MOUNTS = tuple(f"DC1{number:02}" for number in range(1, 17))


@pytest.mark.parametrize(("name", "said"), SAID.items())
def test_what_they_find_is_found_once_and_where_it_is(name: str, said: str) -> None:
    assert name in theirs(said)
    image = "" if said.startswith("image") else "image: x:1, "
    ours = OURS[name][0]
    found = findings(project(f"db: {{{image}{said}}}"))
    about = [one for one in found if one.source.name == "db" and one.rule in (MOUNTS if ours in MOUNTS else (ours,))]
    assert len({(one.source.place, one.rule) for one in about}) == 1, about
    assert len(about) == 1
    assert about[0].source.place
    assert about[0].source.place.line == 3


SOURCES = {
    "DC101": ("/var/run/docker.sock", "/var/run", "/run", "/run/podman/podman.sock"),
    "DC102": ("/", "/etc", "/root", "~", "${HOME}", "/home"),
    "DC103": ("~/.ssh", "/root/.kube", "${HOME:-/root}/.aws"),
    "DC104": ("~/.gitconfig", "/etc/gitconfig"),
    "DC105": ("${SSH_AUTH_SOCK}", "/run/host-services/ssh-auth.sock"),
    "DC110": ("/proc", "/sys", "/boot", "/lib/modules"),
}


@pytest.mark.parametrize(("rule", "source"), [(rule, one) for rule, some in SOURCES.items() for one in some])
def test_one_mount_is_one_finding(rule: str, source: str) -> None:
    for form in (f"'{source}:/x'", f"{{type: bind, source: '{source}', target: /x}}"):
        for scene in (project(f"db: {{image: x:1, volumes: [{form}]}}"), compose(f"volumes: [{form}]")):
            about = [one.rule for one in findings(scene) if one.source.layer == "compose" and one.rule in MOUNTS]
            assert about == [rule]


def test_what_only_they_know_has_our_id_and_our_place() -> None:
    scene = project("db:\n    image: x:1\n    logging:\n      driver: none")
    found = of("DC224", scene)
    assert [(one.source.place and str(one.source.place), one.message) for one in found] == [
        (".devcontainer/c.yml:6:15", "service db: nothing of what the service prints is kept")
    ]


@pytest.mark.parametrize(
    "said", ["volumes: {a: b}", "ports: 3", "cap_add: {x: [y]}", "environment: [[1]]", "image: [x]", "user: {a: 1}"]
)
def test_values_of_a_wrong_type_do_not_stop_it(said: str) -> None:
    findings(project(f"db: {{{said}}}"))


def test_a_default_that_everybody_knows_weighs_little() -> None:
    (found,) = of("DC701", project("db: {image: x, environment: {POSTGRES_PASSWORD: '${DB:-postgres}'}}"))
    assert found.severity == "low"
