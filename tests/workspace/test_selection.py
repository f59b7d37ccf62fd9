from __future__ import annotations

import pytest

from paddock.errors import Usage, WorkspaceError
from paddock.workspace.selection import Selection, words_in


@pytest.mark.parametrize(
    ("word", "path", "meant"),
    [
        ("a", "a", True),
        ("a", "a/b", True),
        ("a", "ab", False),
        ("a/b", "a", False),
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", True),
        ("*.md", "README.mdx", False),
        ("a?", "ab", True),
        ("[ab]", "b", True),
        ("[ab]", "[ab]", True),
        ("*?[x]", "*?[x]", True),
        ("", "anything", True),
        ("\udcff*", "\udcff\n", True),
    ],
)
def test_words_mean_names_directories_or_patterns(word, path, meant) -> None:
    assert (path in Selection([word])) == meant


def test_no_words_mean_everything() -> None:
    selection = Selection()
    assert "a" in selection
    assert "b/c" in selection
    selection.demand()


def test_a_word_that_met_nothing_is_an_error_and_is_not_printed_raw() -> None:
    selection = Selection(["a", "b\x1b"])
    assert "a" in selection
    with pytest.raises(WorkspaceError, match=r"'b\\x1b'"):
        selection.demand()


@pytest.mark.parametrize(
    ("repository", "cwd", "given", "word"),
    [
        ("/r", "/r", "a", "a"),
        ("/r", "/r/sub", "a", "sub/a"),
        ("/r", "/r/sub", "..", ""),
        ("/r", "/r/sub", "../a/", "a"),
        ("/r", "/r", "/r/a", "a"),
        ("/r", "/r", ".", ""),
        ("/r", "/r/sub", "*.md", "sub/*.md"),
        ("/", "/x", "a", "x/a"),
    ],
)
def test_words_are_relative_to_where_a_person_is(repository, cwd, given, word) -> None:
    assert words_in(repository, cwd, [given]) == (word,)


@pytest.mark.parametrize("given", ["../other", "/r-evil/x", "/etc/passwd", "sub/../../x"])
def test_words_outside_of_the_repository_are_refused(given) -> None:
    with pytest.raises(Usage, match="outside"):
        words_in("/r", "/r", [given])
