"""The rules by which layers come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import merging
from paddock.devcontainer.document import Document, Node, Place
from paddock.devcontainer.model import (
    Configuration,
    Customization,
    Hook,
    Mount,
    Port,
    PortAttributes,
    Requirement,
    Switch,
    Text,
    Variable,
)
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from paddock.devcontainer.source import Layer

PLACE = Place("f", 1, 1, 0, 0)
OBJECT = Node("object", None, PLACE)
NAMES: tuple[Layer, ...] = ("label", "feature", "file")
LAYERS = tuple(Source(name, name) for name in NAMES)


def switches(*values: bool | None) -> list[Switch | None]:
    return [None if value is None else Switch(value, origin) for value, origin in zip(values, LAYERS, strict=True)]


def texts(*values: str | None) -> list[Text | None]:
    return [None if value is None else Text(value, origin) for value, origin in zip(values, LAYERS, strict=True)]


def mount(target: str, source: str = "s", origin: Source = merging.DEFAULT) -> Mount:
    return Mount("bind", source, target, read_only=False, asked_read_only=False, options=(), raw="", origin=origin)


def configuration(layer: Any, **values: Any) -> Configuration:
    return Configuration(layer, layer, Document("f", "{}", OBJECT), OBJECT, **values)


@pytest.mark.parametrize(
    ("values", "expected", "who"),
    [
        ((None, None, None), False, "default"),
        ((True, None, False), True, "label"),  # the file cannot take it back
        ((True, True, True), True, "label"),  # taking it out of the file alone would not help
        ((False, True, None), True, "feature"),
        ((False, None, False), False, "file"),
    ],
)
def test_what_one_layer_switches_on_none_switches_off(values, expected, who):
    found = merging.any_true(switches(*values))
    assert (found.value, found.origin.layer) == (expected, who)


@pytest.mark.parametrize(
    ("values", "default", "expected", "who"),
    [
        ((None, None, None), True, True, "default"),
        ((True, None, False), True, False, "file"),
        ((False, None, None), True, False, "label"),
        ((None, True, None), False, True, "feature"),
    ],
)
def test_of_other_switches_the_last_word_counts(values, default, expected, who):
    found = merging.last_switch(switches(*values), default)
    assert (found.value, found.origin.layer) == (expected, who)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((None, None, None), None),
        (("a", None, "b"), ("b", "file")),
        (("a", "b", ""), ("b", "feature")),  # an empty text says nothing
        (("a", None, None), ("a", "label")),
    ],
)
def test_of_texts_the_last_that_is_not_empty_counts(values, expected):
    found = merging.last_text(texts(*values))
    assert (found and (found.value, found.origin.layer)) == expected


def test_a_union_keeps_each_text_as_it_is_written_where_it_comes_first():
    said = [Text(value, LAYERS[at]) for at, value in [(0, "B"), (1, "A"), (1, "B"), (2, "a"), (2, "A")]]
    found = merging.union(said)
    assert [(one.value, one.origin.layer) for one in found] == [("B", "label"), ("A", "feature"), ("a", "file")]


def test_variables_are_merged_one_by_one_and_may_be_taken_away():
    said = [("A", "1", 0), ("B", "1", 0), ("C", "1", 1), ("A", "2", 1), ("B", None, 2)]
    found = merging.variables(Variable(name, value, True, LAYERS[at]) for name, value, at in said)
    assert [(one.name, one.value, one.origin.layer) for one in found] == [
        ("A", "2", "feature"),
        ("B", None, "file"),
        ("C", "1", "feature"),
    ]


def test_of_mounts_the_last_one_of_a_target_counts_and_stands_where_it_stood():
    said = [mount("/1", "a"), mount("/2", "b"), mount("/3", "c"), mount("/1", "d"), mount("/3", "e")]
    assert [(one.target, one.source) for one in merging.mounts(said)] == [("/2", "b"), ("/1", "d"), ("/3", "e")]


def test_a_port_is_forwarded_once():
    said = [Port("forward", inside, "", "", inside, LAYERS[at]) for at, inside in enumerate(("80", "db:80", "80"))]
    assert [(one.inside, one.origin.layer) for one in merging.forwarded(said)] == [
        ("80", "label"),
        ("db:80", "feature"),
    ]


def test_attributes_of_one_port_replace_each_other_whole():
    said = [PortAttributes(ports, (), origin) for ports, origin in zip(("80", "*", "80"), LAYERS, strict=True)]
    assert [(one.ports, one.origin.layer) for one in merging.attributes(said)] == [("80", "file"), ("*", "feature")]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("memory", "4gb", 4 << 30), ("memory", "1tb", 1 << 40), ("memory", "8gb", 8 << 30)], {"memory": "1tb"}),
        ([("cpus", "2", 2), ("storage", "1gb", 1 << 30), ("cpus", "4", 4)], {"cpus": "4", "storage": "1gb"}),
        ([("gpu", "optional", None), ("gpu", "true", None), ("gpu", "optional", None)], {"gpu": "true"}),
        ([("gpu", "true", None), ("gpu", "false", None)], {"gpu": "true"}),
        ([("gpu", "false", None), ("gpu", "optional", None)], {"gpu": "optional"}),
        (
            [("gpu", "true", None), ("gpu", "cores=4", None), ("gpu", "memory=8gb", None)],
            {"gpu": "cores=4, memory=8gb"},
        ),
        ([("gpu", "memory=16gb", None), ("gpu", "cores=1, memory=8gb", None)], {"gpu": "memory=16gb, cores=1"}),
        ([("memory", "lots", None), ("memory", "1gb", 1 << 30), ("memory", "more", None)], {"memory": "1gb"}),
    ],
)
def test_of_requirements_the_highest_counts(said, expected):
    found = merging.requirements(Requirement(name, value, amount, merging.DEFAULT) for name, value, amount in said)
    assert {one.name: one.value for one in found} == expected


def test_hooks_run_event_by_event_and_in_each_layer_by_layer():
    said = [
        Hook(event, "", "x", event == "initializeCommand", origin)
        for origin in LAYERS
        for event in ("postStartCommand", "onCreateCommand", "initializeCommand")
    ]
    kept = [hook for hook in said if not hook.on_host or hook.origin.layer == "file"]
    assert [(one.event, one.origin.layer) for one in merging.in_order(kept)] == [
        ("initializeCommand", "file"),
        *(("onCreateCommand", name) for name in NAMES),
        *(("postStartCommand", name) for name in NAMES),
    ]


def test_of_labels_and_features_only_what_they_may_say_counts():
    def everything(layer: Any) -> dict[str, Any]:
        origin = Source(layer, layer)
        return {
            "privileged": Switch(True, origin),
            "remote_user": Text("root", origin),
            "entrypoint": Text("/e", origin),
            "container_environment": (Variable("A", "b", False, origin),),
            "hooks": (
                Hook("initializeCommand", "", "x", True, origin),
                Hook("postStartCommand", "", "x", False, origin),
            ),
            "ports": (Port("publish", "1", "1", "", "1", origin), Port("forward", "2", "", "", "2", origin)),
            "customizations": (Customization("vscode", OBJECT, origin),),
        }

    asked = {name: configuration(name, **everything(name)) for name in NAMES}
    label, feature, file = merging.layers([asked["label"]], [asked["feature"]], asked["file"])
    assert (label.remote_user, feature.remote_user) == (asked["label"].remote_user, None)
    assert [one.entrypoint and one.entrypoint.origin.layer for one in (label, feature, file)] == [
        "label",
        "feature",
        None,
    ]
    assert [[hook.event for hook in one.hooks] for one in (label, feature, file)] == [
        ["postStartCommand"],
        ["postStartCommand"],
        ["initializeCommand", "postStartCommand"],
    ]
    assert [[port.kind for port in one.ports] for one in (label, feature, file)] == [
        ["forward"],
        [],
        ["publish", "forward"],
    ]
    assert [bool(one.container_environment) for one in (label, feature, file)] == [True, False, True]
    assert all(one.privileged and one.customizations for one in (label, feature, file))


WORDS = st.lists(st.sampled_from("abcd"), max_size=5)
MERGES: dict[str, Any] = {
    "union": (merging.union, lambda word, at: Text(word, Source("file", str(at)))),
    "variables": (merging.variables, lambda word, at: Variable(word, str(at), False, Source("file", str(at)))),
    "mounts": (merging.mounts, lambda word, at: mount(word, str(at), Source("file", str(at)))),
    "attributes": (merging.attributes, lambda word, at: PortAttributes(word, (), Source("file", str(at)))),
    "forwarded": (merging.forwarded, lambda word, at: Port("forward", word, "", "", word, Source("file", str(at)))),
    "requirements": (
        merging.requirements,
        lambda word, at: Requirement(word, str(at), at % 3, Source("file", str(at))),
    ),
}


@pytest.mark.parametrize("name", MERGES)
@given(st.lists(WORDS, min_size=3, max_size=3))
def test_layers_may_be_merged_in_any_grouping(name, said):
    """What is written back as a label and merged again comes to the same."""
    merge, make = MERGES[name]
    low, middle, high = (
        [make(word, 10 * at + number) for number, word in enumerate(words)] for at, words in enumerate(said)
    )
    whole = merge([*low, *middle, *high])
    assert merge([*merge([*low, *middle]), *high]) == whole
    assert merge([*low, *merge([*middle, *high])]) == whole
    assert merge(whole) == whole


@given(st.lists(st.sampled_from([True, False, None]), max_size=5), st.randoms())
def test_rights_do_not_depend_on_the_order_of_layers(values, shuffled):
    said = [None if value is None else Switch(value, merging.DEFAULT) for value in values]
    again = [*said]
    shuffled.shuffle(again)
    assert merging.any_true(said).value == merging.any_true(again).value == (True in values)


@given(WORDS, st.randoms())
def test_neither_do_unions(words, shuffled):
    again = [*words]
    shuffled.shuffle(again)
    sets = [
        {one.value for one in merging.union(Text(word, merging.DEFAULT) for word in some)} for some in (words, again)
    ]
    assert sets[0] == sets[1] == set(words)
