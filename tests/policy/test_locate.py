"""Lines of TOML keys and entries: agree with tomllib on what is there, never crash on what is not TOML."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.locate import DEEPEST, TooDeep, locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place = tuple[str | int, ...]
SAMPLE = '''\
# a comment with [brackets] and "quotes
[workspace]
mode = "review" # live = 1
mask = [
  ".env", # first
  "a]b",

  """x
  y""", 'c,d',
]
[ network . "a.b" ]
"allow" = [{ host = "a", port = 1 }, "b"]
deep.er.key = 2024-01-01 07:32:00
text = "say \\"hi\\" \\\\" ; x
'''


def test_lines_of_an_ordinary_document():
    lines = locate(SAMPLE.replace(" ; x", ""))
    assert lines["workspace",] == 2
    assert lines["workspace", "mode"] == 3
    assert lines["workspace", "mask"] == 4
    assert [lines["workspace", "mask", n] for n in range(4)] == [5, 6, 8, 9]
    assert lines["network", "a.b"] == 11
    assert lines["network", "a.b", "allow", 0, "port"] == 12
    assert lines["network", "a.b", "allow", 1] == 12
    assert lines["network", "a.b", "deep", "er", "key"] == 13
    assert lines["network", "a.b", "text"] == 14


def test_arrays_of_tables_count():
    lines = locate("[[a]]\nx = 1\n[[a]]\n[a.b]\ny = 2\n[[a.c]]\n[[a.c]]\nz = 3\n")
    assert lines["a", 0, "x"] == 2
    assert lines["a", 1] == 3
    assert lines["a", 1, "b", "y"] == 5
    assert lines["a", 1, "c", 1, "z"] == 8


@pytest.mark.parametrize("text", ['a = """x""""', "a = '''x'''''\nb = 1", 'a = """\\""""\nb = 1', 'a = "\\\\"\nb = 1', 'a = ""\nb = 1', "a = ''", '"" = 1', "'a\"b' = 1\nb=2",
                                  '"\\u0061" = 1', "a = 1\r\nb = 2\r\n", "a={}\nb=[]", "a = [[], [1, [2]], {b = [{c = 1}]},]", "a . b\t.c = 1", "#", "", "\n\n", "a=1#c"])  # fmt: skip
def test_the_same_places_as_tomllib(text):
    assert set(locate(text)) == set(places(tomllib.loads(text)))


def places(data: object, at: Place = ()) -> Iterator[Place]:
    pairs: Iterable[tuple[str | int, object]]
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (*at, key)
        yield from places(value, (*at, key))


# Documents with known lines: every key's value is its own line number, so that tomllib itself tells where it is.
bare = st.from_regex(r"\A[A-Za-z0-9_-]{1,5}\Z")
quoted = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"\\'), max_size=5).map(
    lambda t: f'"{t}"'
)
literal = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="'"), max_size=5).map(
    lambda t: f"'{t}'"
)
escaped = st.sampled_from(['"\\u00e9"', '"a\\"b"', '"\\\\"', '"\\t"', '"\\U0001F600"'])
keys = st.lists(st.one_of(bare, quoted, literal, escaped), min_size=1, max_size=3).map(" . ".join)
filler = st.sampled_from(["", "# x = 1", "  # [y]", "\t", '#"""', "#'''"])
scalars = st.sampled_from(
    [
        "1",
        "1.5",
        "true",
        "1979-05-27 07:32:00",
        '"# no comment"',
        "'a,b]'",
        '"""\n[x]\n"""',
        "'''\ny = 1\n'''",
        '"""a\\"""\\\nb"""',
        "-inf",
        '"""q""""',
    ]
)
arrays = st.recursive(scalars, lambda inner: st.one_of(
    st.lists(inner, max_size=3).map(lambda items: "[" + ",\n # c ]\n".join(items) + "\n]"),
    st.dictionaries(bare, inner.filter(lambda v: "\n" not in v), max_size=2).map(lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"),
), max_leaves=6)  # fmt: skip
statements = st.one_of(
    st.tuples(keys, arrays).map(lambda pair: f"{pair[0]} = {pair[1]} # end"),
    keys.map(lambda key: f"[{key}]"),
    keys.map(lambda key: f"[[ {key} ]]"),
    filler,
)


@given(st.lists(statements, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_on_every_valid_document_it_finds_exactly_what_tomllib_finds(lines, end):
    text = ""
    for line in lines:  # keep what stays valid: repeated keys are not
        try:
            tomllib.loads(text + line.replace("\n", end) + end)
        except tomllib.TOMLDecodeError:
            continue
        text += line.replace("\n", end) + end
    found = locate(text)
    assert set(found) == set(places(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@given(
    st.lists(
        st.tuples(filler, bare, st.sampled_from(["", " # c", "\n", "\n\n# d\n"])), max_size=12, unique_by=lambda t: t[1]
    )
)
def test_every_line_is_the_right_one(rows):
    text = ""
    truth: dict[Place, int] = {}
    for before, key, after in rows:
        text += f"{before}\n"
        truth[key,] = text.count("\n") + 1
        text += f"{key} = [\n 1,{after.replace('#', ' #')}\n"
        truth[key, 0] = truth[key,] + 1
        truth[key, 1] = text.count("\n") + 1
        text += f'  """\n""" ]{after}\n'
    assert {place: line for place, line in locate(text).items() if place in truth} == truth
    tomllib.loads(text)


@given(st.text(st.sampled_from("[]{}=.,#\"'\\ab1 \n\tu0")))
def test_no_text_makes_it_crash(text):
    try:
        first = min(locate(text).values(), default=1)
    except TooDeep as error:
        first = error.line
    assert first >= 1


@given(st.text())
def test_no_text_at_all_makes_it_crash(text):
    locate(text.replace("[", "(").replace("{", "("))


@pytest.mark.parametrize(
    "text", ["a." * 500_000 + "a = 1", "[" + "a." * 500_000 + "a]", "x=" + "[" * 1_000_000, "x=" + "{a=" * 300_000]
)
def test_depth_is_bounded_before_tomllib_sees_it(text):
    with pytest.raises(TooDeep, match=str(DEEPEST)) as caught:
        locate(text)
    assert caught.value.line == 1


@pytest.mark.parametrize("text", ['x="' + "\\\\" * 500_000 + '"', "x='''" + "'" * 900_000, 'x="""' + '\\"' * 400_000, "[[x]]\n" * 100_000, "x=[" + "1," * 400_000 + "]",
                                  "#" * 1_000_000, "\n" * 1_000_000, 'x="' + '\\"' * 500_000])  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_linear_time(text):
    assert isinstance(locate(text), dict)  # quadratic time would hit the suite's time limit
