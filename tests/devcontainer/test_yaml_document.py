"""YAML with the place of every value, and an end for hostile files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.document import Broken
from paddock.devcontainer.yaml_document import DEEPEST, read

if TYPE_CHECKING:
    from paddock.devcontainer.document import Node


def data(text: str) -> Any:
    return read(text, "c.yml").roots[0].data()


def at(text: str, *path: str | int) -> str:
    node = read(text, "c.yml").roots[0].at(*path)
    assert node
    return text[node.place.offset : node.place.end]


# go-yaml's reading, which is Compose's: YAML 1.1 gave `yes`, `22:22` and `0777` other meanings.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("22:22", "22:22"),
        ("0777", "0777"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("1e999", float("inf")),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("2001-12-14", "2001-12-14"),
        ("1" * 5000, "1" * 5000),
        ("!!python/object/apply:os.system x", "x"),
    ],
)
def test_scalars_mean_what_compose_takes_them_for(text: str, value: object) -> None:
    assert data(f"a: {text}") == {"a": value}


def test_values_and_keys_know_their_places() -> None:
    text = "a:\n  - {b: 'x y', \"c\": [1]}\n  - |\n    t\n"
    assert at(text, "a", 0, "b") == "'x y'"
    assert at(text, "a", 0, "c", 0) == "1"
    assert at(text, "a", 0) == "{b: 'x y', \"c\": [1]}"
    member = read(text, "c.yml").roots[0].member("a")
    assert member
    assert str(member.key_place) == "c.yml:1:1"


def test_a_mark_at_the_beginning_moves_nothing() -> None:
    assert at("\ufeffa: b", "a") == "b"


def test_merge_keys_give_what_a_mapping_does_not_say_itself() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {a: 2, c: 2}\nz: {<<: [*x, *y], b: 3}\nq: {'<<': no}"
    assert data(text)["z"] == {"a": 1, "b": 3, "c": 2}
    assert data(text)["q"] == {"<<": "no"}


def test_what_comes_by_an_alias_stands_at_its_anchor() -> None:
    assert at("x: &x {a: 1}\ny: *x", "y", "a") == "1"


def test_a_key_that_is_there_twice_is_a_flaw() -> None:
    found = read("a: 1\nb: 2\na: 3", "c.yml")
    assert [(flaw.code, str(flaw.place)) for flaw in found.flaws] == [("duplicate-key", "c.yml:3:1")]
    assert found.roots[0].data()["a"] == 3


def test_tags_of_compose_are_kept_by_place() -> None:
    text = "a: !reset null\nb: !override [x]"
    found = read(text, "c.yml")
    assert found.tags == {text.index("!r"): "reset", text.index("!o"): "override"}


def test_several_documents_are_all_read() -> None:
    assert [root.data() for root in read("a: 1\n---\nb: 2\n", "c.yml").roots] == [{"a": 1}, {"b": 2}]
    assert read("", "c.yml").roots == ()


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
SHARED = "a: &a {" + ",".join(f"k{number}: 1" for number in range(2000)) + "}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (LAUGHS, "c.yml:4:"),
        (SHARED + "".join(f"s{number}: {{<<: *a}}\n" for number in range(2000)), "c.yml:"),
        ("a: " + "[" * 100_000, f"c.yml:1:{DEEPEST + 3}"),
        ("".join(" " * number + "a:\n" for number in range(500)), f"c.yml:{DEEPEST + 1}:"),
        ("a: " + "x" * 10_000_000, "c.yml:1:1"),
        ("a: &a [*a]", "c.yml:1:8"),
        ("a: *b", "c.yml:1:4"),
        ("a: \x00", "c.yml:1:4"),
        ("a: \udc80", "c.yml:1:4"),
        ("a: [1", "c.yml:1:"),
        ("a:\n\t- b", "c.yml:2:1"),
        ("{a: 1}: 2", "c.yml:1:1"),
        ("a: {<<: 3}", "c.yml:1:9"),
    ],
    ids=[
        "laughs",
        "merges",
        "deep",
        "deep-block",
        "large",
        "self",
        "alias",
        "nul",
        "surrogate",
        "open",
        "tab",
        "key",
        "<<",
    ],
)
def test_hostile_and_broken_files_are_refused_with_a_place(text: str, place: str) -> None:
    with pytest.raises(Broken) as refused:
        read(text, "c.yml")
    assert str(refused.value.place).startswith(place)


# Line ends of YAML 1.1 that PyYAML writes as they are, and then folds when it reads them.
TEXT = st.text(st.characters(exclude_characters="\x85\u2028\u2029", exclude_categories=["Cs"]), max_size=6).filter(
    lambda text: not re.fullmatch(r"[-+.0-9eE]+", text)  # `0E0` is a number for go-yaml, and text for PyYAML
)
PLAIN = st.recursive(
    st.one_of(TEXT, st.integers(-99, 10**6), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(alphabet="abc<", min_size=1, max_size=3), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(alphabet="abc", min_size=1, max_size=3), PLAIN, max_size=4), st.booleans(), st.booleans()
)
def test_what_is_written_is_read(value: dict[str, Any], flow: bool, unicode: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=unicode)
    found = read(text, "c.yml").roots[0]
    assert found.data() == value
    _inside(found, text)


@given(st.text(alphabet="ab:- \n{}[]&*!|>'\"#,?<%@\t~", max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        found = read(text, "c.yml")
    except Broken:
        return
    for root in found.roots:
        _inside(root, text)


def _inside(node: Node, text: str) -> None:
    assert 0 <= node.place.offset <= node.place.end <= len(text)
    for below in (*node.items, *(member.node for member in node.members)):
        _inside(below, text)
