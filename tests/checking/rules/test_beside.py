"""Rules for the services beside the named one."""

from __future__ import annotations

import pytest

from paddock.checking import rule as rules
from paddock.checking.rules.beside import GIVEN
from tests.checking.rules.test_compose import project
from tests.checking.scenes import of

FOUND = [
    ("DC101", "volumes: ['/var/run/docker.sock:/s']"),
    ("DC103", "volumes: ['~/.ssh:/s:ro']"),
    ("DC103", "secrets: [k]"),
    ("DC116", "volumes: ['etc:/e']"),
    ("DC201", "privileged: true"),
    ("DC202", "cap_add: [SYS_ADMIN]"),
    ("DC203", "security_opt: ['seccomp:unconfined']"),
    ("DC205", "network_mode: host"),
    ("DC205", "pid: host"),
    ("DC206", "devices: ['/dev/kvm']"),
    ("DC303", "ports: ['5432:5432']"),
    ("DC701", "environment: {API_TOKEN: q8Zr41vX}"),
]
REST = "secrets: {k: {file: ~/.aws/credentials}}\nvolumes: {etc: {driver_opts: {type: none, o: bind, device: /etc}}}"


@pytest.mark.parametrize(("rule", "said"), FOUND)
def test_a_service_beside_is_judged_as_the_named_one_is(rule: str, said: str) -> None:
    found = of(rule, project(f"db: {{image: x, {said}}}", REST))
    assert found
    assert all(one.message.startswith("service db: ") for one in found)
    assert [one.source.place and one.source.place.line for one in found] == [3] * len(found)


@pytest.mark.parametrize(("rule", "said"), FOUND)
def test_a_service_that_does_not_start_is_left_out(rule: str, said: str) -> None:
    assert not of(rule, project(f"db: {{image: x, profiles: [p], {said}}}", REST))


@pytest.mark.parametrize("rule", ["DC209", "DC210", "DC211", "DC901"])
def test_what_is_missing_is_said_of_the_named_one_alone(rule: str) -> None:
    assert not [one for one in of(rule, project("db: {image: x}")) if "service db" in one.message]


def test_every_rule_of_the_list_has_a_function_of_its_own() -> None:
    found = rules.functions()
    assert all(len(found[name]) > 1 for name in GIVEN)
