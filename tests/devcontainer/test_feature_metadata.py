"""What a Feature says of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.devcontainer import feature_metadata, jsonc, properties
from paddock.devcontainer.model import FeatureUse, Option
from paddock.devcontainer.source import Source

HERE = Source("file", "devcontainer.json", ("features", "./a"))


def read(data: Any) -> feature_metadata.Metadata:
    return feature_metadata.read(jsonc.parse("a/devcontainer-feature.json", json.dumps(data)), "./a")


def short(value: str) -> FeatureUse:
    return FeatureUse("./a", "local", (Option("version", value, HERE),), HERE)


def test_it_says_what_it_is_and_what_it_needs_with_places():
    found = read(
        {
            "id": "a",
            "version": "1.2.3",
            "dependsOn": {"./b": {"x": "1", "y": True}, "registry.example.test/team/c:1": "2", "golang": True},
            "installsAfter": ["registry.example.test/team/d"],
            "legacyIds": ["old"],
            "deprecated": True,
        }
    )
    assert (found.id, found.version, found.legacy_ids, found.deprecated, found.flaws) == (
        "a",
        "1.2.3",
        ("old",),
        True,
        (),
    )
    asked = [(one.reference, one.kind, {it.name: it.value for it in one.options}) for one in found.depends_on]
    assert asked == [
        ("./b", "local", {"x": "1", "y": True}),
        ("registry.example.test/team/c:1", "registry", {"version": "2"}),
        ("golang", "registry", {}),
    ]
    (after,) = found.installs_after
    assert (after.value, after.origin.key) == ("registry.example.test/team/d", "installsAfter[0]")
    assert str(found.depends_on[0].origin.place).startswith("a/devcontainer-feature.json:1:")


OPTIONS = {
    "version": {"type": "string", "default": "latest", "proposals": ["latest"]},
    "with-tools": {"type": "boolean", "default": True},
    "2fast": {"type": "string", "enum": ["a", "b"], "default": "a"},
    "none": {"type": "string"},
}


def test_options_are_declared_with_their_defaults_and_choices():
    found = {one.name: (one.kind, one.default, one.choices) for one in read({"options": OPTIONS}).options}
    assert found["with-tools"] == ("boolean", True, ())
    assert found["2fast"] == ("string", "a", ("a", "b"))
    assert found["none"] == ("string", None, ())


def test_options_that_do_nothing_are_said():
    placed = jsonc.parse("devcontainer.json", '{"features": {"./a": {"2fast": "c", "with-tols": true, "none": "x"}}}')
    (asked,) = properties.read(placed, "file", "devcontainer.json").features
    found = feature_metadata.misuses(read({"options": OPTIONS}), asked)
    assert [(flaw.code, flaw.message, flaw.place.column) for flaw in found] == [
        ("wrong-value", "`2fast` of ./a is one of a, b", 32),
        ("unknown-option", "./a has no option `with-tols`", 50),
    ]
    assert feature_metadata.misuses(read({}), short("1")) == ()  # the short form of a Feature without versions


@pytest.mark.parametrize(
    "data",
    [
        {"id": []},
        {"version": {}},
        {"options": []},
        {"options": {"a": 1}},
        {"dependsOn": []},
        {"dependsOn": {"./b": [1]}},
        {"installsAfter": {"a": 1}},
        {"legacyIds": [[]]},
        {"deprecated": "yes"},
    ],
)
def test_what_has_the_wrong_type_is_a_flaw(data):
    assert "wrong-type" in [flaw.code for flaw in read(data).flaws]
