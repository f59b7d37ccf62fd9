from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.cli.style import paint, plain, wants_color


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_colour_is_for_terminals_only() -> None:
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_switched_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert not wants_color(Terminal())
    assert paint("text", "red", stream=Terminal()) == "text"


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """no-color.org: "when present and not an empty string"."""
    monkeypatch.setenv("NO_COLOR", "")
    assert wants_color(Terminal())


def test_styles_are_added_and_taken_back() -> None:
    assert paint("text", "bold", "red", stream=Terminal()) == "\x1b[1;31mtext\x1b[0m"
    assert paint("text", "bold", stream=io.StringIO()) == "text"
    assert paint("text", stream=Terminal()) == "text"


@pytest.mark.parametrize(
    ("dangerous", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),  # sets the window title; some terminals echo it back as input
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),  # the same as one 8-bit control
        ("a\rb\nc\td", r"a\rb\nc\td"),
        ("\x7f", r"\x7f"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),  # CVE-2021-42574
        ("pay\u200bpal", r"pay\u200bpal"),
        ("\U000e0041", r"\U000e0041"),  # tags: text that no human sees and a model reads
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("naïve 日本 🙂", "naïve 日本 🙂"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(dangerous: str, shown: str) -> None:
    assert plain(dangerous) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_plain_text_has_no_control_character_and_can_always_be_printed(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs")]
    assert plain(shown) == shown
