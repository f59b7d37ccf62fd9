from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.editing import Impossible, changes, made
from paddock.checking.findings import Edit
from paddock.devcontainer import jsonc
from tests.checking.texts import layouts, values

FILE = "devcontainer.json"


def edited(text: str, *edits: Edit) -> str:
    return made(text, changes(jsonc.parse(FILE, text), edits))


def set_(*path: str | int, to: Any) -> Edit:
    return Edit(FILE, "set", path, to)


def remove(*path: str | int) -> Edit:
    return Edit(FILE, "remove", path)


def append(*path: str | int, item: Any) -> Edit:
    return Edit(FILE, "append", path, item)


SAMPLE = """\
// what this is
{
  "name": "it",  // shown in the corner
  "privileged": true, // for the tests
  "mounts": [
    "source=/a,target=/a,type=bind",
    // the engine
    "source=/var/run/docker.sock,target=/s,type=bind",
  ],
  "runArgs": ["--init", "--net=host"]
}
"""


class TestLayout:
    def test_a_value_alone_is_replaced(self) -> None:
        assert edited(SAMPLE, set_("name", to="that")) == SAMPLE.replace('"it"', '"that"')

    def test_a_member_goes_with_its_line_and_the_comment_at_its_end(self) -> None:
        assert edited(SAMPLE, remove("privileged")) == SAMPLE.replace('  "privileged": true, // for the tests\n', "")

    def test_the_last_item_leaves_its_trailing_comma_as_the_style_it_is(self) -> None:
        gone = '    "source=/var/run/docker.sock,target=/s,type=bind",\n'
        assert edited(SAMPLE, remove("mounts", 1)) == SAMPLE.replace(gone, "")

    def test_the_last_item_takes_the_comma_before_it_along_where_there_is_none_after_it(self) -> None:
        assert edited(SAMPLE, remove("runArgs", 1)) == SAMPLE.replace(', "--net=host"', "")
        assert edited(SAMPLE, remove("runArgs")) == SAMPLE.replace('],\n  "runArgs": ["--init", "--net=host"]', "]")

    def test_items_are_appended_as_the_others_stand(self) -> None:
        assert '"--net=host", "--x"]' in edited(SAMPLE, append("runArgs", item="--x"))
        assert ',type=bind",\n    "new",\n  ],' in edited(SAMPLE, append("mounts", item="new"))

    def test_several_edits_are_made_together(self) -> None:
        every = edited(
            SAMPLE,
            remove("mounts", 0),
            remove("mounts", 1),
            append("mounts", item="new"),
            remove("privileged"),
            set_("init", to=True),
            append("runArgs", item="--x"),
        )
        assert every == (
            '// what this is\n{\n  "name": "it",  // shown in the corner\n  "mounts": [\n    // the engine\n    "new",\n  ],\n'
            '  "runArgs": ["--init", "--net=host", "--x"],\n  "init": true\n}\n'
        )

    def test_a_new_member_comes_after_the_comment_of_the_last_one(self) -> None:
        text = '{\n\t"a": 1 // one\n}'
        assert edited(text, set_("b", to=[1])) == '{\n\t"a": 1, // one\n\t"b": [1]\n}'

    def test_what_is_long_or_nested_gets_a_line_for_each_part(self) -> None:
        assert edited('{\n    "a": 1\n}', set_("b", to={"c": ["x" * 60, "y" * 60]})) == (
            '{\n    "a": 1,\n    "b": {\n        "c": [\n            "' + "x" * 60 + '",\n            "' + "y" * 60
            + '"\n        ]\n    }\n}'
        )  # fmt: skip

    def test_what_is_on_one_line_stays_on_it(self) -> None:
        assert edited('{"a":1}', set_("b", to={"c": [1, 2]})) == '{"a":1, "b": {"c": [1, 2]}}'
        assert edited("{ }", set_("a", to=1)) == '{ "a": 1 }'
        assert edited("[1, 2, 3]", remove(1), remove(2)) == "[1]"
        assert edited("[ 1, 2 ]", remove(1)) == "[ 1 ]"
        assert edited('{"a": [1, 2]}', remove("a", 0), append("a", item=3)) == '{"a": [2, 3]}'
        assert edited('{"a": [1, 2]}', remove("a", 0), remove("a", 1), append("a", item=3)) == '{"a": [3]}'

    def test_an_empty_object_gets_its_first_member_indented(self) -> None:
        assert edited("{\n}\n", set_("a", to=1)) == '{\n  "a": 1\n}\n'
        assert edited("{\r\n\t// none\r\n}", set_("a", to=1)) == '{\r\n\t// none\r\n  "a": 1\r\n}'

    def test_missing_parents_are_made_once(self) -> None:
        text = edited("{}", set_("a", "b", "c", to=1), set_("a", "b", "d", to=2), append("a", "e", item=3))
        assert json.loads(text) == {"a": {"b": {"c": 1, "d": 2}, "e": [3]}}

    def test_windows_line_ends_and_byte_order_marks_stay(self) -> None:
        text = "\ufeff" + SAMPLE.replace("\n", "\r\n")
        after = edited(text, remove("privileged"), append("mounts", item="new"), set_("init", to=True))
        assert after.startswith("\ufeff//")
        assert after.count("\n") == after.count("\r\n") == SAMPLE.count("\n") + 1

    def test_all_of_a_doubled_key_go_and_the_last_one_is_set(self) -> None:
        text = '{"a": 1, "b": 2, "a": 3}'
        assert edited(text, remove("a")) == '{"b": 2}'
        assert edited(text, set_("a", to=4)) == '{"a": 1, "b": 2, "a": 4}'

    def test_what_would_move_a_cursor_is_written_as_an_escape(self) -> None:
        assert edited("{}", set_("a", to="\x1b[2J\u202e")) == '{"a": "\\u001b[2J\\u202e"}'


class TestImpossible:
    @pytest.mark.parametrize(
        "edits",
        [
            [remove("none")],
            [remove("mounts", 7)],
            [remove()],
            [append("name", item=1)],
            [set_("mounts", 7, to=1)],
            [set_("name", "x", to=1)],
            [set_("name", to=1), set_("name", to=2)],
            [set_("new", to=1), set_("new", to=2)],
            [remove("mounts"), remove("mounts", 0), append("mounts", item=2)],
            [remove("mounts"), set_("mounts", 0, to=1)],
            [Edit(FILE, "replace", (), "x")],
        ],
    )
    def test_what_names_nothing_or_contradicts_is_refused(self, edits: list[Edit]) -> None:
        with pytest.raises(Impossible):
            edited(SAMPLE, *edits)

    def test_the_same_edit_twice_is_one(self) -> None:
        assert edited(SAMPLE, remove("privileged"), remove("privileged")) == edited(SAMPLE, remove("privileged"))
        assert edited("{}", append("a", item=1), append("a", item=1)) == '{"a": [1]}'

    def test_a_file_that_is_no_json_has_places_only(self) -> None:
        place = jsonc.parse(FILE, '"abc"').root.place
        assert made("'abc'", changes(None, [Edit(FILE, "replace", (), "x", place)])) == "x"
        with pytest.raises(Impossible):
            changes(None, [remove("a")])


def paths(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for step, one in inner for path in paths(one, (*here, step)))]


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def expected(data: Any, edit: Edit) -> Any:
    """What one edit makes of plain values."""
    data = copy.deepcopy(data)
    parent, last = at(data, edit.path[:-1]), edit.path[-1]
    if edit.action == "set":
        parent[last] = edit.value
    elif edit.action == "remove":
        del parent[last]
    elif isinstance(parent, dict) and last not in parent:
        parent[last] = [edit.value]
    else:
        parent[last].append(edit.value)
    return data


@st.composite
def one_edit(draw: Any, data: Any) -> Any:
    """An edit that is possible in this value."""
    every = paths(data)
    inside = [path for path in every if path]
    lists = [path for path in inside if isinstance(at(data, path), list)]
    objects = [path for path in every if isinstance(at(data, path), dict)]
    kinds = ["new"] + ["set", "remove"] * bool(inside) + ["append"] * bool(lists)
    value = draw(values)
    match draw(st.sampled_from(kinds)):
        case "new":
            return draw(
                st.sampled_from([set_(*path, "new", to=value) for path in objects])
                | st.sampled_from([append(*path, "new", item=value) for path in objects])
            )
        case "append":
            return append(*draw(st.sampled_from(lists)), item=value)
        case kind:
            return Edit(FILE, kind, draw(st.sampled_from(inside)), value if kind == "set" else None)


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n\r]*|/\*.*?\*/|[^\s",:\[\]{}/]+', re.DOTALL)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text.removeprefix("\ufeff"))


def is_part(shorter: list[str], longer: list[str]) -> bool:
    left = iter(longer)
    return all(one in left for one in shorter)


@given(layouts(), st.data())
def test_any_edit_gives_exactly_the_wished_value_and_leaves_the_rest(text: str, data: st.DataObject) -> None:
    document = jsonc.parse(FILE, text)
    before = document.root.data()
    edit = data.draw(one_edit(before))
    after = made(text, changes(document, [edit]))
    again = jsonc.parse(FILE, after)
    assert again.root.data() == expected(before, edit)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    if "\r\n" not in text:
        assert "\r" not in after
    if edit.action == "set" and document.root.at(*edit.path):
        place = document.root.at(*edit.path).place  # type: ignore[union-attr]
        assert (after[: place.offset], after[len(after) - (len(text) - place.end) :]) == (
            text[: place.offset],
            text[place.end :],
        )
    elif edit.action == "remove":
        assert is_part(tokens(after), tokens(text))
        parent, last = document.root.at(*edit.path[:-1]), edit.path[-1]
        assert parent
        spans = [(one.key_place.offset, one.node.place.end) for one in parent.members if one.key == last]
        spans += (
            [(one.place.offset, one.place.end) for one in parent.items[last : last + 1]] if type(last) is int else []
        )
        start, end = spans[0]
        end = re.compile("$", re.MULTILINE).search(text, end).start()  # type: ignore[union-attr]
        stay = [it.text for it in document.comments if it.place.end <= start or it.place.offset >= end]
        assert is_part(stay, [it.text for it in again.comments])
    else:
        assert is_part(tokens(text), tokens(after))
    trailing = [flaw.code for flaw in document.flaws].count("trailing-comma")
    assert [flaw.code for flaw in again.flaws].count("trailing-comma") <= trailing


@given(layouts(), st.data())
def test_edits_made_together_do_what_they_do_one_by_one(text: str, data: st.DataObject) -> None:
    """Those of different members of the file: no one's path means another thing after the other."""
    document = jsonc.parse(FILE, text)
    before, wished, edits = document.root.data(), document.root.data(), []
    for key in before:
        if data.draw(st.booleans()):
            inner = data.draw(one_edit({key: before[key]}))
            if inner.path[0] == key:
                edits.append(inner)
                wished = expected(wished, inner)
    assert jsonc.parse(FILE, made(text, changes(document, edits))).root.data() == wished
