"""How a source may be written."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.secret_sources import source
from paddock.policy.values import Wrong


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("env:GITHUB_TOKEN", "env:GITHUB_TOKEN"),
        ("file:/run/secrets/token", "file:/run/secrets/token"),
        ("file:~/.config/a b", "file:~/.config/a b"),
        ("keyring:github.com/ann", "keyring:github.com/ann"),
        ("keyring:a/b/c", "keyring:a/b/c"),
        ("command:gh auth token", "command:gh auth token"),
        ("command:  op   read 'op://a b/c'", "command:op read 'op://a b/c'"),
        ("command:~/bin/get --all", "command:'~/bin/get' --all"),
        (["gh", "auth", "token"], "command:gh auth token"),
        (["op", "read", "$(x) | y"], "command:op read '$(x) | y'"),
    ],
)
def test_one_spelling_of_each(written: object, found: str) -> None:
    assert source(written) == found


@pytest.mark.parametrize(
    "written",
    [
        "", ":", "env:", "env:A B", "env:A=B", "env:A,B", "env:*", "file:token", "file:./token", "file:~ann/x", "file:", "file:/a\nb",
        "keyring:", "keyring:a", "keyring:a/", "keyring:/b", "keyring:-a/b", "keyring:a/-b", "keyring:a\x1b/b", "command:", "command: ", "command:'x", "command:a | b",
        "command:a; b", "command:a > b", "command:a & b", "command:a $HOME", "command:a `b`", "command:./x", "command:bin/x", [], [""], ["a", 1], ["./x"], ["a\nb"],
        None, 1, {"a": 1}, "ENV:A", "vault:a", "op://a/b", "login:claude/subscription",
    ],
)  # fmt: skip
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(Wrong):
        source(written)


def test_the_parts_of_sigv4_are_two_or_three_variables() -> None:
    assert source("env:ID,KEY", "sigv4") == "env:ID,KEY"
    for written in ("env:ID", "env:A,B,C,D", "env:A,,B"):
        with pytest.raises(Wrong):
            source(written, "sigv4")


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), min_size=1, max_size=8), min_size=1))
def test_a_list_of_arguments_comes_back_as_it_was(words: list[str]) -> None:
    try:
        found = source(words)
    except Wrong:
        return
    assert shlex.split(found.removeprefix("command:")) == words
    if not any(set(word) & set("$`();<>|&") for word in words):
        assert source(found) == found


@given(st.text(max_size=40))
def test_any_text_is_a_source_or_wrong(text: str) -> None:
    for kind in ("", "env:", "file:/", "keyring:", "command:"):
        try:
            found = source(kind + text)
        except Wrong:
            continue
        assert found.partition(":")[0] in ("env", "file", "keyring", "command")
        assert source(found) == found or found.startswith("command:")
