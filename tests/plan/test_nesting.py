"""What an engine inside goes by is in the plan, and in no other plan."""

from __future__ import annotations

import json
import tomllib

import pytest

from paddock.plan import nesting
from paddock.plan.describe import sections
from paddock.plan.model import Variable
from paddock.policy.model import BUILT_IN
from tests.plan.machine import FLAG, plan, policy


def test_a_plan_says_that_containers_can_be_made_inside_and_who_decided() -> None:
    found = plan(rules=policy(nested="true"))
    assert (found.nested, found.nested_origin) == (True, FLAG)
    rows = {word: origin for _, lines in sections(found) for word, _, origin in lines}
    assert rows["nested"] == "flag --test"
    assert not {file.target for file in nesting.files(FLAG)} - {file.target for file in found.files}


def test_no_other_plan_has_any_of_it() -> None:
    found = plan()
    assert not found.nested
    assert not any(file.target.startswith(("/etc/containers", nesting.PLACE, "/etc/sub")) for file in found.files)
    assert not any(nesting.PLACE in variable.value for variable in found.environment)
    assert not any(word == "nested" for _, lines in sections(found) for word, _, _ in lines)


def test_docker_comes_before_all_other_programs_of_that_name() -> None:
    before = (Variable("PATH", "/usr/bin:/bin", BUILT_IN), Variable("A", "b", BUILT_IN))
    after = {variable.name: variable for variable in nesting.variables(before, FLAG)}
    assert after["PATH"].value == f"{nesting.PLACE}:/usr/bin:/bin"
    assert after["A"] == before[1]
    assert after["CONTAINERS_CONF"].origin == FLAG


@pytest.mark.parametrize("file", nesting.files(FLAG), ids=lambda file: file.target)
def test_the_settings_are_what_their_readers_read(file: object) -> None:
    target, content = file.target, file.content  # type: ignore[attr-defined]
    if target.endswith(".conf"):
        assert tomllib.loads(content)
    elif target.endswith(".json"):
        assert json.loads(content)["default"]
    else:
        assert (target, content) in {("/etc/subuid", ""), ("/etc/subgid", "")}
