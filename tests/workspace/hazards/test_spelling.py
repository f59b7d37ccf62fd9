"""Spellings of one name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.hazards.spelling import folded, numbered, shortened

NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20)
# What file systems ignore in names, and what cannot be seen: git's utf8.c and more.
UNSEEN = "\u200c\u200d\u200e\u200f\u202a\u202e\u206a\u206f\ufeff\u2060\u00ad\u180e"


@given(NAMES)
def test_a_form_is_its_own_form_and_never_empty(name):
    assert folded(name)
    assert folded(folded(name)) == folded(name)


@given(NAMES)
def test_letter_case_and_unicode_form_make_no_difference(name):
    for other in (
        name.upper(),
        name.lower(),
        name.title(),
        *(unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")),
    ):
        if unicodedata.normalize("NFC", other.casefold()) == unicodedata.normalize("NFC", name.casefold()):
            assert folded(other) == folded(name)


@given(st.sampled_from([".git", ".vscode", "package.json", "CLAUDE.md"]), st.data())
def test_disguises_of_a_known_name_fold_to_it(name, data):
    disguised = "".join(
        data.draw(st.sampled_from([character, character.upper(), character + data.draw(st.sampled_from(UNSEEN))]))
        for character in name
    )
    disguised += data.draw(
        st.sampled_from(["", " ", ".", ". .", "::$DATA", "::$INDEX_ALLOCATION", ":$I30:$INDEX_ALLOCATION"])
    )
    assert folded(disguised) == name.lower()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (".GIT", ".git"), (".git.", ".git"), (".git ", ".git"), (".g\u200cit", ".git"), ("\ufeff.git", ".git"), (".g\u0131t", ".g\u0131t"),
        (".gitmodule\u017f", ".gitmodules"), ("pac\u212aage.json", "package.json"), ("...", "..."), (" ", " "), ("a:b", "a:b"),
        ("package.json:Zone.Identifier", "package.json:zone.identifier"), ("\udcff", "\udcff"), ("\u200d", "\u200d"), ("é", "é"), ("e\u0301", "é"),
        ("\uff0egit", ".git"),
    ],
)  # fmt: skip
def test_examples(name, form):
    assert folded(name) == form


@pytest.mark.parametrize(
    ("name", "short"),
    [(".git", "git~1"), (".gitmodules", "gitmod~1"), (".vscode", "vscode~1"), ("package.json", "packag~1.jso"), (".mcp.json", "mcp~1.jso"),
     ("makefile", ""), ("claude.md", ""), ("claude.local.md", "claude~1.md"), ("a b.txt", "ab~1.txt"), ("...", "")],
)  # fmt: skip
def test_the_dos_name_of_a_name_that_has_one(name, short):
    assert shortened(name) == short


@pytest.mark.parametrize(
    ("name", "form"),
    [("git~1", "git~1"), ("git~42", "git~1"), ("packag~2.jso", "packag~1.jso"), ("a~b", "a~b"), ("backup~", "backup~"), ("muchtoolong~1", "muchtoolong~1"),
     ("x~1.orig", "x~1.orig"), ("~1", "~1")],
)  # fmt: skip
def test_the_number_of_a_dos_name_says_nothing(name, form):
    assert numbered(name) == form
