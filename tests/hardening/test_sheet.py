"""Files with comments as values, and back."""

from __future__ import annotations

from hypothesis import given

from paddock.devcontainer import jsonc
from paddock.hardening import sheet
from paddock.hardening.sheet import Body, Part, Sheet, of_data
from tests.checking.texts import layouts

TEXT = """// of the file
{
  // of a, above
  "a": 1, // of a, beside
  /* of b */ "b": [1, 2], // of b, beside
  "c": {
    // inside c
    "d": null
    // last in c
  }
  // last
}
// behind
"""


def read(text: str) -> Sheet:
    return sheet.read(jsonc.parse("file", text))


def test_each_comment_stays_with_what_it_is_about():
    found = read(TEXT)
    assert (found.head, found.tail, found.root.after) == (("// of the file",), ("// behind",), ("// last",))
    assert [one.remarks for one in found.root.parts] == [
        ("// of a, above", "// of a, beside"),
        ("/* of b */", "// of b, beside"),
        (),
    ]
    inner = found.root.get("c")
    assert inner == Body("object", (Part(None, "d", ("// inside c",)),), ("// last in c",))


def test_of_several_items_on_a_line_the_last_has_the_comment_behind_it():
    found = read('{"a": [1, 2, // two\n 3]}').root.get("a")
    assert isinstance(found, Body)
    assert [one.remarks for one in found.parts] == [(), ("// two",), ()]


def test_a_key_that_is_there_twice_has_its_last_value_in_its_first_place():
    assert read('{"a": 1, "b": 2, "a": 3}').root == of_data({"a": 3, "b": 2})


def test_a_short_list_is_one_line_and_a_long_one_is_not():
    text = sheet.written(Sheet(of_data({"a": [1, "x"], "b": ["x" * 70, "y" * 70], "c": [], "d": {}})))  # type: ignore[arg-type]
    assert text.splitlines()[1:4] == ['  "a": [1, "x"],', '  "b": [', f'    "{"x" * 70}",']
    assert '"c": [],\n  "d": {}\n}\n' in text


@given(layouts())
def test_nothing_is_lost_and_what_was_written_is_written_again_as_it_is(text: str):
    document = jsonc.parse("file", text)
    once = sheet.written(sheet.read(document))
    assert jsonc.parse("file", once).root.data() == document.root.data()
    assert sheet.written(read(once)) == once
    assert len(jsonc.parse("file", once).comments) == len(document.comments)


def test_a_comment_that_hides_text_is_shown():
    found = read('{ // a\u202eb\tc\r\n "a": 1, /* one\r\n two\x85 */ "b": 2}')
    assert [one.remarks for one in found.root.parts] == [("// a\\u202eb    c", "/* one\n two\\x85 */"), ()]
