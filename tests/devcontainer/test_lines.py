"""From offsets to lines and columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.lines import lines_of


@given(st.text(alphabet="ab\n\r\ufeffü", max_size=30), st.data())
def test_line_and_column_lead_back_to_the_offset(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    place = lines_of("f", text).place(offset, offset)
    before = text[:offset].split("\n")
    assert place.line == len(before)
    marked = len(before) == 1 and offset > 0 and text.startswith("\ufeff")
    assert place.column == len(before[-1]) + (0 if marked else 1)


def test_an_end_before_its_beginning_is_no_place() -> None:
    assert lines_of("f", "abc").place(2, 1).end == 2
