"""What an untrusted file may do, key by key, and what the floor forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PolicyError
from paddock.policy.checking import layer_from
from paddock.policy.keys import KEYS, ONLY_TIGHTEN
from paddock.policy.layering import built_in, loosenings, merge
from paddock.policy.tightening import as_written, check_floor, floor_bounds, judged
from tests.policy.tables import nested

if TYPE_CHECKING:
    from paddock.policy.model import Layer


def layer(kind: Any, **data: Any) -> Layer:
    where = {"floor": "/etc/paddock/policy.toml", "repository": "paddock.toml"}.get(kind, kind)
    return layer_from(data, {}, kind, where, "/repo")


def one(kind: Any, full: str, value: object) -> Layer:
    return layer(kind, **nested(full.removesuffix(".NAME"), value))


TOKEN = {"source": "env:TOKEN", "hosts": ["x.example"]}
WIDER = [
    {**TOKEN, "source": "env:OTHER"},
    {**TOKEN, "hosts": ["x.example", "y.example"]},
    {**TOKEN, "hosts": ["*.x.example"]},
    {**TOKEN, "variables": ["TOKEN", "OTHER"]},
    {**TOKEN, "shape": "header:x-key"},
    {**TOKEN, "shape": "basic", "user": "a"},
]
NARROWER = [TOKEN, {**TOKEN, "hosts": [{"host": "x.example", "methods": ["GET"]}]}]

# key, what the person's file says (None: nothing), what the untrusted repository says
LOOSER = [
    ("workspace.mode", None, "live"),
    ("workspace.mode", "scratch", "review"),
    ("workspace.mode", "readonly", "scratch"),
    ("workspace.mode", "readonly", "live"),
    ("workspace.read", None, ["/opt/sdk"]),
    ("workspace.read", ["/opt"], ["/opt/sdk"]),
    ("workspace.read", None, ["../sibling"]),
    ("environment.pass", None, ["CI"]),
    ("environment.pass", None, ["*"]),
    ("environment.pass", ["*"], ["GH_TOKEN"]),
    ("environment.pass", ["LC_ALL"], ["LC_*"]),
    ("environment.set", None, {"LD_PRELOAD": "/repo/x.so"}),
    ("environment.set", None, {"PATH": "/repo/bin"}),
    ("environment.set", None, {"GIT_SSH_COMMAND": "x"}),
    ("environment.set", None, {"ANTHROPIC_BASE_URL": "https://x.example"}),
    ("environment.set", {"A": "1"}, {"A": "2"}),
    ("boundary.use", None, "landlock"),
    ("boundary.use", None, "bubblewrap"),  # auto may have taken something stronger
    ("boundary.use", "podman", "bubblewrap"),
    ("boundary.use", "podman", "auto"),
    ("boundary.minimum", None, "landlock"),
    ("boundary.minimum", "gvisor", "podman"),
    ("boundary.accept", None, ["pid-namespace"]),
    ("boundary.accept", ["a"], ["b"]),
    ("boundary.syscalls", None, "debug"),
    ("boundary.nested", None, True),
    ("network.mode", None, "allow"),
    ("network.allow", None, ["x.example"]),
    ("network.setup.allow", None, ["x.example"]),
    ("network.allow", ["x.example"], ["x.example:80"]),
    ("network.allow", ["x.example"], ["y.x.example"]),
    ("network.allow", ["x.example"], [{"host": "x.example", "private": True}]),
    ("network.allow", None, ["host:5432"]),
    ("network.allow", ["x.example"], ["*.x.example"]),
    ("network.allow", ["*.x.example", {"host": "*.y.x.example", "methods": ["GET"]}], ["a.y.x.example"]),
    ("network.allow", [{"host": "x.example", "methods": ["GET"]}], [{"host": "x.example", "methods": ["GET", "PUT"]}]),
    ("network.allow", [{"host": "x.example", "paths": ["/a/*"]}], [{"host": "x.example", "paths": ["/a/*", "/"]}]),
    ("network.allow", [{"host": "x.example", "upload": 10}], [{"host": "x.example", "upload": 11}]),
    ("network.allow", [{"host": "x.example", "upload": 10}], ["x.example"]),
    ("network.allow", ["x.example"], [{"host": "x.example", "raw": True}]),
    ("network.publish", None, [3000]),
    ("network.publish", [3000], ["3001:3000"]),
    ("network.connections", None, 1025),
    ("network.rate", 5, 6),
    ("agents.prompts", "keep", "skip"),
    ("credentials.NAME", None, {"a": TOKEN}),
    ("credentials.NAME", {"a": TOKEN}, {"b": TOKEN}),
    *(("credentials.NAME", {"a": TOKEN}, {"a": wider}) for wider in WIDER),
    ("hazards.allow", None, ["build-make"]),
    ("hazards.allow", ["build-make:/Makefile"], ["build-make"]),
    ("hazards.allow", ["build-make:/Makefile"], ["build-make:lib/Makefile"]),
    ("hazards.large", None, "51MiB"),
    ("hazards.large", None, "none"),
    ("limits.memory", None, "5GiB"),
    ("limits.memory", None, "none"),
    ("limits.processes", None, 513),
    ("limits.open_files", None, "none"),
    ("limits.file_size", "1MiB", "2MiB"),
    ("limits.cpus", 1, 1.5),
    ("limits.wall", None, "5h"),
    ("limits.wall", "1h", "none"),
    ("prove.require", "7d", "8d"),
    ("prove.require", "7d", "none"),
    ("prove.at_start", True, False),
]
TIGHTER = [
    ("workspace.mode", None, "scratch"),
    ("workspace.mode", "live", "review"),
    ("workspace.mode", None, "readonly"),
    ("workspace.mask", None, ["secrets/*"]),
    ("workspace.canaries", None, ["aws"]),
    ("boundary.use", None, "podman"),
    ("boundary.use", "landlock", "auto"),
    ("boundary.minimum", None, "microvm"),
    ("boundary.syscalls", "debug", "default"),
    ("boundary.nested", True, False),
    ("network.mode", "allow", "off"),
    ("agents.prompts", None, "keep"),
    ("network.deny", None, ["x.example", "*.test:80"]),
    ("network.connections", None, 1023),
    ("network.rate", None, 1),
    ("hazards.add", None, [{"pattern": "deploy/", "family": "build", "why": "it runs as root"}]),
    ("hazards.large", None, "1MiB"),
    ("hazards.large", "none", "1GiB"),
    ("limits.memory", None, "1GiB"),
    ("limits.processes", None, 1),
    ("limits.open_files", "none", 10),
    ("limits.file_size", None, "1MiB"),
    ("limits.cpus", None, 64),
    ("limits.wall", None, "1s"),
    ("prove.require", None, "365d"),
    ("prove.require", "7d", "6d"),
    ("prove.at_start", None, True),
]


def below(full: str, value: object) -> list[Layer]:
    return [] if value is None else [one("person", full, value)]


@pytest.mark.parametrize(("full", "person", "asked"), LOOSER)
def test_an_untrusted_file_cannot_loosen(full, person, asked):
    under = below(full, person)
    repository = one("repository", full, asked)
    without, ignored = merge(under, trusted=False), merge([*under, repository], trusted=False)
    assert ignored.notes[0].startswith(f"paddock.toml:1 asks for {full} ")
    assert ignored.notes[0].endswith("; ignored until you trust this file: paddock trust")
    assert {**vars(ignored), "notes": ()} == {**vars(without), "notes": ()}
    assert merge([*under, repository], trusted=True) != without


@pytest.mark.parametrize(("full", "person", "asked"), TIGHTER)
def test_an_untrusted_file_can_tighten(full, person, asked):
    under = below(full, person)
    repository = one("repository", full, asked)
    assert merge([*under, repository], trusted=False) == merge([*under, repository], trusted=True)
    assert merge([*under, repository], trusted=False) != merge(under, trusted=False)


def test_the_tables_cover_every_key():
    assert {row[0] for row in LOOSER} == set(KEYS) - set(ONLY_TIGHTEN)  # which nobody can loosen
    lists_only_loosen = {
        "workspace.read", "environment.pass", "environment.set", "boundary.accept", "network.allow",
        "network.setup.allow",
        "network.publish", "credentials.NAME", "hazards.allow",
    }  # fmt: skip
    assert {row[0] for row in TIGHTER} == set(KEYS) - lists_only_loosen


def test_what_is_the_same_as_below_is_neither_noted_nor_taken_over():
    person = layer("person", network={"allow": ["a.example"], "mode": "allow"}, environment={"pass": ["LC_*"]})
    repository = layer(
        "repository",
        network={"allow": ["A.example."], "mode": "allow"},
        environment={"pass": ["LC_ALL"]},
        limits={"wall": "240m"},
    )
    assert merge([person, repository], trusted=False) == merge([person], trusted=False)


def test_a_network_that_an_untrusted_file_writes_off_is_off_for_agents_too():
    file = layer("repository", network={"mode": "off"})
    assert merge([file], trusted=False).network_mode.origin == file.settings[0].origin


def test_only_the_loosening_entries_of_a_list_are_left_out_and_each_is_named():
    person = layer("person", network={"allow": ["a.example"]})
    repository = layer("repository", network={"allow": ["a.example", "b.example", "c.example:80"]})
    found = loosenings([person, repository])
    assert [loosening.asked for loosening in found] == ["b.example:443", "c.example:80"]


def test_a_variables_value_is_shown_for_trust_in_full_and_not_in_notes():
    payload = "x" * 500 + "\x1b[2J"
    repository = layer("repository", environment={"set": {"PAYLOAD": payload}})
    (found,) = loosenings([repository])
    assert found.asked == 'PAYLOAD="' + "x" * 500 + '\\x1b[2J"'
    assert "xxx" not in "".join(merge([repository], trusted=False).notes)


def test_judging_is_against_the_layers_below_and_not_against_the_file_itself():
    # Raising the minimum in the same file must not make a weaker `use` look like a tightening.
    repository = layer("repository", boundary={"minimum": "microvm", "use": "podman"})
    kept, left_out = judged(repository, built_in())
    assert [setting.key for setting in kept.settings] == ["boundary.use", "boundary.minimum"]
    assert left_out == ()
    person = layer("person", boundary={"minimum": "gvisor"})
    assert merge([person, repository], trusted=False).boundary_use.value == "auto"


# The floor

FLOOR = [  # key, the floor, what somebody below asks for, whether that is too much
    ("workspace.mode", "review", "live", True),
    ("workspace.mode", "live", "live", False),
    ("workspace.mode", "scratch", "review", True),
    ("workspace.mode", "review", "readonly", False),
    ("workspace.mask", ["a"], ["b"], False),
    ("workspace.read", [], ["/opt"], True),
    ("workspace.read", ["/opt"], ["/opt/"], False),
    ("workspace.read", ["/opt"], ["/opt/x"], True),
    ("environment.pass", [], ["CI"], True),
    ("environment.pass", ["LC_*"], ["LC_ALL"], False),
    ("environment.pass", ["*"], ["GH_TOKEN"], True),
    ("environment.set", {"A": "1"}, {"A": "1"}, False),
    ("environment.set", {"A": "1"}, {"A": "2"}, True),
    ("environment.set", {}, {"A": "2"}, True),
    ("boundary.use", "podman", "bubblewrap", True),
    ("boundary.use", "podman", "gvisor", False),
    ("boundary.use", "podman", "auto", False),
    ("boundary.use", "auto", "landlock", True),
    ("boundary.use", "auto", "bubblewrap", False),
    ("boundary.minimum", "podman", "bubblewrap", True),
    ("boundary.minimum", "podman", "gvisor", False),
    ("boundary.accept", [], ["pid-namespace"], True),
    ("boundary.accept", ["pid-namespace"], ["pid-namespace"], False),
    ("boundary.syscalls", "default", "debug", True),
    ("boundary.syscalls", "debug", "debug", False),
    ("boundary.nested", False, True, True),
    ("boundary.nested", True, True, False),
    ("boundary.nested", True, False, False),
    ("agents.prompts", "keep", "skip", True),
    ("agents.prompts", "skip", "keep", False),
    ("network.mode", "off", "allow", True),
    ("network.mode", "allow", "off", False),
    ("network.allow", ["a.example"], ["b.example"], True),
    ("network.allow", ["a.example"], ["a.example"], False),
    ("network.allow", ["a.example"], [{"host": "a.example", "private": True}], True),
    ("network.allow", [], ["a.example"], True),
    ("network.allow", ["*.example.test"], ["a.b.example.test"], False),
    ("network.allow", ["*.example.test"], ["example.test"], True),
    ("network.allow", ["*.example.test"], ["a.example.test:80"], True),
    ("network.allow", ["*.example.test", {"host": "a.example.test", "paths": ["/x"]}], ["a.example.test"], True),
    ("network.allow", ["*.example.test", {"host": "a.example.test", "paths": ["/x"]}], ["b.example.test"], False),
    ("network.allow", [{"host": "a.example", "paths": ["/x/*"]}], [{"host": "a.example", "paths": ["/x/y"]}], False),
    ("network.allow", ["a.example"], ["host:80"], True),
    ("network.allow", ["host:80"], ["host:80"], False),
    ("network.setup.allow", ["a.example"], ["b.example"], True),
    ("network.setup.allow", ["a.example"], ["a.example"], False),
    ("network.deny", ["a.example"], ["b.example"], False),
    ("workspace.canaries", [], ["aws"], False),
    ("credentials.NAME", {}, {"a": TOKEN}, True),
    *(("credentials.NAME", {"a": TOKEN}, {"a": wider}, True) for wider in WIDER),
    *(("credentials.NAME", {"a": TOKEN}, {"a": narrower}, False) for narrower in NARROWER),
    ("network.publish", [3000], ["3000:3000"], False),
    ("network.publish", [], [3000], True),
    ("network.connections", 10, 11, True),
    ("network.rate", 10, 10, False),
    ("hazards.add", [], [{"pattern": "a", "family": "ci", "why": "b"}], False),
    ("hazards.allow", [], ["build-make"], True),
    ("hazards.allow", ["build-make"], ["build-make:/Makefile"], False),
    ("hazards.allow", ["build-make:/Makefile"], ["build-make"], True),
    ("hazards.large", "1MiB", "2MiB", True),
    ("hazards.large", "1MiB", "none", True),
    ("hazards.large", "2MiB", "1MiB", False),
    ("limits.memory", "1GiB", "2GiB", True),
    ("limits.memory", "1GiB", "1GiB", False),
    ("limits.memory", "1GiB", "none", True),
    ("limits.memory", "none", "none", False),
    ("limits.processes", 10, 11, True),
    ("limits.open_files", 10, 9, False),
    ("limits.file_size", "1MiB", "none", True),
    ("limits.cpus", 1, 1.5, True),
    ("limits.wall", "1h", "61m", True),
    ("prove.require", "30d", "31d", True),
    ("prove.require", "30d", "none", True),
    ("prove.require", "30d", "1d", False),
    ("prove.at_start", True, False, True),
    ("prove.at_start", True, True, False),
    ("prove.at_start", False, True, False),
]


@pytest.mark.parametrize(("full", "bound", "asked", "too_much"), FLOOR)
@pytest.mark.parametrize("kind", ["person", "repository", "flag"])
def test_nobody_loosens_the_floor(full, bound, asked, too_much, kind):
    layers = [one("floor", full, bound), one(kind, full, asked)]
    if not too_much:
        merge(layers, trusted=True)
        return
    with pytest.raises(PolicyError) as caught:
        merge(layers, trusted=True)
    error = caught.value
    assert error.exit_code == 126
    assert error.code == "floor"
    assert full in error.what
    where = "paddock.toml" if kind == "repository" else kind
    assert f"{where}:1" in error.what, "the line that asks"
    assert "/etc/paddock/policy.toml:1" in error.what, "the line that forbids"


@pytest.mark.parametrize(("full", "bound", "asked", "too_much"), FLOOR)
def test_an_untrusted_file_that_loosens_the_floor_is_ignored_not_an_error(full, bound, asked, too_much):
    floor = one("floor", full, bound)
    found = merge([floor, one("repository", full, asked)], trusted=False)
    if too_much:
        assert {**vars(found), "notes": ()} == {**vars(merge([floor], trusted=False)), "notes": ()}


def test_a_credential_reaches_no_host_that_the_floor_does_not_list():
    floor = one("floor", "network.allow", ["y.example"])
    with pytest.raises(PolicyError, match=r"credentials\.a x\.example:443 loosens the floor") as caught:
        merge([floor, one("person", "credentials.NAME", {"a": TOKEN})], trusted=False)
    assert caught.value.code == "floor"
    merge([floor, one("person", "credentials.NAME", {"a": {**TOKEN, "hosts": ["y.example"]}})], trusted=False)


def test_the_floors_tables_cover_every_key():
    assert {row[0] for row in FLOOR} == set(KEYS)


def test_a_key_that_the_floor_does_not_state_is_free():
    merge([one("floor", "limits.wall", "1h"), one("flag", "workspace.mode", "live")], trusted=False)


def test_a_boundary_weaker_than_the_floors_minimum_is_refused():
    with pytest.raises(PolicyError, match=r"boundary\.use bubblewrap loosens the floor"):
        merge([one("floor", "boundary.minimum", "podman"), one("flag", "boundary.use", "bubblewrap")], trusted=False)


def test_the_floors_use_cannot_be_undercut_by_auto_with_a_lower_minimum():
    floor = one("floor", "boundary.use", "podman")
    person = layer("person", boundary={"use": "auto"})
    assert merge([floor, person], trusted=False).boundary_minimum.value == "podman"
    with pytest.raises(PolicyError, match=r"boundary\.minimum bubblewrap"):
        merge([floor, person, one("flag", "boundary.minimum", "bubblewrap")], trusted=False)


def test_a_weak_use_in_the_floor_does_not_lower_the_minimum():
    assert merge([one("floor", "boundary.use", "landlock")], trusted=False).boundary_minimum.value == "bubblewrap"


def test_everything_that_loosens_the_floor_is_listed_and_values_of_variables_are_not():
    floor = layer("floor", network={"allow": []}, environment={"set": {"A": "1"}})
    flags = layer("flag", network={"allow": ["a.example", "b.example"]}, environment={"set": {"KEY": "hunter2"}})
    with pytest.raises(PolicyError) as caught:
        check_floor(flags, floor_bounds([floor]))
    said = caught.value.what + caught.value.why
    assert "a.example" in said
    assert "b.example" in said
    assert "KEY" in said
    assert "hunter2" not in said


def test_settings_read_as_people_write_them():
    settings = layer(
        "flag", network={"allow": [{"host": "::1", "port": 80, "private": True}]}, limits={"wall": "90m"}
    ).settings
    assert [as_written(setting) for setting in settings] == ["[::1]:80 (also on a private address)", "90m"]
