"""What every profile makes of a plan, to be read as a whole when it changes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.agents.profile import load, names
from tests.plan.machine import HOME, plan, policy

if TYPE_CHECKING:
    from paddock.plan.model import Credential

GOLDEN = Path(__file__).parents[1] / "golden"


def parts(name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    environ = {"PATH": f"{HOME}/.local/bin:/usr/bin", **dict.fromkeys(keys, "never")}
    found = plan({f"{HOME}/.local/bin/{name}": "x"}, name, "…", environ=environ, rules=policy(), agent=load(name))
    base = {variable.name for variable in plan(environ={"PATH": "/usr/bin"}).environment}
    return {
        "command": found.command,
        "credentials": [_told(each) for each in found.credentials],
        "environment": {each.name: each.value for each in found.environment if each.name not in base},
        "files": [each.target for each in found.files if each.origin.kind == "agent"],
        "mounts": {each.target: each.source for each in found.mounts if each.access == "write"},
        "rules": {f"{each.host}:{each.port}": each.upstream for each in found.network.rules},
        "seeds": {each.target: each.content for each in found.seeds},
    }


def _told(credential: Credential) -> str:
    bound = [f"{each.host}:{each.port}{','.join(each.paths)}" for each in credential.bound]
    return f"{credential.source} as {credential.shape} to {' '.join(bound)}; inside {' '.join(credential.variables)}"


@pytest.mark.parametrize("name", names())
def test_the_parts_of_a_plan_are_the_golden_ones(name: str) -> None:
    """PADDOCK_GOLDEN=write makes the file anew."""
    keys = load(name).keys
    data = {"with all its keys": parts(name, keys), "without a key": parts(name, ())}
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert "never" not in text
    path = GOLDEN / f"agent-{name}.json"
    if os.environ.get("PADDOCK_GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text
