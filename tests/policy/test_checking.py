"""Plain data becomes a layer, or every mistake in it is reported at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.policy.checking import MOST_ENTRIES, MOST_PROBLEMS, layer_from
from paddock.policy.keys import COMING, CREDENTIALS, KEYS, SECTIONS
from paddock.policy.model import Allowed, Assignment, Layer, Origin, Setting, Text
from tests.policy.tables import nested


def layer(data: Any, lines: Any = None, base: str = "/repo") -> Layer:
    return layer_from(data, lines or {}, "repository", "paddock.toml", base)


def refused(data: Any, lines: Any = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        layer(data, lines)
    assert caught.value.exit_code == 126
    return caught.value


def test_every_kind_of_value_is_read_with_its_line():
    data: Any = {
        "network": {"allow": ["a.example", {"host": "b.example", "port": 80}], "mode": "allow"},
        "limits": {"wall": "none", "memory": "1GiB"},
        "environment": {"set": {"A": "1"}, "pass": ["LC_*"]},
        "workspace": {"read": ["../lib"]},
    }
    lines = {("network", "allow"): 3, ("network", "allow", 1): 5, ("limits",): 9}

    def at(line: int) -> Origin:
        return Origin("repository", f"paddock.toml:{line}")

    assert layer(data, lines).settings == (
        Setting("workspace.read", (Text("/repo/../lib", at(1)),), at(1)),
        Setting("environment.pass", (Text("LC_*", at(1)),), at(1)),
        Setting("environment.set", (Assignment("A", "1", at(1)),), at(1)),
        Setting("network.mode", "allow", at(1)),
        Setting(
            "network.allow", (Allowed("a.example", 443, False, at(3)), Allowed("b.example", 80, False, at(5))), at(3)
        ),
        Setting("limits.memory", 2**30, at(9)),
        Setting("limits.wall", None, at(9)),
    )


def test_all_mistakes_of_a_file_are_reported_together_in_order():
    error = refused(
        {"workspace": {"mode": "reviw", "mod": 1}, "netwrk": {}, "limits": 3},
        {("workspace", "mode"): 9, ("workspace", "mod"): 4, ("netwrk",): 6, ("limits",): 12},
    )
    assert error.what == "paddock.toml:4: unknown key workspace.mod; did you mean workspace.mode?"
    assert error.why.splitlines() == [
        "paddock.toml:6: unknown section netwrk; did you mean network?",
        'paddock.toml:9: workspace.mode: expected readonly, scratch, review or live, not "reviw"; did you mean "review"?',
        "paddock.toml:12: limits: expected a section [limits], not 3",
    ]
    assert error.next_step


@pytest.mark.parametrize(
    ("data", "hint"),
    [({"mode": "x"}, "did you mean workspace.mode"), ({"network.mode": "x"}, "did you mean network.mode"), ({"limits": {"memroy": 1}}, "did you mean limits.memory"),
     ({"workspace": {"memory": 1}}, "did you mean limits.memory"), ({"qqqq": 1}, "there are workspace, environment, boundary, network, "),
     ({"Network": {}}, "did you mean network")],
)  # fmt: skip
def test_an_unknown_key_names_the_nearest(data, hint):
    assert hint in refused(data).what


@pytest.mark.parametrize("name", list(COMING))
def test_what_is_to_come_is_refused_by_name_never_as_unknown(name):
    section, _, key = name.partition(".")
    values: tuple[Any, ...] = ({"deploy": {"run": []}}, "7d", ["pypi"], {})
    for value in values:
        error = refused({section: {key: value}} if key else {section: value})
        assert "not available yet" in error.what
        assert "unknown" not in error.what
        assert error.code == "not-available-yet"


def test_words_to_come_are_not_available_yet():
    assert refused({"network": {"mode": "registries"}}).code == "not-available-yet"
    assert refused({"network": {"mode": "registries", "allow": ["1.2.3.4"]}}).code == "policy"


def test_a_table_with_ports_is_one_entry_for_each():
    found = layer({"network": {"allow": [{"host": "a.example", "ports": [80, 8080, 80]}, "b.example"]}})
    (setting,) = found.settings
    assert isinstance(setting.value, tuple)
    assert [(entry.host, entry.port) for entry in setting.value if isinstance(entry, Allowed)] == [
        ("a.example", 80),
        ("a.example", 8080),
        ("b.example", 443),
    ]


def test_many_ports_count_as_many_entries():
    tables = [{"host": f"h{n}.example", "ports": list(range(1, 101))} for n in range(11)]
    assert "at most 1000 entries, not 1100" in refused({"network": {"allow": tables}}).what


def test_one_host_and_port_in_two_ways_is_a_mistake_unless_one_takes_in_the_other():
    wide, get, paths = "a.example", {"host": "a.example", "methods": ["GET"]}, {"host": "A.example", "paths": ["/x"]}
    error = refused({"network": {"allow": [get, "b.example", paths]}})
    assert "network.allow: a.example:443 is allowed in two ways" in error.what
    for several in ([get, wide], [wide, paths, get], [{**get, "paths": ["/x"]}, get]):
        assert layer({"network": {"allow": several}}).settings


def test_a_count_with_a_largest_cannot_be_lifted():
    for value in (0, 10_001, "none", "10001", True, 1.5):
        assert "network.rate: expected a whole number from 1 to 10000" in refused({"network": {"rate": value}}).what
    assert layer({"network": {"connections": 10_000, "rate": "7"}}).settings[1].value == 7


@pytest.mark.parametrize("word", ["podman", "gvisor", "microvm"])
def test_planned_boundaries_may_be_named(word):
    assert layer({"boundary": {"use": word, "minimum": word}}).settings[0].value == word


WRONG_TYPES = [1, -1, 1.5, True, "", "\0", [1], [[]], [{}], {"x": 1}, None, [None], {"host": 1}]


@pytest.mark.parametrize("full", list(KEYS))
@pytest.mark.parametrize("value", WRONG_TYPES, ids=repr)
def test_every_key_refuses_what_is_not_of_its_type(full, value):
    if full == CREDENTIALS:
        assert "paddock.toml:1: credentials" in refused({"credentials": {"one": value}}).what
        return
    accepted: dict[str, list[object]] = {"count": [1], "size": [1], "number": [1, 1.5]}
    fine = accepted.get(KEYS[full].kind, [])
    if full == "network.publish" and value == [1]:
        assert layer(nested(full, value)).settings
    elif KEYS[full].kind == "switch" and value is True:
        assert layer(nested(full, value)).settings[0].value == "true"
    elif value in fine and not isinstance(value, bool):
        assert layer(nested(full, value)).settings[0].value == value
    else:
        assert refused(nested(full, value)).what.startswith(f"paddock.toml:1: {full}: ")


def test_values_of_variables_are_not_quoted_in_errors():
    error = refused({"environment": {"set": {"A": "hunter2\0", "B=": "hunter2"}}})
    assert "hunter2" not in error.what + error.why


def test_a_flood_of_mistakes_is_cut():
    error = refused({f"k{n}": 1 for n in range(5000)})
    assert len(error.why.splitlines()) == MOST_PROBLEMS
    assert error.why.endswith(f"and {5000 - MOST_PROBLEMS} more")


def test_a_flood_of_entries_is_refused():
    assert "at most" in refused({"workspace": {"mask": ["a"] * (MOST_ENTRIES + 1)}}).what
    assert "at most" in refused({"environment": {"set": {f"A{n}": "" for n in range(MOST_ENTRIES + 1)}}}).what
    assert layer({"workspace": {"mask": ["a"] * MOST_ENTRIES}}).settings


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["off", "allow", "none", "auto", "4h", "a.example"]),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
documents = st.dictionaries(
    st.one_of(st.sampled_from([*SECTIONS, *COMING]), st.text(max_size=5)),
    st.one_of(trees, st.dictionaries(st.one_of(st.sampled_from([key.name for key in KEYS.values()]), st.text(max_size=5)), trees, max_size=4)),
    max_size=4,
)  # fmt: skip


@given(documents)
def test_any_data_is_a_layer_or_a_policy_error_on_printable_lines(data):
    said: list[str] = []
    try:
        found = {setting.key for setting in layer(data).settings}
    except PolicyError as error:
        said = [error.what, *error.why.splitlines()]
    else:
        sections = {s: ["NAME"] if s == "credentials" else table for s, table in data.items()}
        assert found == {f"{s}.{k}" for s, table in sections.items() for k in table}
    assert all(line.isprintable() for line in said)
