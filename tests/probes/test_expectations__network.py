"""What policies, as people write them, turn round of the network's probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock import planning
from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.probes.catalogue.reading import load
from paddock.probes.expectations import Expectation, expect
from paddock.probes.inside.network import ALLOWED, NAMED, OTHER

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.plan.model import Plan
    from tests.conftest import Person

PROBES = {probe.id: probe for probe in load(["network"])}
WHERE = "(person POLICY:%d)"
PORTS = {ALLOWED: 4001, OTHER: 4002}
GATEWAY = [probe for probe in PROBES.values() if probe.promise == "gateway"]


def plan_of(person: Person, tmp_path: Path, network: str) -> Plan:
    policy = person.home / ".config/paddock/policy.toml"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text(f"[network]\n{network}\n")
    (tmp_path / "repo").mkdir()
    repo = str(tmp_path / "repo")
    return planning.make_plan(repo, ("/bin/sh",), None, terminal=False, environ=person.environ, create=False)


def of(name: str, plan: Plan | None) -> Expectation:
    return expect(PROBES[name], plan, (), PORTS)


def why(name: str, plan: Plan | None, person: Person) -> str:
    return of(name, plan).why.replace(str(person.home / ".config/paddock/policy.toml"), "POLICY")


def test_without_a_network_everything_fails_and_the_gateway_is_no_subject(person: Person, tmp_path: Path) -> None:
    plan = plan_of(person, tmp_path, 'mode = "off"\nallow = ["host:4002"]')
    assert {of(probe.id, plan).word for probe in GATEWAY} == {"void"}
    assert why(GATEWAY[0].id, plan, person) == "the plan has no network (person POLICY:2)"
    others = [probe for probe in PROBES.values() if probe.promise != "gateway" and probe.id != "NW-44 published-ports"]
    assert {of(probe.id, plan) for probe in others} == {Expectation("fails")}


def test_another_sandbox_has_no_gateway_and_reaches_nothing() -> None:
    assert {of(probe.id, None).word for probe in GATEWAY} == {"void"}
    assert {of(name, None).word for name in (ALLOWED, OTHER, "NW-04 no-default-route")} == {"fails"}


@pytest.mark.parametrize(
    ("entry", "turned"),
    [
        ('"host:4001"', {ALLOWED}),
        ('"host:4002"', {OTHER}),
        ('"host:4003"', set()),
        ('{ host = "host", ports = [4001, 4002] }', {ALLOWED, OTHER}),
        ('"host.example.test:4002"', set()),
        ('"*.host:4002"', set()),
    ],
)
def test_a_rule_for_the_place_that_is_tried_turns_it_round(
    person: Person, tmp_path: Path, entry: str, turned: set[str]
) -> None:
    try:
        plan = plan_of(person, tmp_path, f'mode = "allow"\nallow = [\n  {entry},\n]')
    except PaddockError:  # a wildcard that the policy refuses turns nothing round either
        assert not turned
        return
    works = {name for name, probe in PROBES.items() if probe.promise == "network" and of(name, plan).word == "works"}
    assert works == turned
    for name in turned:
        assert why(name, plan, person) == f"reachable, as the policy says: host:{PORTS[name]} {WHERE % 4}"


def test_a_denial_stands_above_the_rule(person: Person, tmp_path: Path) -> None:
    plan = plan_of(person, tmp_path, 'mode = "allow"\nallow = ["host:4001", "api.example.test"]\ndeny = ["host"]')
    assert of(ALLOWED, plan) == Expectation("fails")
    assert of(NAMED, plan).word == "works"
    assert of("NW-19 nul-in-hostname", plan).word == "void"


def test_what_the_policy_names_is_named_with_its_lines(person: Person, tmp_path: Path) -> None:
    entries = (
        '"api.example.test",\n{ host = "db.example.test", port = 5432, private = true },\n"host:4001",\n"host:5000"'
    )
    plan = plan_of(person, tmp_path, f'mode = "allow"\nallow = [\n{entries}\n]')
    assert why(NAMED, plan, person) == "reachable, as the policy says: " + ", ".join([
        f"api.example.test:443 {WHERE % 4}",
        f"db.example.test:5432 in private networks too {WHERE % 5}",
        f"host:5000 {WHERE % 7}",
    ])  # fmt: skip


def test_many_names_are_counted(person: Person, tmp_path: Path) -> None:
    entries = ", ".join(f'"{letter}.example.test"' for letter in "abcdefgh")
    plan = plan_of(person, tmp_path, f'mode = "allow"\nallow = [{entries}]')
    assert of(NAMED, plan).why.endswith(" and 3 more")


def test_our_own_rule_alone_names_no_host(person: Person, tmp_path: Path) -> None:
    plan = plan_of(person, tmp_path, 'mode = "allow"\nallow = ["host:4001"]')
    assert of(NAMED, plan) == Expectation("void", "the policy names no host")
    assert of("NW-19 nul-in-hostname", plan) == Expectation("fails")
    assert of("NW-06 allowed-by-urllib", plan) == Expectation("works")


def test_a_published_port_is_reached_on_purpose(person: Person, tmp_path: Path) -> None:
    plan = plan_of(person, tmp_path, 'publish = ["8080:3000"]')
    assert of("NW-44 published-ports", plan).word == "works"
    assert "port 3000 inside at 127.0.0.1:8080 (person POLICY:2)" in why("NW-44 published-ports", plan, person)
    assert of("NW-44 inbound-exposure", plan) == Expectation("fails")


def test_landlock_shows_interfaces_and_nothing_more(person: Person, tmp_path: Path) -> None:
    plan = plan_of(person, tmp_path, 'mode = "off"')
    plan = replace(plan, boundary=replace(plan.boundary, use="landlock"))
    opened = {name for name in PROBES if of(name, plan).word == "open"}
    assert opened == {"NW-04 no-default-route"}
