"""In which order Features are installed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import ordering, references
from paddock.devcontainer.alike import Facts
from paddock.devcontainer.document import Place
from paddock.devcontainer.model import FeatureUse, Option, Text
from paddock.devcontainer.source import Source
from paddock.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Features = dict[str, dict[str, Any]]
HERE = Source("file", "devcontainer.json")


def place(name: str, line: int) -> Source:
    return Source("feature", name, (), Place(f"{name}/devcontainer-feature.json", line, 5, 0, 0))


def uses(asked: Mapping[str, Mapping[str, Any]], source: Source = HERE) -> tuple[FeatureUse, ...]:
    return tuple(
        FeatureUse(name, "local", tuple(Option(key, value, source) for key, value in options.items()), source)
        for name, options in asked.items()
    )


def ordered(asked: Mapping[str, Any], features: Features, override: Sequence[str] = ()) -> list[tuple[str, Any]]:
    """The installations, from what `devcontainer.json` and the Features' own files would say."""

    def facts_of(reference: references.Reference) -> Facts:
        said = features.get(reference.text, {})
        return Facts(
            uses(said.get("dependsOn", {}), place(reference.text, 3)),
            tuple(Text(one, place(reference.text, 7)) for one in said.get("installsAfter", ())),
            tuple(said.get("aliases", ())),
            said.get("digest", ""),
        )

    steps = ordering.order(uses(asked), [Text(one, HERE) for one in override], facts_of)
    return [(step.use.reference, {one.name: one.value for one in step.use.options}) for step in steps]


def names(*arguments: Any) -> list[str]:
    return [name for name, _ in ordered(*arguments)]


NONE: dict[str, Any] = {}
# What is asked for, what the Features say, the override, and what comes out.
TABLE: dict[str, tuple[dict[str, Any], Features, list[str], list[str]]] = {
    "none": ({}, {}, [], []),
    "the sorting is not that of the file": ({"./z": NONE, "./m": NONE, "./a": NONE}, {}, [], ["./a", "./m", "./z"]),
    "hard dependency first": ({"./a": NONE}, {"./a": {"dependsOn": {"./b": NONE}}}, [], ["./b", "./a"]),
    "hard dependencies of dependencies": (
        {"./a": NONE},
        {"./a": {"dependsOn": {"./b": NONE}}, "./b": {"dependsOn": {"./c": NONE}}},
        [],
        ["./c", "./b", "./a"],
    ),
    "soft dependency orders": ({"./a": NONE, "./c": NONE}, {"./a": {"installsAfter": ["./c"]}}, [], ["./c", "./a"]),
    "soft dependency adds nothing": ({"./a": NONE}, {"./a": {"installsAfter": ["./c"]}}, [], ["./a"]),
    "soft dependencies of what is not there": (
        {"./a": NONE, "./b": NONE},
        {"./a": {"installsAfter": ["./c"]}, "./c": {"installsAfter": ["./b"]}},
        [],
        ["./a", "./b"],
    ),
    "soft and hard": (
        {"./a": NONE, "./b": NONE},
        {"./a": {"dependsOn": {"./c": NONE}, "installsAfter": ["./b"]}, "./c": {"installsAfter": ["./b"]}},
        [],
        ["./b", "./c", "./a"],
    ),
    "the override goes before names": (
        {"./a": {}},
        {"./a": {"dependsOn": {"./b": NONE, "./c": NONE, "./d": NONE}}},
        ["./d"],
        ["./d", "./b", "./c", "./a"],
    ),
    "the override goes by its order": (
        {"./a": NONE, "./b": NONE, "./c": NONE},
        {},
        ["./c", "./a", "./b"],
        ["./c", "./a", "./b"],
    ),
    "the override moves nothing before what it needs": (
        {"./a": NONE, "./b": NONE},
        {"./a": {"dependsOn": {"./c": NONE}}},
        ["./a"],
        ["./b", "./c", "./a"],
    ),
    "a high priority waits for its turn, and then goes first": (
        {"./b": NONE, "./c": NONE},
        {"./b": {"dependsOn": {"./a": NONE}}},
        ["./a", "./b", "./c"],
        ["./a", "./b", "./c"],
    ),
    "what is overridden and absent": ({"./a": NONE}, {}, ["./nothing"], ["./a"]),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_the_order_is_the_specifications(row):
    asked, features, override, expected = row
    assert names(asked, features, override) == expected


def test_one_feature_with_other_options_is_installed_again_and_with_the_same_ones_once():
    features: Features = {
        "./a": {"dependsOn": {"./b": {"x": "1"}, "./c": {}}},
        "./c": {"dependsOn": {"./b": {"x": "2", "y": True}}},
        "./d": {"dependsOn": {"./b": {"x": "1"}}},
    }
    assert ordered({"./a": {}, "./b": {}, "./d": {}}, features) == [
        ("./b", {}),  # fewer options first
        ("./b", {"x": "1"}),
        ("./b", {"x": "2", "y": True}),
        ("./c", {}),
        ("./d", {}),
        ("./a", {}),
    ]


@pytest.mark.parametrize(
    ("tag", "other", "options", "expected"),
    [
        ("1", "2", {}, ["1", "2"]),  # versions of one Feature, by their text
        ("10", "9", {}, ["10", "9"]),
        ("1", "1", {}, ["1"]),  # the same twice
        ("1", "1.0.0", {"digest": "sha256:00"}, ["1"]),  # two names of the same contents
        ("1", "latest", {}, ["1", "latest"]),
    ],
)
def test_versions_are_the_same_feature_only_where_their_contents_are(tag, other, options, expected):
    base = "registry.example.test/team/go"
    features: Features = {f"{base}:{tag}": options, f"{base}:{other}": options}
    asked: dict[str, Any] = {f"{base}:{tag}": {}}
    features["./x"] = {"dependsOn": {f"{base}:{other}": {}}}
    found = [name.rpartition(":")[2] for name in names({**asked, "./x": {}}, features) if name != "./x"]
    assert found == expected


def test_a_soft_dependency_is_met_by_any_version_and_by_a_former_name():
    base = "registry.example.test/team"
    features: Features = {
        f"{base}/a:1": {"installsAfter": [f"{base}/new"]},
        f"{base}/new": {"aliases": ["new", "zold"]},
    }
    assert names({f"{base}/a:1": {}, f"{base}/new:3": {}}, features) == [f"{base}/new:3", f"{base}/a:1"]
    assert names({f"{base}/a:1": {}, f"{base}/zold:1": {}}, features) == [f"{base}/zold:1", f"{base}/a:1"]
    assert names({f"{base}/a:1": {}, "other.example.test/team/new:1": {}}, features) == [
        "other.example.test/team/new:1",
        f"{base}/a:1",
    ]  # another host's is another Feature; "other…" sorts first anyway


def test_a_circle_is_shown_with_each_of_its_links_and_their_places():
    features: Features = {
        "./a": {"dependsOn": {"./b": {}}},
        "./b": {"installsAfter": ["./c"]},
        "./c": {"dependsOn": {"./b": {"x": "1"}, "./a": {}}},
    }
    with pytest.raises(Refused) as refused:
        ordered({"./z": {}, "./c": {}, "./a": {}}, features)
    assert refused.value.code == ordering.CYCLE
    assert refused.value.what == "Features wait for each other in a circle: ./c → ./b → ./c"
    assert "./c/devcontainer-feature.json:3:5: ./c depends on ./b" in refused.value.why
    assert "./b/devcontainer-feature.json:7:5: ./b installs after ./c" in refused.value.why


def test_a_feature_that_needs_itself_is_a_circle_of_one():
    with pytest.raises(Refused, match=r"circle: ./a → ./a"):
        ordered({"./a": {}}, {"./a": {"dependsOn": {"./a": {}}}})


def test_dependencies_that_never_end_are_refused_by_their_number():
    features: Features = {f"./{number}": {"dependsOn": {f"./{number + 1}": {}}} for number in range(2000)}
    with pytest.raises(Refused, match="more than 500 Features"):
        ordered({"./0": {}}, features)
    everybody = {f"./{number}": {"x": str(number)} for number in range(3000)}
    with pytest.raises(Refused, match="or 5000 that they depend on"):
        ordered({"./0": {}}, {name: {"dependsOn": everybody} for name in everybody})


GRAPHS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.sets(st.sampled_from("abcdef"), max_size=2), st.sets(st.sampled_from("abcdef"), max_size=2)),
    max_size=6,
)


@given(GRAPHS, st.permutations("abc"), st.lists(st.sampled_from("abcdef"), max_size=3))
def test_every_order_keeps_every_promise_or_names_a_circle(graph, asked, override):
    features: Features = {
        f"./{name}": {
            "dependsOn": {f"./{one}": {} for one in sorted(hard)},
            "installsAfter": [f"./{one}" for one in sorted(soft)],
        }
        for name, (hard, soft) in graph.items()
    }
    try:
        found = [
            name[2:] for name in names({f"./{one}": {} for one in asked}, features, [f"./{one}" for one in override])
        ]
    except Refused as refused:
        found = [refused.code]
    if found == [ordering.CYCLE]:
        return
    assert len(found) == len(set(found))
    assert set(asked) <= set(found)
    for at, name in enumerate(found):
        hard, soft = graph.get(name, ((), ()))
        assert set(hard) <= set(found[:at])
        assert set(soft) & set(found) <= set(found[:at])


def random_graph(seed: int) -> tuple[dict[str, Any], Features, list[str]]:
    """A graph of local Features with a few letters, mixed cases and options; some have circles."""
    drawn = random.Random(seed)
    letters = ["a", "B", "c-d", "c_d", "e1"]
    features: Features = {}
    for one in letters:
        hard = drawn.sample(letters, drawn.choice([0, 0, 1, 2]))
        features[f"./{one}"] = {
            "dependsOn": {f"./{other}": {"x": drawn.choice(["1", "2"])} for other in hard if other != one},
            "installsAfter": [f"./{other}" for other in drawn.sample(letters, drawn.choice([0, 0, 1]))],
        }
    asked = {f"./{one}": drawn.choice([{}, {"x": "2"}]) for one in drawn.sample(letters, 3)}
    return asked, features, [f"./{one}" for one in drawn.sample(letters, drawn.choice([0, 2]))]


@pytest.mark.parametrize("seed", [0, 3, 4, 5, 6])  # a circle, four orders
def test_the_reference_implementation_comes_to_the_same_order(seed, tmp_path, reference):
    asked, features, override = random_graph(seed)
    folder = tmp_path / ".devcontainer"
    for name, said in features.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "install.sh").touch()
        metadata = {"id": name[2:].lower(), "name": name, "version": "1.0.0", **said}
        (folder / name / "devcontainer-feature.json").write_text(json.dumps(metadata))
    configuration = {"image": "example", "features": asked, "overrideFeatureInstallOrder": override}
    (folder / "devcontainer.json").write_text(json.dumps(configuration))
    answer = reference("features", "resolve-dependencies", "--workspace-folder", tmp_path)
    try:
        found = ordered(asked, features, override)
    except Refused:
        assert answer is None
    else:
        assert answer is not None
        assert found == [(one["id"], one["options"]) for one in answer["installOrder"]]
