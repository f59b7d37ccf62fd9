"""JSON with comments: what is read, where it stands, what is refused and with which words."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import jsonc
from paddock.devcontainer.document import Broken
from paddock.errors import PaddockError
from paddock.policy.jsonc import NotJson
from paddock.policy.jsonc import parse as parse_for_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.devcontainer.document import Document, Node

FILE = ".devcontainer/devcontainer.json"
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: text != "__proto__")
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
BLANKS = st.lists(st.sampled_from([" ", "\t", "\n", "\r\n", "// it's {a\n", "/* , ] \n */", "/***/"]), max_size=3).map(
    "".join
)


def read(text: str) -> Document:
    return jsonc.parse(FILE, text)


def codes(text: str) -> list[str]:
    return [flaw.code for flaw in read(text).flaws]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for inner in (*(member.node for member in node.members), *node.items):
        yield from nodes(inner)


def refused(text: str) -> Broken | None:
    try:
        read(text)
    except Broken as error:
        return error
    return None


def floating(value: Any) -> Any:
    """All numbers as JavaScript has them."""
    if isinstance(value, dict):
        return {key: floating(one) for key, one in value.items()}
    if isinstance(value, list):
        return [floating(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@st.composite
def decorated(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any) -> str:
    """The value as text, with blanks and comments between all tokens, and commas at the end of some lists."""

    def write(value: Any) -> str:
        if isinstance(value, dict):
            inside = [f"{gap()}{json.dumps(key)}{gap()}:{gap()}{write(one)}{gap()}" for key, one in value.items()]
            return listed("{", inside, "}")
        if isinstance(value, list):
            return listed("[", [f"{gap()}{write(one)}{gap()}" for one in value], "]")
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    def listed(opening: str, inside: list[str], closing: str) -> str:
        more = "," + gap() if inside and draw(st.booleans()) else ""
        return opening + ",".join(inside) + more + gap() + closing

    def gap() -> str:
        return str(draw(BLANKS))

    return gap() + write(value) + gap()


@given(VALUES)
def test_plain_json_means_what_it_means_to_everyone(value: Any) -> None:
    text = json.dumps(value)
    assert read(text).root.data() == json.loads(text)
    assert set(codes(text)) <= {"nul-character"}


@given(VALUES.flatmap(lambda value: st.tuples(st.just(value), decorated(value))))
def test_comments_blanks_and_trailing_commas_change_no_value_and_every_place_is_exact(made: tuple[Any, str]) -> None:
    value, text = made
    found = read(text)
    assert found.root.data() == value
    for node in nodes(found.root):
        place = node.place
        own = text[place.offset : place.end]
        assert jsonc.parse(FILE, own).root.data() == node.data()
        assert own == own.strip()
        assert place.line == text.count("\n", 0, place.offset) + 1
        assert place.column == place.offset - (text.rfind("\n", 0, place.offset) + 1) + 1
        for member in node.members:
            key = member.key_place
            assert json.loads(text[key.offset : key.end], strict=False) == member.key
    for comment in found.comments:
        assert text[comment.place.offset : comment.place.end] == comment.text
    marks = [flaw.place for flaw in found.flaws if flaw.code == "trailing-comma"]
    assert all(text[place.offset : place.end] == "," for place in marks)


@given(st.text(alphabet="{}[]\",:\\/*\n truefalsn019.-e#'", max_size=40))
def test_any_text_is_read_or_refused_at_a_place_within_it(text: str) -> None:
    error = refused(text)
    if error:
        assert 0 <= error.place.offset <= error.place.end <= len(text)
        assert error.what.startswith(f"{error.place}: ")


@given(st.text(alphabet='{}[]",:\\/*\n truefalsn019.-e', max_size=30))
def test_the_reader_of_policies_takes_no_text_that_is_refused_here(text: str) -> None:
    """Two readers of one file: what a policy is read from must be what is shown and checked."""
    try:
        theirs = parse_for_policy(text).data
    except NotJson:
        return
    assert floating(read(text).root.data()) == floating(theirs)


PROTOTYPE = "`__proto__` is not read: to tools in JavaScript what it holds belongs to the object around it"
BROKEN = [
    ('{"a": 1 "b": 2}', "1:9", "a comma is missing before this"),
    ('{"a" 1}', "1:6", "a colon is missing before this"),
    ("{\n  a: 1}", "2:3", "a key in double quotes is expected here"),
    ("{'a': 1}", "1:2", "text stands in double quotes, not in single ones"),
    ('{"a": 01}', "1:7", "a value is expected here"),
    ('{"a": True}', "1:7", "a value is expected here"),
    ('{"a": NaN}', "1:7", "a value is expected here"),
    ('{"a": truely}', "1:7", "a value is expected here"),
    ("[1 2]", "1:4", "a comma is missing before this"),
    ("[1,,2]", "1:4", "a value is expected here"),
    ("[,]", "1:2", "a value is expected here"),
    ("{,}", "1:2", "a key in double quotes is expected here"),
    ("[1:2]", "1:3", "a comma is expected here"),
    ("[1]]", "1:4", "nothing but comments may follow the value"),
    ("{} {}", "1:4", "nothing but comments may follow the value"),
    ('{"a": [1}', "1:9", "`}` does not close the `[` of line 1"),
    ('{"a":\n1]', "2:2", "`]` does not close the `{` of line 1"),
    ('{"a": "x', "1:7", "the string is not closed in its line"),
    ('{"a": "x\n"}', "1:7", "the string is not closed in its line"),
    ('"' + '\\"' * 9, "1:1", "the string is not closed in its line"),
    ('{"a": "C:\\dir"}', "1:10", "JSON has no escape `\\d`; a backslash is written `\\\\`"),
    ('"\\u12"', "1:2", "JSON has no escape `\\u`; a backslash is written `\\\\`"),
    ("{/* x", "1:2", "the comment is not closed with `*/`"),
    ("{# x\n}", "1:2", "a key in double quotes is expected here"),
    ("[1 / 2]", "1:4", "a comment begins with `//` or `/*`"),
    ('{"a": 1e999}', "1:7", "the number is too large"),
    ('{\n "a": [1,\n', "2:10", "the file ends, but the `[` of line 2 is not closed with `]`"),
    ("", "1:1", "there is no value in the file"),
    ("// only\n", "1:1", "there is no value in the file"),
    ('{"a": {"__proto__": {}}}', "1:8", PROTOTYPE),
    ('{"__\\u0070roto__": {}}', "1:2", PROTOTYPE),
    ("\0", "1:1", "a value is expected here"),
    ("[" * 100_000, "1:101", "more than 100 levels of brackets are not read"),
    ("[" * 100_000 + "]" * 100_000, "1:101", "more than 100 levels of brackets are not read"),
    ('{"a":' * 50_000, "1:501", "more than 100 levels of brackets are not read"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "message"), BROKEN, ids=[f"{text[:20]!r}" for text, _, _ in BROKEN])
def test_broken_text_is_refused_with_its_place_and_the_reason(text: str, where: str, message: str) -> None:
    with pytest.raises(Broken) as caught:
        read(text)
    assert caught.value.what == f"{FILE}:{where}: {message}"
    assert isinstance(caught.value, PaddockError)
    assert caught.value.next_step == f"correct line {where.partition(':')[0]} of {FILE}"


def test_what_is_refused_is_shown_with_a_caret_below_it() -> None:
    with pytest.raises(Broken) as caught:
        read('{\n\t"image": "a"\n\t"name": "\x1b[31mb"\n}')
    assert caught.value.why == ' "name": "\N{REPLACEMENT CHARACTER}[31mb"\n ^'


def test_the_line_of_a_generated_file_is_cut_around_the_place() -> None:
    with pytest.raises(Broken) as caught:
        read("[" + "1, " * 1000 + "x" + ", 1" * 1000 + "]")
    line, caret = caught.value.why.split("\n")
    assert len(line) <= 122
    assert line[caret.index("^")] == "x"


FLAWED = [
    ('{"a": 1,}', "trailing-comma", "1:8"),
    ("[\n 1,\n]", "trailing-comma", "2:3"),
    ('{"a": 1, "b": 2, "a": 3}', "duplicate-key", "1:18"),
    ('{"a": 1, "\\u0061": 3}', "duplicate-key", "1:10"),
    ('\ufeff{"a": 1}', "byte-order-mark", "1:1"),
    ('{"a": "x\ty"}', "control-character", "1:7"),
    ('{"a": "x\\u0000y"}', "nul-character", "1:7"),
    ('{"a": "\\ud800"}', "lone-surrogate", "1:7"),
]


@pytest.mark.parametrize(("text", "code", "where"), FLAWED)
def test_what_is_read_although_it_is_not_right_is_said(text: str, code: str, where: str) -> None:
    (flaw,) = read(text).flaws
    assert (flaw.code, str(flaw.place)) == (code, f"{FILE}:{where}")


def test_of_what_is_written_twice_the_flaw_names_the_line_that_does_not_count() -> None:
    (flaw,) = read('{"image": "a",\n"image": "b"}').flaws
    assert flaw.message == '"image" is written twice: this one counts, not that of line 1'
    assert flaw.place.line == 2


def test_a_byte_order_mark_shifts_no_column_and_is_part_of_the_text() -> None:
    node = read('\ufeff{"a": 1}').root
    assert (node.place.column, node.place.offset) == (1, 1)
    found = node.get("a")
    assert found is not None
    assert (found.place.column, found.place.offset) == (7, 7)


def test_half_a_surrogate_pair_is_what_other_readers_make_of_it_and_a_whole_one_is_a_character() -> None:
    assert read('"\\ud83d\\ude00"').root.value == "\N{GRINNING FACE}"
    assert read('"\\udcff/x"').root.value == "\N{REPLACEMENT CHARACTER}/x"


def test_numbers_are_those_of_javascript() -> None:
    assert read("[0, -1, 1.5, 1e2, 100000000000000000000]").root.data() == [0, -1, 1.5, 100.0, 1e20]
    assert math.copysign(1, read("-0.0").root.data()) == -1


def test_comments_are_kept_with_their_places() -> None:
    found = read('// a "string"\n{ /* b */ "u": "http://x", // c\n}')
    assert [(one.text, one.place.line, one.place.column) for one in found.comments] == [
        ('// a "string"', 1, 1),
        ("/* b */", 2, 3),
        ("// c", 2, 28),
    ]


def test_bytes_that_are_no_utf8_are_refused_at_their_place() -> None:
    with pytest.raises(Broken) as caught:
        jsonc.decode(FILE, b'{"a":\n "\xc3\xa9\xff"}')
    assert caught.value.what == f"{FILE}:2:4: the file is not UTF-8 from here on"
    with pytest.raises(Broken, match=":1:1: the file is not UTF-8"):
        jsonc.decode(FILE, '{"a": 1}'.encode("utf-16"))


def test_a_file_that_is_too_large_to_be_one_is_not_read() -> None:
    jsonc.decode(FILE, b" " * jsonc.LARGEST)
    with pytest.raises(Broken, match="more than 262144 are not read"):
        jsonc.decode(FILE, b" " * (jsonc.LARGEST + 1))
    with pytest.raises(Broken, match="more than 262144 are not read"):
        read("[" + "1," * 5_000_000 + "1]")
