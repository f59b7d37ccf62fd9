"""Set-up commands: in their order, once for each image, with the network of set-up and nobody's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock import session
from paddock.developing import setting_up, standing
from paddock.errors import PaddockError
from paddock.frozen import frozen
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.developing.standing import Ready
    from paddock.plan.model import Plan
    from tests.conftest import Person

pytestmark = needs("podman", "busybox", "git")
NAME = "project-dev"


@frozen
class Ended:
    exit_code: int
    messages: tuple[str, ...] = ()


@pytest.fixture
def ready(ann: Person, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ready]:
    for name, value in ann.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-not-a-secret-but-as-long-as-one")
    return lambda files=None, **keys: standing.ready(str(project(files, **keys)))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What a session is asked to run; what begins with `fail` ends with 7."""
    plans: list[Plan] = []

    def run(plan: Plan, **_: Any) -> Ended:
        plans.append(plan)
        return Ended(7 if plan.command[-1].startswith("fail") else 0)

    monkeypatch.setattr(session, "run", run)
    return plans


def last_words(plans: list[Plan]) -> list[str]:
    return [plan.command[-1] for plan in plans]


def test_each_runs_once_in_the_order_of_the_specification(ready: Callable[..., Ready], ran: list[Plan]) -> None:
    found = ready(
        postCreateCommand={"one": "c", "two": ["d", "e"]}, updateContentCommand="b", onCreateCommand="a",
        postStartCommand="never",
    )  # fmt: skip
    for _ in range(2):
        setting_up.run(found, None, NAME, terminal=False)
    assert last_words(ran) == ["a", "b", "c", "e"]


def test_after_one_that_fails_none_runs_and_it_is_tried_again(ready: Callable[..., Ready], ran: list[Plan]) -> None:
    found = ready(onCreateCommand="a", updateContentCommand="fail", postCreateCommand="c")
    for _ in range(2):
        with pytest.raises(PaddockError, match=r"updateContentCommand .* ended with 7"):
            setting_up.run(found, None, NAME, terminal=False)
    assert last_words(ran) == ["a", "fail", "fail"]


def test_an_agents_name_brings_neither_its_key_nor_its_network(ready: Callable[..., Ready], ran: list[Plan]) -> None:
    found = ready(postCreateCommand=["claude", "install"])
    setting_up.run(found, None, NAME, terminal=False)
    (plan,) = ran
    assert (plan.agent, plan.credentials, plan.network.mode) == ("", (), "off")
    assert "ANTHROPIC_API_KEY" not in {variable.name for variable in plan.environment}
    assert [mount.target for mount in plan.mounts] == ["/home/ann"]
