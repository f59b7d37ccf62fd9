"""The agents that people use start inside, as installed from npm in a home directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.conftest import Person
from tests.real.conftest import AGENTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs("bubblewrap", "npm", "node"), pytest.mark.net, pytest.mark.slow]


@pytest.mark.parametrize("name", AGENTS)
def test_it_says_its_version(name: str, agents_home: Path, repo: Path, tmp_path: Path) -> None:
    person = Person(
        agents_home,
        {
            "PATH": f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin",
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "XDG_RUNTIME_DIR": str(tmp_path / "runtime"),
        },
    )
    done = person.call("run", "--", name, "--version", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert AGENTS[name].rpartition("@")[2] in done.stdout + done.stderr
