"""What a session holds outside, and the plan by which its sandbox is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Planting
from paddock.credentials.holding import Held, hold
from paddock.frozen import replace
from paddock.plan.hashing import plan_hash
from paddock.plan.model import Bound, Credential, Network, Planted, Variable
from paddock.plan.serial import as_data
from paddock.policy.model import Origin
from tests.plan import machine

if TYPE_CHECKING:
    import pytest

PERSON = Origin("person", "policy.toml:3")
SECRET = "real-secret-0123456789"


def credential(ttl_s: float = 0) -> Credential:
    return Credential("one", "env:T", "bearer", (Bound("a.example", 443),), ("T",), PERSON, ttl_s=ttl_s)


def held(ttl_s: float = 0) -> Held:
    return Held((Brokered(credential(ttl_s), "placeholder-0123456789", Secret(SECRET)),))


def test_inside_there_are_placeholders_and_no_secret() -> None:
    found = held().inside(machine.plan())
    assert machine.variables(found)["T"] == "placeholder-0123456789"
    assert SECRET not in str(as_data(found))
    names = [variable.name for variable in found.environment]
    assert names == sorted(names)


def test_a_value_that_was_there_all_the_same_is_covered() -> None:
    plan = machine.plan()
    leaking = replace(plan, environment=(*plan.environment, Variable("T", SECRET, PERSON)))
    assert SECRET not in str(as_data(held().inside(leaking)))


def test_two_sessions_of_one_plan_have_the_same_hash() -> None:
    plan = machine.plan()
    other = Held((replace(held().brokered[0], placeholder="placeholder-other"),))
    assert plan_hash(held().inside(plan)) == plan_hash(other.inside(plan))


def test_a_process_that_renews_is_started_only_where_a_secret_does_not_stay_good() -> None:
    assert held().renewer(machine.plan()) is None
    made = held(3600).renewer(machine.plan())
    assert made
    made.stop()


def test_a_session_fetches_and_plants_what_its_plan_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", SECRET)
    plan = replace(
        machine.plan(),
        credentials=(credential(),),
        canaries=(Planted("aws", "/home/ann/.aws/credentials", PERSON),),
        network=Network("allow", (), PERSON),
    )
    found = hold(plan)
    assert [each.secret for each in found.brokered] == [SECRET]
    assert [canary.name for canary in found.planting.canaries] == ["canary-aws"]
    assert hold(replace(plan, network=Network("off", (), PERSON))) == Held((), Planting())
