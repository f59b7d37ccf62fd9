from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.applying.hunks import Comparison, Nonsense, split

OLD = "".join(f"line {number}\n" for number in range(40)).encode()
NEW = OLD.replace(b"line 3\n", b"three\n").replace(b"line 6\n", b"six\n").replace(b"line 30\n", b"")
TEXTS = st.lists(st.sampled_from((b"a\n", b"b\n", b"c\n", b"\xff\n")), max_size=30).map(b"".join)


def lines_of(comparison: Comparison, hunk) -> list[str]:
    return [line.text for line in comparison.shown(hunk)]


def test_a_hunk_is_shown_as_a_diff_has_it() -> None:
    comparison = Comparison(OLD, NEW)
    first, second = comparison.hunks()
    assert lines_of(comparison, second) == [
        "@@ -28,7 +28,6 @@",
        " line 27",
        " line 28",
        " line 29",
        "-line 30",
        " line 31",
        " line 32",
        " line 33",
    ]
    assert lines_of(comparison, first)[0] == "@@ -1,10 +1,10 @@"


@given(old=TEXTS, new=TEXTS, choice=st.lists(st.booleans(), min_size=40, max_size=40), parts=st.booleans())
def test_all_taken_is_the_new_text_none_the_old_and_each_by_itself_only_its_lines(old, new, choice, parts) -> None:
    comparison = Comparison(old, new)
    hunks = comparison.hunks()
    if parts:
        hunks = [part for hunk in hunks for part in split(hunk)]
    assert comparison.composed([(hunk, True) for hunk in hunks]) == new
    assert comparison.composed([(hunk, False) for hunk in hunks]) == old
    some = comparison.composed(list(zip(hunks, choice, strict=False)))
    rest = Comparison(some, new)
    assert rest.composed([(hunk, True) for hunk in rest.hunks()]) == new


def test_a_split_hunk_has_one_change_in_each_part_and_shares_the_lines_between() -> None:
    comparison = Comparison(OLD, NEW)
    first, second = split(comparison.hunks()[0])
    assert (first.old[1], second.old[0]) == (5, 5)
    assert lines_of(comparison, first)[-3:] == ["-line 3", "+three", " line 4"]
    assert lines_of(comparison, second)[1:4] == [" line 5", "-line 6", "+six"]
    assert split(first) == [first]


def test_an_edited_hunk_puts_a_persons_lines_in_place() -> None:
    comparison = Comparison(OLD, NEW)
    first, second = comparison.hunks()
    text = comparison.text(first).replace(b"+three\n", b"+drei\n+tres\n").replace(b"-line 6\n+six\n", b" line 6\n")
    changed = comparison.edited(first, b"# a comment\n" + text + b"# another\n")
    expected = OLD.replace(b"line 3\n", b"drei\ntres\n")
    assert comparison.composed([(changed, True), (second, False)]) == expected
    assert comparison.composed([(changed, False), (second, True)]) == OLD.replace(b"line 30\n", b"")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: b"", "nothing is left"),
        (lambda text: b"# only a comment\n", "nothing is left"),
        (lambda text: text.replace(b" line 1\n", b""), "not those of the file"),
        (lambda text: text.replace(b" line 1\n", b" line 9\n"), "not those of the file"),
        (lambda text: text + b" more\n", "not those of the file"),
        (lambda text: text.replace(b"+three", b"three"), "each line begins with"),
        (lambda text: text + b"\\ No newline\n\\ No newline\n", "not those of the file"),
    ],
)
def test_nonsense_is_told(change, reason) -> None:
    comparison = Comparison(OLD, NEW)
    hunk = comparison.hunks()[0]
    with pytest.raises(Nonsense, match=reason):
        comparison.edited(hunk, change(comparison.text(hunk)))


def test_an_empty_line_may_have_lost_its_space() -> None:
    comparison = Comparison(b"a\n\nb\n", b"a\n\nc\n")
    hunk = comparison.hunks()[0]
    changed = comparison.edited(hunk, comparison.text(hunk).replace(b" \n", b"\n"))
    assert comparison.composed([(changed, True)]) == b"a\n\nc\n"


def test_a_missing_end_of_the_last_line_survives_the_editor_and_is_refused_in_the_middle() -> None:
    comparison = Comparison(b"a\nb", b"a\nc")
    hunk = comparison.hunks()[0]
    assert "\\ No newline at end of file" in lines_of(comparison, hunk)
    changed = comparison.edited(hunk, comparison.text(hunk))
    assert comparison.composed([(changed, True)]) == b"a\nc"
    torn = comparison.edited(hunk, comparison.text(hunk) + b"+more\n")
    with pytest.raises(Nonsense, match="in the middle"):
        comparison.composed([(torn, True)])


def test_bytes_that_are_no_text_pass_through_unchanged() -> None:
    comparison = Comparison(b"\xff\x1b[31m\n", b"\xfe\r\n")
    hunk = comparison.hunks()[0]
    changed = comparison.edited(hunk, comparison.text(hunk))
    assert comparison.composed([(changed, True)]) == b"\xfe\r\n"
