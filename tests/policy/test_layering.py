"""Layers into one policy: precedence, lists that add up, notes, and two laws that hold for any layers."""

from __future__ import annotations

import fnmatch
import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import given, reject
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.frozen import replace
from paddock.policy.checking import layer_from
from paddock.policy.credentials import is_secret_name
from paddock.policy.keys import KEYS, ONLY_TIGHTEN
from paddock.policy.layering import built_in, loosenings, merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.policy.model import Layer, Policy


def layer(kind: Any, **data: Any) -> Layer:
    return layer_from(data, {}, kind, kind, "/repo")


def test_without_layers_the_defaults_hold():
    policy = merge([], trusted=False)
    assert policy.workspace_mode.value == "review"
    assert [entry.value for entry in policy.mask] == [".env", ".env.*", "*.pem"]
    assert policy.network_mode.value == "off"
    assert policy.boundary_use.value == "auto"
    assert policy.boundary_minimum.value == "bubblewrap"
    assert {limit.name: limit.value for limit in policy.limits} == {
        "memory": 4 * 2**30, "processes": 512, "open_files": 16384, "wall": 14400,
    }  # fmt: skip
    assert not policy.notes
    assert not policy.lifted
    assert all(setting.origin.kind == "built-in" for setting in built_in().values())


def test_later_layers_decide_in_whatever_order_they_come():
    layers = [
        layer("flag", limits={"wall": "3h"}),
        layer("person", limits={"wall": "2h", "cpus": 2}, workspace={"mode": "live"}),
        layer("repository", workspace={"mode": "review"}, limits={"cpus": 1}),
    ]
    policy = merge(layers, trusted=True)
    assert (policy.limits[-1].value, policy.limits[-1].origin.kind) == (3 * 3600, "flag")
    assert policy.workspace_mode.origin.kind == "repository"
    assert merge(layers[::-1], trusted=True) == policy


def test_lists_add_up_without_duplicates_in_the_order_of_the_layers():
    policy = merge(
        [
            layer("flag", network={"allow": ["c.example", "a.example"]}, workspace={"mask": ["z"]}),
            layer("person", network={"allow": ["b.example"]}, workspace={"mask": [".env", "y"]}),
            layer("floor", network={"allow": ["c.example", "b.example", "a.example"]}),
        ],
        trusted=False,
    )
    assert [(entry.host, entry.origin.kind) for entry in policy.allow] == [
        ("c.example", "floor"), ("b.example", "floor"), ("a.example", "floor"),
    ]  # fmt: skip
    assert [entry.value for entry in policy.mask] == [".env", ".env.*", "*.pem", "y", "z"]


def test_a_variable_set_twice_has_the_later_value_and_private_stays_private():
    policy = merge(
        [
            layer(
                "person",
                environment={"set": {"A": "1", "B": "2"}},
                network={"allow": [{"host": "a.example", "private": True}]},
            ),
            layer("flag", environment={"set": {"A": "3"}}, network={"allow": ["a.example"]}),
        ],
        trusted=False,
    )
    assert {entry.name: (entry.value, entry.origin.kind) for entry in policy.set_variables} == {
        "A": ("3", "flag"),
        "B": ("2", "person"),
    }
    assert [(entry.private, entry.origin.kind) for entry in policy.allow] == [(True, "person")]


def test_none_takes_a_limit_away_and_says_who_did():
    policy = merge([layer("person", limits={"wall": "none", "cpus": "none"})], trusted=False)
    assert "wall" not in {limit.name for limit in policy.limits}
    assert [(text.value, text.origin.kind) for text in policy.lifted] == [("cpus", "person"), ("wall", "person")]


def test_the_floors_values_are_in_effect():
    policy = merge([layer("floor", limits={"wall": "1h"}, workspace={"mask": ["*.key"]})], trusted=False)
    assert policy.limits[-1].value == 3600
    assert "*.key" in [entry.value for entry in policy.mask]


def test_secrets_that_enter_by_name_are_warned_about_wherever_they_are_named():
    policy = merge(
        [layer("flag", environment={"pass": ["GH_TOKEN", "LANG", "*_KEY"], "set": {"API_KEY": "hunter2", "CI": "1"}})],
        trusted=False,
    )
    assert len(policy.notes) == 2
    assert all(note.startswith("warning: flag flag:1 puts ") for note in policy.notes)
    assert "GH_TOKEN" in policy.notes[0]
    assert "API_KEY" in policy.notes[1]
    assert "hunter2" not in "".join(policy.notes)


def test_hosts_without_a_mode_are_a_likely_mistake_and_noted():
    assert "--net allow" in merge([layer("person", network={"allow": ["a.example"]})], trusted=False).notes[0]
    assert merge([layer("person", network={"allow": ["a.example"], "mode": "off"})], trusted=False).notes == ()


def test_a_flood_of_asks_is_cut_in_notes_and_complete_for_trust():
    repository = layer("repository", network={"allow": [f"h{n}.example" for n in range(500)]})
    assert len(merge([repository], trusted=False).notes) == 21
    assert len(loosenings([repository])) == 500


# Two laws, judged by a comparison of its own that shares nothing with the code under test.

WIDE, NARROW, EXACT = "*.example.test", "*.a.example.test", "x.a.example.test"
ALLOWANCES = [
    *(host + port for host in (WIDE, NARROW, EXACT, "a.example.test") for port in ("", ":80")),
    *({"host": host, **more} for host in (WIDE, NARROW, EXACT) for more in (
        {"private": True}, {"methods": ["GET"]}, {"paths": ["/v1/*"]}, {"paths": ["/v1/a", "/b"]}, {"methods": ["GET", "POST"], "paths": ["/v1/*"]},
        {"upload": "1KiB"}, {"upload": "1MiB", "ports": [80, 443]}, {"raw": True})),
    "host:80",
]  # fmt: skip
SAMPLES: dict[str, Any] = {
    "workspace.mode": st.sampled_from(["readonly", "scratch", "review", "live"]),
    "workspace.mask": st.lists(st.sampled_from(["a", "b", ".env"]), max_size=2),
    "workspace.canaries": st.lists(st.sampled_from(KEYS["workspace.canaries"].choices), max_size=2),
    "credentials.NAME": st.dictionaries(st.sampled_from(["a", "b"]), st.fixed_dictionaries({"source": st.sampled_from(["env:A", "env:B", "file:/a"]), "hosts": st.lists(st.sampled_from(["a.example.test", "x.a.example.test:80", WIDE]), min_size=1, max_size=2), "variables": st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=3)}, optional={"shape": st.sampled_from(["bearer", "header:x-key"])}), max_size=2),
    "workspace.read": st.lists(st.sampled_from(["/opt", "/opt/x", "/srv", "~/d"]), max_size=2),
    "environment.pass": st.lists(st.sampled_from(["CI", "C*", "*", "A_TOKEN", "A_*", "LC_ALL", "LC_*", "L*L"]), max_size=3),
    "environment.set": st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "2"])),
    "boundary.use": st.sampled_from(["auto", "landlock", "bubblewrap", "podman", "gvisor", "microvm"]),
    "boundary.minimum": st.sampled_from(["landlock", "bubblewrap", "podman", "gvisor", "microvm"]),
    "boundary.accept": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    "boundary.syscalls": st.sampled_from(["default", "debug"]),
    "boundary.nested": st.booleans(),
    "network.mode": st.sampled_from(["off", "allow"]),
    "network.allow": st.lists(st.sampled_from(ALLOWANCES), max_size=3),
    "network.setup.allow": st.lists(st.sampled_from(ALLOWANCES), max_size=2),
    "network.deny": st.lists(st.sampled_from(["a.example.test", "*.a.example.test:80", "*.test", "x.a.example.test:443"]), max_size=2),
    "network.publish": st.lists(st.sampled_from([1, 2, "2:1"]), max_size=2),
    "network.connections": st.sampled_from([1, 1000, 5000]),
    "network.rate": st.sampled_from([1, 60, 5000]),
    "agents.prompts": st.sampled_from(KEYS["agents.prompts"].choices),
    "hazards.add": st.lists(st.sampled_from([{"pattern": "a", "family": "ci", "why": "b"}, {"pattern": "a", "family": "ci", "why": "b", "severity": "low"}, {"pattern": "c", "family": "git", "why": "d"}]), max_size=2),
    "hazards.allow": st.lists(st.sampled_from(["x", "x:a", "x:b", "y:a"]), max_size=2),
    "hazards.large": st.sampled_from(["1MiB", "1GiB", "none"]),
    "limits.memory": st.sampled_from(["1GiB", "8GiB", "none"]),
    "limits.processes": st.sampled_from([1, 1000, "none"]),
    "limits.open_files": st.sampled_from([1, 100_000, "none"]),
    "limits.file_size": st.sampled_from(["1MiB", "1GiB", "none"]),
    "limits.cpus": st.sampled_from([0.5, 2, "none"]),
    "limits.wall": st.sampled_from(["1m", "7d", "none"]),
    "prove.require": st.sampled_from(["1m", "7d", "none"]),
    "prove.at_start": st.booleans(),
}  # fmt: skip
assert set(SAMPLES) == set(KEYS)


@st.composite
def some_layer(draw: st.DrawFn, kind: Any) -> Layer:
    data: dict[str, dict[str, object]] = {}
    for full in draw(st.lists(st.sampled_from(list(SAMPLES)), unique=True, max_size=8)):
        drawn = draw(SAMPLES[full])
        if full == "network.setup.allow":
            data.setdefault("network", {})["setup"] = {"allow": drawn}
            continue
        section, name = full.split(".")
        data.setdefault(section, {}).update(drawn if name == "NAME" else {name: drawn})
        if name == "NAME" and not drawn:
            data[section] = {}
    try:
        return layer(kind, **data)
    except PolicyError as error:
        assert "in two ways" in error.what  # noqa: PT017 - one host with two bounds, neither wider
        reject()


MODES = {"readonly": 0, "scratch": 1, "review": 2, "live": 3}
STRENGTHS = {"landlock": 1, "bubblewrap": 2, "podman": 3, "gvisor": 4, "microvm": 5}
VARIABLES = ["CI", "C", "CX", "A_TOKEN", "A_B", "A_", "LC_ALL", "LC_X", "LL", "L_L", "OTHER", "A_KEY"]


def possibilities(policy: Policy) -> set[object]:
    """Everything that a policy makes possible, as a set: a looser one has something that a tighter one has not."""
    found: set[object] = {("mode", n) for n in range(MODES[policy.workspace_mode.value] + 1)}
    found |= {("read", entry.value) for entry in policy.read}
    found |= {("pass", name) for name in VARIABLES if any(passes(entry.value, name) for entry in policy.pass_variables)}
    found |= {("set", entry.name, entry.value) for entry in policy.set_variables}
    minimum = STRENGTHS[policy.boundary_minimum.value]
    use = policy.boundary_use.value
    strength = max(2, minimum) if use == "auto" else STRENGTHS[use]
    found |= {("weakness", n) for n in range(6 - strength)}
    found |= {("minimum", n) for n in range(6 - minimum)}
    found |= {("accept", entry.value) for entry in policy.accept}
    found |= {("syscalls", "debug")} if policy.syscalls.value == "debug" else set()
    found |= {("nested",)} if policy.nested.value == "true" else set()
    found |= {("net", "allow")} if policy.network_mode.value == "allow" else set()
    found |= set(reachable(policy))
    found |= {("setup", one) for one in reachable(replace(policy, allow=policy.setup_allow))}
    found |= {("publish", entry.inside, entry.outside) for entry in policy.publish}
    found |= {("prompts", "skip")} if policy.agent_prompts.value == "skip" else set()
    for one in policy.credentials:
        places = itertools.product(one.hosts, one.variables)
        found |= {("credential", one.name, one.source, one.shape, host.host, host.port, name) for host, name in places}
    allowed = {entry.value for entry in policy.hazards_allow}
    found |= {("ignored", rule, file) for rule in "xy" for file in "abc" if {rule, f"{rule}:{file}"} & allowed}
    limits = {limit.name: limit.value for limit in policy.limits}
    limits |= {"large": policy.hazards_large.value} if policy.hazards_large else {}
    limits |= {limit.name: limit.value for limit in (policy.connections, policy.rate, policy.prove_require) if limit}
    found |= {("unattacked",)} if policy.prove_at_start.value == "false" else set()
    bounds = (
        "large",
        "connections",
        "rate",
        "memory",
        "processes",
        "open_files",
        "file_size",
        "cpus",
        "wall",
        "require",
    )
    for name in bounds:
        found |= {
            (name, step)
            for step in (0.5, 1, 2, 60, 512, 1000, 2**20, 2**30, 4 * 2**30, 2**33, 10**18)
            if step <= limits.get(name, 2**80)
        }
    return found


def reachable(policy: Policy) -> Iterator[object]:
    """Every request to every name that may be made: the narrowest entry decides, and denials take away."""

    def fits(pattern: str, name: str) -> bool:
        return name.endswith(pattern[1:]) if pattern[0] == "*" else name == pattern

    names = ("example.test", "a.example.test", "x.a.example.test", "z.a.example.test", "q.z.a.example.test", "host")
    for name, port in itertools.product(names, (80, 443)):
        fitting = [entry for entry in policy.allow if entry.port == port and fits(entry.host, name)]
        if not fitting or any(fits(entry.host, name) and entry.port in (0, port) for entry in policy.deny):
            continue
        entry = max(fitting, key=lambda entry: (entry.host == name, len(entry.host)))
        methods = [word for word in ("GET", "POST", "PUT") if not entry.methods or word in entry.methods]
        texts = ("/", "/v1/a", "/v1/b", "/b", "*")
        paths = [
            text for text in texts if not entry.paths or any(fnmatch.fnmatchcase(text, one) for one in entry.paths)
        ]
        uploads = [size for size in (1, 1024, 2**20, 2**30) if not entry.upload or size <= entry.upload]
        for found in itertools.product(methods, paths, uploads, {False, entry.private}, {False, entry.raw}):
            yield "host", name, port, *found


def passes(pattern: str, name: str) -> bool:
    return pattern == name or ("*" in pattern and not is_secret_name(name) and fnmatch.fnmatchcase(name, pattern))


def masks(policy: Policy) -> set[object]:
    """What only ever grows."""
    added = {(rule.pattern, rule.family, rule.why, rule.severity) for rule in policy.hazards_add}
    denied = {("deny", entry.host, entry.port) for entry in policy.deny}
    return {entry.value for entry in (*policy.mask, *policy.canaries)} | added | denied


@given(some_layer("floor"), some_layer("person"), some_layer("repository"))
def test_an_untrusted_file_never_makes_anything_possible(floor, person, repository):
    try:
        without = merge([floor, person], trusted=False)
    except PolicyError:
        return
    found = merge([floor, person, repository], trusted=False)
    assert possibilities(found) <= possibilities(without)
    assert masks(found) >= masks(without)


@given(some_layer("floor"), some_layer("person"), some_layer("repository"), some_layer("flag"), st.booleans())
def test_what_a_floor_states_holds_whatever_the_others_say(floor, person, repository, flags, trusted):
    try:
        found = merge([floor, person, repository, flags], trusted=trusted)
    except PolicyError as error:
        assert error.code == "floor"  # noqa: PT017 -- both ends are right
        return
    stated = {setting.key for setting in floor.settings}
    here, bound = possibilities(found), possibilities(merge([floor], trusted=False))
    kinds = {
        "workspace.mode": "mode", "workspace.read": "read", "environment.pass": "pass", "environment.set": "set",
        "boundary.use": "weakness", "boundary.minimum": "minimum", "boundary.accept": "accept", "boundary.syscalls": "syscalls",
        "boundary.nested": "nested",
        "network.mode": "net", "network.allow": "host", "network.publish": "publish", "network.connections": "connections", "network.rate": "rate", "agents.prompts": "prompts", "credentials.NAME": "credential", "hazards.allow": "ignored", "hazards.large": "large", "prove.require": "require", "prove.at_start": "unattacked",
    }  # fmt: skip
    for key in stated - set(ONLY_TIGHTEN):
        kind = kinds.get(key, key.removeprefix("limits."))
        assert {p for p in here if isinstance(p, tuple) and p[0] == kind} <= bound, key
    assert masks(found) >= masks(merge([floor], trusted=False))


@given(some_layer("person"), some_layer("repository"))
def test_a_trusted_file_gets_what_it_asks_for(person, repository):
    found = merge([person, repository], trusted=True)
    asked = merge([repository], trusted=True)
    stated = {setting.key for setting in repository.settings}
    for key, value in vars(asked).items():
        if key == "prove_require" and "prove.require" not in stated:  # nobody asks for one by default
            continue
        if isinstance(value, tuple) or (value is not None and value.origin.kind == "built-in"):
            continue
        assert getattr(found, key) == value


def test_of_two_bounds_for_one_host_the_later_layer_decides_and_the_wider_stands():
    get, post = {"host": "a.example", "methods": ["GET"]}, {"host": "a.example", "methods": ["POST"]}
    wide = "a.example"

    def decided(person: object, flag: object) -> list[tuple[tuple[str, ...], str]]:
        layers = [layer("person", network={"allow": [person]}), layer("flag", network={"allow": [flag]})]
        return [(entry.methods, entry.origin.kind) for entry in merge(layers, trusted=False).allow]

    assert decided(get, post) == [(("POST",), "flag")]
    assert decided(get, wide) == [((), "flag")]
    assert decided(wide, get) == [((), "person")]


def test_an_untrusted_file_may_deny():
    layers = [layer("person", network={"allow": ["a.example"]}), layer("repository", network={"deny": ["a.example"]})]
    found = merge(layers, trusted=False)
    assert [(entry.host, entry.port, entry.origin.kind) for entry in found.deny] == [("a.example", 0, "repository")]
    assert found.notes == merge(layers[:1], trusted=False).notes


def test_an_untrusted_file_gets_no_service_of_this_machine():
    repository = layer("repository", network={"allow": ["host:5432"], "publish": [22]})
    found = merge([repository], trusted=False)
    assert (found.allow, found.publish) == ((), ())
    assert len(loosenings([repository])) == 2
    assert merge([repository], trusted=True).allow[0].host == "host"
