"""Several compose files as one, held against what is known of Docker Compose itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.compose_merging import Merger, scalar, variables
from paddock.devcontainer.yaml_document import read


def merged(*texts: str) -> Any:
    tree, tags = None, {}
    for number, text in enumerate(texts):
        found = read(text, f"{number}.yml")
        tags.update({(found.file, offset): tag for offset, tag in found.tags.items()})
        tree = Merger(tags).merge(tree, found.roots[0])
    assert tree
    return tree.data()


def service(below: str, above: str) -> Any:
    return merged(f"services: {{a: {{{below}}}}}", f"services: {{a: {{{above}}}}}")["services"]["a"]


# docs.docker.com/reference/compose-file/merge
@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ("image: x, user: a", "image: y", {"image": "y", "user": "a"}),
        ("command: [a, b]", "command: c", {"command": "c"}),
        ("entrypoint: [a]", "entrypoint: [b]", {"entrypoint": ["b"]}),
        ("healthcheck: {test: [a], retries: 1}", "healthcheck: {test: [b]}", {"healthcheck": {"test": ["b"], "retries": 1}}),
        ("cap_add: [A, B]", "cap_add: [B, C]", {"cap_add": ["A", "B", "C"]}),
        ("environment: [A=1, B=1]", "environment: {B: 2}", {"environment": {"A": "1", "B": 2}}),
        ("environment: {A: 1}", "environment: [A]", {"environment": {"A": None}}),
        ("volumes: ['aa:/x', 'bb:/y']", "volumes: ['cc:/x/']", {"volumes": ["cc:/x/", "bb:/y"]}),
        (
            "volumes: ['/a:/x']",
            "volumes: [{type: bind, source: /b, target: /x}]",
            {"volumes": [{"type": "bind", "source": "/b", "target": "/x"}]},
        ),
        ("ports: ['1:1']", "ports: ['2:1', '1:1/tcp']", {"ports": ["1:1/tcp", "2:1"]}),
        ("ports: ['1:1']", "ports: [{target: 1, published: 1}]", {"ports": [{"target": 1, "published": 1}]}),
        ("devices: ['/dev/a:/dev/x']", "devices: ['/dev/b:/dev/x:r']", {"devices": ["/dev/b:/dev/x:r"]}),
        ("secrets: [a]", "secrets: [{source: b, target: a}]", {"secrets": [{"source": "b", "target": "a"}]}),
        ("build: .", "build: {target: t}", {"build": {"context": ".", "target": "t"}}),
        ("env_file: a", "env_file: [b]", {"env_file": ["a", "b"]}),
        ("depends_on: [a]", "depends_on: {b: {condition: x}}", {"depends_on": {"a": None, "b": {"condition": "x"}}}),
        ("logging: {driver: a, options: {x: 1}}", "logging: {driver: b}", {"logging": {"driver": "b"}}),
        ("logging: {driver: a, options: {x: 1}}", "logging: {options: {y: 1}}", {"logging": {"driver": "a", "options": {"x": 1, "y": 1}}}),
        ("privileged: true, user: a", "privileged: !reset null", {"user": "a"}),
        ("cap_add: [A]", "cap_add: !override [B]", {"cap_add": ["B"]}),
        ("environment: {A: 1, B: 1}", "environment: {A: !reset null}", {"environment": {"B": 1}}),
        ("image: x", "", {"image": "x"}),
    ],
)  # fmt: skip
def test_each_kind_of_value_is_merged_in_its_way(below: str, above: str, result: object) -> None:
    assert service(below, above) == result


def test_a_service_with_nothing_below_it_changes_nothing() -> None:
    assert merged("services: {a: {image: x}}", "services: {a: }") == {"services": {"a": {"image": "x"}}}


def test_values_keep_their_own_places() -> None:
    below, above = read("a: {x: 1, y: [1]}", "below.yml"), read("a: {y: [2]}", "above.yml")
    tree = Merger({}).merge(below.roots[0], above.roots[0])
    assert tree
    places = {path: str(node.place) for path in (("a", "x"), ("a", "y", 0), ("a", "y", 1)) if (node := tree.at(*path))}
    assert places == {
        ("a", "x"): "below.yml:1:8",
        ("a", "y", 0): "below.yml:1:15",
        ("a", "y", 1): "above.yml:1:9",
    }


NAMES = st.sampled_from(["A", "B", "C"])
ITEMS = st.lists(NAMES, max_size=3, unique=True)
SERVICE = st.fixed_dictionaries(
    {},
    optional={
        "image": NAMES,
        "user": NAMES,
        "privileged": st.booleans(),
        "cap_add": ITEMS,
        "dns": ITEMS,
        "security_opt": ITEMS,
        "command": st.one_of(NAMES, ITEMS),
        "environment": st.dictionaries(NAMES, NAMES, max_size=3),
        "labels": st.lists(NAMES.map(lambda name: f"{name}=1"), max_size=3, unique=True),
        "volumes": st.lists(st.tuples(NAMES, NAMES).map(lambda it: f"/{it[0]}:/{it[1]}"), max_size=3, unique_by=lambda it: it[3:]),
        "ports": st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda it: f"{it[0]}:{it[1]}"), max_size=3, unique=True),
        "deploy": st.fixed_dictionaries({}, optional={"replicas": st.integers(1, 3), "labels": st.dictionaries(NAMES, NAMES, max_size=2)}),
    },
)  # fmt: skip


@given(st.lists(SERVICE, min_size=2, max_size=3))
def test_compose_lint_merges_the_same(services: list[dict[str, Any]]) -> None:
    """Its table of merging was measured at Docker Compose (its `tests/test_merge_semantics.py`)."""
    from compose_lint.parser import load_merged

    texts = [yaml.safe_dump({"services": {"a": {"image": "x", **one}}}) for one in services]
    with tempfile.TemporaryDirectory() as folder:
        paths: list[str | Path] = []
        for number, text in enumerate(texts):
            paths.append(Path(folder) / f"{number}.yml")
            Path(paths[-1]).write_text(text)
        theirs = load_merged(paths, use_env=False).data["services"]["a"]
    assert same(merged(*texts)["services"]["a"]) == same(theirs)


def same(one: dict[str, Any]) -> dict[str, Any]:
    """Lists of names and values as mappings, as which they count."""
    labels = one.get("labels")
    named = dict(it.split("=") for it in labels) if isinstance(labels, list) else labels
    return {key: value for key, value in {**one, "labels": named}.items() if value not in (None, {}, [])}


def test_scalars_are_written_as_compose_writes_them() -> None:
    assert [scalar(read(f"a: {text}", "c").roots[0].get("a")) for text in ("true", "1", "x", "~", "[]")] == [
        "true",
        "1",
        "x",
        None,
        None,
    ]


def test_a_list_of_variables_is_a_mapping() -> None:
    node = read("[A=1, B, A=2, C=]", "c").roots[0]
    assert {one.key: one.node.value for one in variables(node)} == {"A": "2", "B": None, "C": ""}
