"""Scalars and words."""

from __future__ import annotations

import pytest

from paddock.devcontainer import jsonc
from paddock.devcontainer.typed import nearest, written


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1", "1"), ("1.0", "1"), ("1e3", "1000"), ("1.5", "1.5"), ("true", "true"), ("null", "null"), ('"a"', "a"), ("-0", "0")],
)  # fmt: skip
def test_scalars_are_written_as_javascript_writes_them(text: str, shown: str) -> None:
    assert written(jsonc.parse("x", text).root) == shown


def test_a_misspelling_is_near_and_another_word_is_not() -> None:
    known = ("postCreateCommand", "forwardPorts", "image")
    assert nearest("PostCreateCommand", known) == "postCreateCommand"
    assert nearest("postCreatComand", known) == "postCreateCommand"
    assert nearest("volumes", known) == ""
    assert nearest("", known) == ""
