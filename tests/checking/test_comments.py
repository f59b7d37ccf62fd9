from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.checking import comments
from paddock.devcontainer import jsonc
from tests.checking.texts import layouts


def of_json(text: str) -> list[tuple[str, int, int]]:
    return [(it.words, it.place.line, it.about) for it in comments.of_json("f", jsonc.parse("f", text))]


def test_words_are_without_marks_and_about_their_line_or_the_next() -> None:
    text = '// one\n/* two\n   and more */\n\n{ // three\n  "a": 1, /* four */ "b": "// no"\n  // five\n  /// six\n}\n// last\n'
    assert of_json(text) == [
        ("one", 1, 5),
        ("two and more", 2, 5),
        ("three", 5, 5),
        ("four", 6, 6),
        ("five", 7, 9),
        ("six", 8, 9),
        ("last", 10, 10),
    ]


def test_a_block_that_ends_before_something_is_about_that() -> None:
    assert of_json('{\n/* a\n b */ "a": 1}') == [("a b", 2, 3)]
    assert of_json('\ufeff// a\n{"a": 1}') == [("a", 1, 2)]


def test_compose_files_have_them_after_a_blank_and_dockerfiles_on_lines_of_their_own() -> None:
    assert [it.words for it in comments.of_yaml("f", "a: b#c # d\n# e\nx: 'f #g'\n")] == ["d", "e", "g'"]
    assert [it.words for it in comments.of_dockerfile("f", "# a\n  # b\nRUN c # d\n")] == ["a", "b"]


@given(layouts())
def test_each_place_is_that_of_the_comment(text: str) -> None:
    document = jsonc.parse("f", text)
    found = comments.of_json("f", document)
    assert [text[it.place.offset : it.place.end] for it in found] == [it.text for it in document.comments]
    assert [it.place for it in found] == [it.place for it in document.comments]
    lines = text.count("\n") + 1
    assert all(it.place.line <= it.about <= lines for it in found)


@given(st.text("# \n'ab\r"))
def test_any_text_has_some(text: str) -> None:
    for found in (comments.of_yaml("f", text), comments.of_dockerfile("f", text)):
        assert all(text[it.place.offset] == "#" and "\n" not in text[it.place.offset : it.place.end] for it in found)
