"""The JSON Schema says the same as the checks, as far as a schema can."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.policy.checking import layer_from
from paddock.policy.keys import KEYS
from paddock.policy.schema import DRAFT, json_schema
from tests.policy.tables import nested

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def valid(schema: dict[str, Any], data: Any) -> bool:
    """As much of draft 2020-12 as the schema uses; an unknown word fails the test."""
    return all(RULES[word](argument, data, schema) for word, argument in schema.items())


def is_type(name, data, _):
    return isinstance(data, TYPES[name]) and (name == "boolean" or not isinstance(data, bool))


def no_others(rule, data, schema):
    others = (
        {name: value for name, value in data.items() if name not in schema.get("properties", {})}
        if isinstance(data, dict)
        else {}
    )
    return not others if rule is False else all(valid(rule, value) for value in others.values())


RULES: dict[str, Any] = {
    "$schema": lambda value, _data, _schema: value == DRAFT,
    "title": lambda *_: True,
    "description": lambda *_: True,
    "default": lambda value, _data, schema: valid({k: v for k, v in schema.items() if k != "default"}, value),
    "type": is_type,
    "enum": lambda values, data, _: data in values,
    "const": lambda value, data, _: data == value,
    "anyOf": lambda schemas, data, _: any(valid(one, data) for one in schemas),
    "pattern": lambda pattern, data, _: not isinstance(data, str) or re.search(pattern, data) is not None,
    "minLength": lambda least, data, _: not isinstance(data, str) or len(data) >= least,
    "minimum": lambda least, data, _: not isinstance(data, int | float) or data >= least,
    "maximum": lambda most, data, _: not isinstance(data, int | float) or data <= most,
    "exclusiveMinimum": lambda least, data, _: not isinstance(data, int | float) or data > least,
    "minItems": lambda least, data, _: not isinstance(data, list) or len(data) >= least,
    "maxItems": lambda most, data, _: not isinstance(data, list) or len(data) <= most,
    "items": lambda schema, data, _: not isinstance(data, list) or all(valid(schema, item) for item in data),
    "required": lambda names, data, _: not isinstance(data, dict) or all(name in data for name in names),
    "propertyNames": lambda schema, data, _: not isinstance(data, dict) or all(valid(schema, name) for name in data),
    "properties": lambda known, data, _: (
        not isinstance(data, dict) or all(valid(known[name], value) for name, value in data.items() if name in known)
    ),
    "additionalProperties": no_others,
}


def accepted(data) -> bool:
    try:
        layer_from(data, {}, "repository", "paddock.toml", "/repo")
    except PolicyError:
        return False
    return True


def test_it_names_every_key_with_its_sentence_and_a_valid_default():
    schema: Any = json_schema()
    sections = {name: section for name, section in schema["properties"].items() if name != "credentials"}
    found = {f"{s}.{k}": rule for s, section in sections.items() for k, rule in section["properties"].items()}
    found |= {f"network.setup.{k}": rule for k, rule in found.pop("network.setup")["properties"].items()}
    assert sorted(found) == sorted(full for full in KEYS if full != "credentials.NAME")
    assert KEYS["credentials.NAME"].doc in schema["properties"]["credentials"]["description"]
    for full, rule in found.items():
        assert rule["description"] == f"{KEYS[full].doc}."
        assert accepted(nested(full, rule["default"]))
        assert valid(rule, rule["default"])
    assert schema["additionalProperties"] is False
    assert all(section["additionalProperties"] is False for section in sections.values())


samples = st.one_of(
    st.sampled_from(["review", "auto", "microvm", "off", "allow", "debug", "none", "4GiB", "1.5GB", "7", "90s", "1.5h", 3, 0.5, "0.5", 1, [], {}]),
    st.lists(st.sampled_from([".env", "a.example", "a.example:80", "LC_*", "/opt", "~/x", "no-pid", {"host": "a.example"}, {"host": "10.0.0.1", "private": True}, "[::1]:80", "*.example.test", "*.example.test:1", "192.0.2.7", "::1", "host:1", 3000, "80:81", {"host": "a.example", "ports": [1, 2], "methods": ["GET"], "paths": ["/a*"], "upload": "1MiB"}, {"host": "a.example", "raw": True, "upload": 5}]), max_size=2),
    st.lists(st.fixed_dictionaries({"pattern": st.sampled_from(["a", "!a", "/", "a/../b", "x/*.sh"]), "family": st.sampled_from(["ci", "no"]), "why": st.sampled_from(["", "w"])}, optional={"severity": st.sampled_from(["low", "no"]), "extra": st.just("")}), max_size=2),
    st.lists(st.sampled_from(["build-make", "build-make:/Makefile", "x:", "x:!a", "X", "a b"]), max_size=2),
    st.dictionaries(st.sampled_from(["A", "npm_config_x", "é"]), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=2),
    st.from_regex(r"\A[0-9]{1,4}(\.[0-9]{1,3})? ?(GiB|MB|KiB|s|m|h|d|)\Z"),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=2),
    st.integers(-2, 10**6),
    st.floats(allow_nan=False),
    st.booleans(),
)  # fmt: skip


@given(st.sampled_from(list(KEYS)), samples)
def test_whatever_the_checks_accept_the_schema_accepts(full, value):
    if accepted(nested(full, value)):
        assert valid(json_schema(), nested(full, value))


bindings = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["env:A", "env:A,B", "env:", "file:~/a", "file:a", "keyring:a/b", "command:gh auth token", "command:a|b", ["gh", "auth"], [], "no:x", 1]),
        "hosts": st.lists(st.sampled_from(["a.example", "*.example.test:8443", {"host": "a.example", "methods": ["GET"]}, "*", 1]), max_size=2),
    },
    optional={
        "variables": st.lists(st.sampled_from(["A", "B", "C", "PATH", "A=B", "A*"]), max_size=3),
        "shape": st.sampled_from(["bearer", "basic", "sigv4", "header:x-api-key", "header:", "header:host", "Bearer", 1]),
        "user": st.sampled_from(["a", "x-access-token", "a:b", ""]),
        "ttl": st.sampled_from(["30m", "1.5h", "30", 30]),
        "extra": st.just(1),
    },
)  # fmt: skip


@given(st.sampled_from(["a", "github-1", "A", "a.b", ""]), bindings)
def test_whatever_credential_the_checks_accept_the_schema_accepts(name, binding):
    if accepted({"credentials": {name: binding}}):
        assert valid(json_schema(), {"credentials": {name: binding}})


@pytest.mark.parametrize(
    "data",
    [{"netwrk": {}}, {"network": {"alow": []}}, {"network": {"mode": "registries"}}, {"network": {"registries": []}}, {"actions": {}}, {"limits": {"wall": 5}}, {"limits": {"memory": "4G"}},
     {"limits": {"processes": 0}}, {"limits": {"cpus": 0}}, {"network": {"allow": ["a.*.example"]}}, {"network": {"allow": [{"host": "a", "ports": []}]}}, {"network": {"allow": [{"host": "a", "paths": ["x"]}]}}, {"network": {"rate": 0}}, {"network": {"rate": 10001}}, {"network": {"rate": "none"}}, {"network": {"deny": ["*"]}}, {"network": {"publish": ["a"]}}, {"network": {"allow": ["https://a.example/"]}}, {"network": {"allow": [{"port": 1}]}},
     {"network": {"allow": [{"host": "a", "port": 0}]}}, {"network": {"allow": [{"host": "a", "x": 0}]}}, {"environment": {"set": {"A": 1}}}, {"environment": {"set": {"A=B": "1"}}},
     {"workspace": {"mask": ["!x"]}}, {"workspace": {"mask": "x"}}, {"boundary": {"accept": ["No"]}}, {"workspace": {"mode": True}}, {"limits": []},
     {"credentials": {"a": {"source": "env:A"}}}, {"credentials": {"a": {"hosts": ["a.example"]}}}, {"credentials": {"a": {"source": "vault:A", "hosts": ["a.example"]}}}, {"credentials": {"A": {"source": "env:A", "hosts": ["a.example"]}}}, {"credentials": {"a": {"source": "env:A", "hosts": ["a.example"], "host": "b"}}},
     {"workspace": {"canaries": ["gcp"]}},
     {"hazards": {"add": ["x"]}}, {"hazards": {"add": [{"pattern": "x"}]}}, {"hazards": {"add": [{"pattern": "x", "family": "y", "why": "z"}]}}, {"hazards": {"allow": ["No"]}}, {"hazards": {"large": "4G"}}],
)  # fmt: skip
def test_the_schema_marks_the_usual_mistakes(data):
    assert not valid(json_schema(), data)
    assert not accepted(data)
