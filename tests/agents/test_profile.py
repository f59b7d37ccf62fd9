from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from paddock.agents import COMMANDS
from paddock.agents.profile import for_command, load, names, parse
from paddock.errors import PaddockError
from paddock.policy import credentials

SOURCE = Path(__file__).parents[2] / "src"


def test_the_names_on_the_start_path_are_those_of_the_files() -> None:
    assert {command: name for name in names() for command in load(name).commands} == COMMANDS


@pytest.mark.parametrize("name", names())
def test_every_profile_is_fit_to_use(name: str) -> None:
    profile = load(name)
    assert profile.name == name
    assert all(host.islower() and 0 < port < 65536 for host, port in profile.hosts)
    assert profile.hosts
    assert all(map(credentials.is_secret_name, profile.keys))
    assert not set(profile.passed) & {*profile.keys, profile.base_url}
    assert not set(dict(profile.environment)) & {*profile.keys, "PATH", "HOME"}
    assert not profile.state.directory.startswith(("/", "~"))
    assert ".." not in profile.state.directory


def test_telemetry_is_not_among_the_hosts() -> None:
    assert not [
        host for host, _ in load("claude").hosts if any(word in host for word in ("statsig", "sentry", "datadog"))
    ]


def test_a_command_is_known_by_its_base_name() -> None:
    found = for_command("/opt/x/claude")
    assert found is not None
    assert found.name == "claude"
    assert for_command("claude2") is None
    assert for_command("/claude/") is None
    assert for_command("") is None


def test_other_commands_do_not_pay_for_the_parser() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1])\nfrom paddock.agents.profile import for_command\nfor_command('pytest'); print('tomllib' in sys.modules, 're' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(SOURCE)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.stdout.split() == ["False", "False"]


def whole() -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "x",
        "title": "X",
        "commands": ["x"],
        "hosts": ["a.test:1"],
        "state": {"directory": "d", "variable": "V", "login": "l"},
    }


def test_a_small_profile_is_enough() -> None:
    assert parse(whole()).hosts == (("a.test", 1),)


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"name": 1}, {"hosts": "a"}, {"hosts": ["a"]}, {"hosts": [1]}, {"state": []}, {"state": {}}, {"state": {"more": "x"}}, {"new": 1},
     {"environment": {"A": 1}}, {"title": None}],
)  # fmt: skip
def test_an_unknown_key_or_type_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        parse({**whole(), **change})


def test_a_missing_profile_says_that_the_installation_is_broken() -> None:
    with pytest.raises(PaddockError, match="cannot be read"):
        load("none")
