from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    services = profile.services
    urls = {service.base_url for service in services if service.base_url}
    assert profile.name == name
    assert all(host.islower() and 0 < port < 65536 for host, port in profile.hosts)
    assert profile.hosts
    assert all(map(credentials.is_secret_name, profile.keys))
    assert not set(profile.passed) & {*profile.keys, *urls}
    settings = dict((*profile.environment, *profile.unattended.environment, *profile.attended.environment))
    assert not set(settings) & {*profile.keys, *urls, "PATH", "HOME"}
    assert len({service.name for service in services}) == len(services)
    assert all(service.keys for service in services)


@pytest.mark.parametrize("name", names())
def test_state_is_inside_the_directories_that_are_kept(name: str) -> None:
    """A seed lies directly in one of them: making directories on the way would be a race with what runs inside."""
    profile = load(name)
    directories = profile.state.directories
    seeds = [path for service in profile.services for path, _ in service.seeds]
    seeds += [path for manner in (profile.unattended, profile.attended) for path, _ in manner.seeds]
    assert all(path.rpartition("/")[0] in directories for path in seeds)
    assert any(profile.state.login.startswith(f"{directory}/") for directory in directories)
    assert all(path in directories for _, path in profile.state.variables)
    assert not [one for one in directories for other in directories if one != other and one.startswith(f"{other}/")]


@pytest.mark.parametrize("name", names())
def test_telemetry_is_not_among_the_hosts(name: str) -> None:
    telling = ("statsig", "sentry", "datadog", "telemetry", "play.googleapis", "collector", "exp-tas")
    hosts = [host for host, _ in load(name).hosts]
    hosts += [service.host for service in load(name).services]
    assert not [host for host in hosts if any(word in host for word in telling)]


@pytest.mark.parametrize("name", names())
def test_every_profile_names_its_sources(name: str) -> None:
    head = (SOURCE / f"paddock/agents/{name}.toml").read_text().partition("schema")[0]
    assert "# Source: " in head


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
        "state": {"directories": ["d"], "variables": {"V": "d"}, "login": "d/l"},
        "service": [
            {"name": "s", "upstream": "api.test:443", "base_url": "URL", "keys": [{"variable": "K", "shape": "bearer"}]}
        ],
    }


def test_a_small_profile_is_enough() -> None:
    profile = parse(whole())
    assert profile.hosts == (("a.test", 1),)
    (service,) = profile.services
    assert (service.host, service.port, service.variable, service.path) == ("api.test", 443, "URL", "")
    assert (profile.flags, profile.unattended.flags, profile.subcommands) == ((), (), ())


def test_a_bound_host_may_have_paths() -> None:
    data = whole()
    data["service"] = [{"name": "s", "bound": ["a.test:1/x", "a.test:1/y/*", "b.test:2"]}]
    (service,) = parse(data).services
    assert service.bound == (("a.test", 1), ("b.test", 2))
    assert service.paths == (("a.test", "/x"), ("a.test", "/y/*"))


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"name": 1}, {"hosts": "a"}, {"hosts": ["a"]}, {"hosts": [1]}, {"hosts": [":1"]}, {"state": []},
     {"state": {}}, {"state": {"more": "x"}}, {"new": 1}, {"environment": {"A": 1}}, {"title": None}, {"files": []},
     {"state": {"directories": ["/etc"], "login": "l"}}, {"state": {"directories": ["a/../.."], "login": "l"}},
     {"service": {}}, {"service": [{"name": "s"}]}, {"service": [{"name": "s", "base_url": "U", "new": 1}]},
     {"service": [{"name": "s", "base_url": "U", "keys": [{"variable": "K", "shape": "digest"}]}]},
     {"service": [{"name": "s", "base_url": "U", "keys": [{"variable": "K", "shape": "bearer", "when": "X"}]}]},
     {"service": [{"name": "s", "base_url": "U", "seeds": {"../x": ""}}]}, {"unattended": {"flag": []}},
     {"unattended": {"flags": "x"}}],
)  # fmt: skip
def test_an_unknown_key_or_type_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\S: "):
        parse({**whole(), **change})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from(sorted(whole())),
)
def test_anything_at_any_place_is_a_profile_or_a_value_error(data: object, key: str) -> None:
    with suppress(ValueError):
        parse({**whole(), key: data})


def test_a_missing_profile_says_that_the_installation_is_broken() -> None:
    with pytest.raises(PaddockError, match="cannot be read"):
        load("none")
