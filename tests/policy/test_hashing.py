"""The hash of a policy: equal for equal rules, different for different ones, whoever wrote them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.frozen import replace
from paddock.policy.checking import layer_from
from paddock.policy.flags import flags_layer
from paddock.policy.hashing import beyond, of_files, policy_hash
from paddock.policy.layering import merge

if TYPE_CHECKING:
    from paddock.policy.model import Layer, Policy

SOURCE = Path(__file__).parents[2] / "src"
HOME, REPOSITORY = "/home/ann", "/home/ann/code/app"
# One of each kind of key, and every value of the first differs from the second's.
FULL: dict[str, dict[str, object]] = {
    "workspace": {"mode": "scratch", "mask": ["*.key", "b"], "read": ["/opt/a", f"{HOME}/data"], "canaries": ["aws"]},
    "environment": {"pass": ["CI", "LC_*"], "set": {"A": "1", "B": "2"}},
    "boundary": {"syscalls": "debug", "nested": True},
    "network": {
        "mode": "allow", "allow": ["a.example", {"host": "b.example", "methods": ["GET", "PUT"], "paths": ["/a", "/b"]}],
        "deny": ["c.example", "d.example:80"], "publish": [3000, "8080:80"], "connections": 5, "rate": 6,
    },
    "credentials": {"token": {"source": "env:TOKEN", "hosts": ["a.example"], "variables": ["TOKEN", "OTHER"]}},
    "agents": {"prompts": "keep"},
    "hazards": {
        "add": [{"pattern": "a", "family": "ci", "why": "b"}, {"pattern": "c", "family": "ci", "why": "d"}],
        "allow": ["build-make", "build-cmake"], "large": "1MiB",
    },
    "limits": {"memory": "1GiB", "processes": 7, "open_files": 9, "file_size": "1MiB", "cpus": 0.5, "wall": "1h"},
}  # fmt: skip


def layer(kind: Any, data: dict[str, Any], base: str = REPOSITORY) -> Layer:
    return layer_from(data, {}, kind, f"{kind}.toml", base)


def of(*layers: Layer, trusted: bool = True, home: str = HOME, repository: str = REPOSITORY) -> str:
    return of_files(layers, trusted=trusted, home=home, repository=repository)


WHOLE = of(layer("person", FULL))


def reversed_lists(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: reversed_lists(data[key]) for key in reversed(data)}
    return [reversed_lists(item) for item in reversed(data)] if isinstance(data, list) else data


def test_who_wrote_a_rule_and_in_what_order_does_not_count() -> None:
    assert of(layer("person", reversed_lists(FULL))) == WHOLE
    assert of(layer("repository", FULL)) == WHOLE
    halves = [{name: FULL[name] for name in list(FULL)[start::2]} for start in (0, 1)]
    assert of(layer("person", halves[0]), layer("repository", halves[1])) == WHOLE
    assert of() == of(layer("person", {"limits": {"file_size": "none"}})), "none is what holds anyway"


def one_change(data: Any) -> list[Any]:
    """The same data with one thing changed, at every place."""
    if isinstance(data, dict):
        fewer = (
            [{name: value for name, value in data.items() if name != left} for left in data] if len(data) > 1 else []
        )
        return fewer + [{**data, name: other} for name, value in data.items() for other in one_change(value)]
    if isinstance(data, list):
        return [data[1:], data[:-1]] + [
            [*data[:at], other, *data[at + 1 :]] for at, item in enumerate(data) for other in one_change(item)
        ]
    words = {"scratch": "live", "debug": "default", "keep": "skip", "allow": "off", "aws": "ssh", "1h": "2h", "1MiB": "2MiB",
             "1GiB": "2GiB", "ci": "git", "8080:80": "8081:80", "d.example:80": "d.example:81", "env:TOKEN": "env:X", "GET": "POST", "PUT": "POST"}  # fmt: skip
    return [words.get(data, f"{data}x")] if isinstance(data, str) else [data + 1]


def test_every_change_of_a_rule_changes_the_hash() -> None:
    seen = [WHOLE]
    count = 0
    for changed in one_change(FULL):
        try:
            seen.append(of(layer("person", changed)))
        except PolicyError:  # a change into something that is none
            continue
        count += 1
    assert count > 60
    assert seen.count(WHOLE) == 1


@given(
    st.sampled_from(["/home/ann", "/root", "/home/ann/x", "/h"]),
    st.sampled_from(["/home/ann/code/app", "/srv/a b", "/home/ann/code/app2"]),
)
def test_paths_below_home_and_repository_are_the_same_for_everybody(home: str, repository: str) -> None:
    def there(home: str, repository: str) -> str:
        data = {
            "workspace": {"read": [f"{home}/data", "~/more"]},
            "credentials": {"t": {"source": f"file:{home}/.token", "hosts": ["a.example"], "variables": ["T"]}},
            "environment": {"set": {"CACHE": f"{home}/.cache:{repository}/x"}},
        }
        layers = [layer("person", data), layer("repository", {"workspace": {"read": ["vendor"]}}, repository)]
        return of(*layers, home=home, repository=repository)

    assert there(home, repository) == there(HOME, REPOSITORY)


def test_what_is_beside_it_does_not_count() -> None:
    beside = {
        "boundary": {"use": "landlock", "minimum": "landlock", "accept": ["metadata"]},
        "prove": {"require": "30d", "at_start": True},
    }
    assert of(layer("person", beside)) == of()
    assert of(layer("floor", {"prove": {"require": "30d"}})) == of()
    assert of(layer("floor", {"prove": {"require": "30d"}, "limits": {"wall": "none"}})) != of(), "a limit is lifted"
    assert of(layer("machine", {"workspace": {"mask": ["a"]}})) == of()
    assert of(flags_layer({"allow": ["a.example"]})) == of()


def test_an_untrusted_file_counts_as_far_as_it_is_heard() -> None:
    loose = layer("repository", {"network": {"mode": "allow", "allow": ["a.example"]}})
    assert of(loose, trusted=False) == of()
    assert of(loose, trusted=True) != of()
    assert of(layer("repository", {"limits": {"wall": "1m"}}), trusted=False) != of()


def test_a_floor_that_binds_the_network_binds_agents_too_and_counts() -> None:
    assert of(layer("floor", {"network": {"allow": []}})) != of()


def test_the_hash_is_the_same_in_every_process() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from paddock.policy.hashing import of_files\n"
        "from paddock.policy.checking import layer_from\n"
        "print(of_files([layer_from(eval(sys.argv[2]), {}, 'person', 'p', '')], trusted=True, home='/h', repository='/r'))"
    )
    expected = of(layer("person", FULL), home="/h", repository="/r")
    for seed in ("0", "4711"):
        argv = [sys.executable, "-c", script, str(SOURCE), repr(FULL)]
        environ = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "PATH": os.environ["PATH"]}
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"allow": ["a.example"]}, ["--allow: network.mode allow", "--allow: network.allow a.example:443"]),
        ({"workspace": "live"}, ["--workspace: workspace.mode live"]),
        ({"limit": ["wall=none"]}, ["--limit: limits.wall none"]),
        ({"env": ["A=secret"]}, ["--env: environment.set A"]),
        ({"debug_syscalls": True}, ["--debug-syscalls: boundary.syscalls debug"]),
        ({"read": ["/opt"]}, ["--read: workspace.read /opt"]),
        ({"publish": ["3000"]}, ["--publish: network.publish port 3000 inside, at 127.0.0.1:3000 of this machine"]),
        ({"workspace": "readonly", "limit": ["wall=1m"], "mask": ["x"], "deny": ["*.test"], "net": "off"}, []),
        ({"ask_inside": True, "boundary": "landlock", "minimum": "landlock", "accept": ["metadata"]}, []),
        ({"require_proof": "365"}, []),
    ],
)  # fmt: skip
def test_flags_that_loosen_are_named_and_those_that_tighten_are_not(given: dict[str, object], said: list[str]) -> None:
    assert list(beyond([], flags_layer(given), trusted=False)) == said


def test_what_the_files_allow_already_is_not_beyond_them() -> None:
    files = [layer("person", {"network": {"mode": "allow", "allow": ["*.example.test"]}})]
    assert beyond(files, flags_layer({"allow": ["a.example.test"]}), trusted=False) == ()
    assert beyond(files, flags_layer({"allow": ["a.example.test:80"]}), trusted=False) != ()
    assert beyond(files, None, trusted=False) == ()


def test_notes_and_origins_are_no_part_of_it() -> None:
    policy: Policy = merge([layer("person", FULL)], trusted=True)
    assert policy_hash(replace(policy, notes=("a note",)), HOME, REPOSITORY) == WHOLE
