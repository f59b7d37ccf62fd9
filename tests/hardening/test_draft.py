"""Sheets that are being changed."""

from __future__ import annotations

from paddock.devcontainer import jsonc
from paddock.hardening import sheet
from paddock.hardening.draft import Draft


def draft(text: str) -> Draft:
    return Draft(sheet.read(jsonc.parse("file", text)))


def test_what_is_taken_away_leaves_what_is_said_of_it_and_not_its_own_comments():
    one = draft('{\n // old\n "a": 1,\n "b": 2 }')
    found = one.at(("a",))
    assert found
    found.remove("// gone")
    assert sheet.written(one.done()) == '{\n  // gone\n  "b": 2\n}\n'
    assert one.at(("a",)) is None


def test_a_list_of_which_nothing_is_left_goes_and_what_is_said_stays():
    one = draft('{"a": [1, 2], "b": {"c": {"d": 1}}}')
    for path in (("a", 0), ("a", 1), ("b", "c", "d")):
        found = one.at(path)
        assert found
        found.remove(f"// {path[-1]}")
    assert sheet.written(one.done()) == "{\n  // 0\n  // 1\n  // d\n}\n"


def test_numbers_of_items_stay_those_of_the_file():
    one = draft('{"a": ["x", "y", "z"]}')
    for number in (0, 1):
        found = one.at(("a", number))
        assert found
        found.remove()
    last = one.at(("a", 2))
    assert last
    assert last.scalar == "z"


def test_a_member_is_set_appended_to_and_replaced():
    one = draft('{"a": 1, "l": ["x"], "t": "text"}')
    one.set("a", 2, "// why")
    one.set("l", ["x"], "// never said: it has that value")
    one.append("l", "y", "// more")
    one.append("t", "z")
    one.append("new", 1)
    found = sheet.written(one.done())
    assert jsonc.parse("file", found).root.data() == {"a": 2, "l": ["x", "y"], "t": ["z"], "new": [1]}
    assert "never" not in found
    one.replace_items("l", (), ["// empty"])
    one.replace_items("absent", (), ["// nothing"])
    assert "// empty" in sheet.written(one.done())
    assert "// nothing" not in sheet.written(one.done())
