"""From a plan to what the gateway swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.credentials import brokering
from paddock.credentials.brokered import variables
from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.plan.model import Bound, Credential, Mount, Network, Plan
from paddock.policy.model import Origin
from tests.plan import machine

if TYPE_CHECKING:
    from pathlib import Path

PERSON = Origin("person", "policy.toml:3")
SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def credential(source: str = "env:TOKEN", **changes: Any) -> Credential:
    bound = (Bound("api.example.test", 443),)
    return replace(Credential("one", source, "bearer", bound, ("TOKEN",), PERSON), **changes)


def plan_with(*credentials: Credential, mode: Any = "allow") -> Plan:
    return replace(machine.plan(), credentials=credentials, network=Network(mode, (), PERSON))


def broker(plan: Plan, said: list[str] | None = None, **environ: str) -> tuple[Any, ...]:
    notes = [] if said is None else said
    return brokering.broker(plan, {"HOME": "/home/ann", "PATH": "/usr/bin:/bin", **environ}, notes.append)


def test_the_variable_holds_a_placeholder_and_the_secret_stays_outside() -> None:
    (one,) = broker(plan_with(credential()), TOKEN=SECRET)
    assert one.secret == SECRET
    assert one.placeholder.startswith("ghp_")
    assert variables((one,)) == {"TOKEN": one.placeholder}
    assert SECRET not in variables((one,))["TOKEN"]


def test_two_sessions_have_two_placeholders() -> None:
    plan = plan_with(credential())
    assert broker(plan, TOKEN=SECRET)[0].placeholder != broker(plan, TOKEN=SECRET)[0].placeholder


def test_without_a_secret_the_variable_is_not_set_and_that_is_said() -> None:
    said: list[str] = []
    assert broker(plan_with(credential()), said) == ()
    assert said == ["TOKEN stays unset: credential one (person policy.toml:3): TOKEN is not set here"]


def test_nothing_is_fetched_without_a_network() -> None:
    assert broker(plan_with(credential("command:false"), mode="off")) == ()


def test_a_source_that_fails_stops_the_start() -> None:
    with pytest.raises(PaddockError, match=r"^credential one \(person policy\.toml:3\): false gave no secret"):
        broker(plan_with(credential("command:false")))


def test_the_parts_of_sigv4_get_placeholders_of_their_own() -> None:
    keys = credential(f"env:{','.join(AWS)}", shape="sigv4", variables=AWS)
    environ = {AWS[0]: "AKIAIOSFODNN7EXAMPLE", AWS[1]: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
    said: list[str] = []
    (one,) = broker(plan_with(keys), said, **environ)
    inside = variables((one,))
    assert set(inside) == set(AWS[:2])
    assert inside[AWS[0]].startswith("AKIA")
    assert [len(inside[name]) for name in AWS[:2]] == [len(environ[name]) for name in AWS[:2]]
    assert not set(inside.values()) & set(environ.values())
    assert said == ["AWS_SESSION_TOKEN stays unset: env:" + ",".join(AWS) + " gives no session token"]


def test_what_the_sandbox_can_write_is_no_source(tmp_path: Path) -> None:
    place = tmp_path.resolve()
    (place / "repository").mkdir()
    (place / "agent").mkdir()
    (place / "state/paddock").mkdir(parents=True)
    plan = plan_with()
    mounts = (Mount(f"{place}/agent", "/home/ann/.agent", "write", PERSON), Mount("/opt", "/opt", "read", PERSON))
    plan = replace(plan, workspace=replace(plan.workspace, source=f"{place}/repository"), mounts=mounts)
    found = brokering.outside_of(plan, {"HOME": "/home/ann", "XDG_STATE_HOME": f"{place}/state"})
    assert found.writable == (f"{place}/agent", f"{place}/repository", f"{place}/state/paddock")


def test_a_renewed_secret_is_checked_like_the_first() -> None:
    outside = brokering.outside_of(plan_with(), {"TOKEN": SECRET, "HOME": "/home/ann"})
    assert brokering.renew(credential(), outside) == SECRET
    with pytest.raises(PaddockError, match="has no secret any more"):
        brokering.renew(credential("env:OTHER"), outside)
