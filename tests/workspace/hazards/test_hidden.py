"""Text that does not say what it shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.hazards import hidden
from paddock.workspace.hazards.hidden import BIDI, CONTROL, INVISIBLE, found, is_suspect


def kinds(text: str, old: str | None = None) -> set[str]:
    return set(found(text.encode("utf-8", "surrogateescape"), None if old is None else old.encode()))


@pytest.mark.parametrize(
    "text",
    ["", "plain\n", "tab\there\r\n", "naïve “quotes” 日本語\n", "👩‍💻 ❤️ 🏳️‍🌈\n", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f\n", "\u0645\u06cc\u200c\u062e\u0648\n",
     "\u05e9\u05dc\u200f\u05d5\n", "\ufeffa byte order mark at the start\n", "page\fbreak\n", "\udcff\udcfe not UTF-8\n", "葛\U000e0100\n", "à la carte\n", "API\u200c\u0647\u0627\n"],
)  # fmt: skip
def test_what_languages_and_emoji_need_is_left_alone(text):
    assert kinds(text) == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [("a\u202eb", BIDI), ("a\u2066b", BIDI), ("\u2069", BIDI), ("a\u200bb", INVISIBLE), ("a\u2060b", INVISIBLE), ("x\ufeff", INVISIBLE), ("hi\U000e0041", INVISIBLE),
     ("a\u200db", INVISIBLE), ("a\u00adb", INVISIBLE), ("const \u3164 = 1", INVISIBLE), ("// a\u2028evil()", INVISIBLE), ("😀\ufe00\ufe01\ufe02", INVISIBLE),
     ("😀\U000e0101\U000e0102", INVISIBLE), ("🏴\U000e0067\U000e0062\U000e0078\U000e007f", INVISIBLE), ("a\x1b[2K", CONTROL), ("a\x08b", CONTROL), ("good\revil", CONTROL),
     ("a\x9b2K", CONTROL), ("\x7f", CONTROL), ("a\u180eb", INVISIBLE), ("a\u115fb", INVISIBLE)],
)  # fmt: skip
def test_what_misleads_is_found(text, kind):
    assert kind in kinds(text + "\nplain\n")


@given(st.text(max_size=100))
def test_the_quick_look_misses_nothing_that_the_slow_one_finds(text):
    data = text.encode("utf-8", "surrogatepass")
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogatepass").split("\n")
    slow = {kind for line in lines for kind in hidden._kinds(line.removesuffix("\r"))}
    if slow:
        assert is_suspect(data)
        assert set(found(data, None)) == slow


@pytest.mark.parametrize("pattern", [hidden._BIDI, hidden._NEVER_SEEN, hidden._MARKS])
def test_the_quick_look_knows_every_single_character(pattern):
    for code in range(0x110000):
        text = chr(code) * 2
        if not 0xD800 <= code < 0xE000 and pattern.search(text):
            assert hidden._SUSPECT.search(b"x" + text.encode()), hex(code)


def test_a_line_that_the_old_text_has_is_not_new():
    known = "x = '\u202e'\n"
    assert kinds(known + "y\n", known) == set()
    assert kinds(known.replace("x", "y") + known, known) == {BIDI}


def test_a_flood_of_such_lines_is_cut_and_said():
    lines = found(b"\x1b\n" * 100_000 + b"\n" * 1_000_000, b"\x1b\n" * 100_000)[CONTROL]
    assert lines == ("more than 10000 such lines",)


@given(st.binary(max_size=200), st.none() | st.binary(max_size=200))
def test_no_bytes_are_too_odd(new, old):
    found(new, old)
