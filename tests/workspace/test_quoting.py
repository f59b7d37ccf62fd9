from __future__ import annotations

import os
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.quoting import quoted
from tests.capabilities import needs
from tests.workspace.operations import NAMES


def unquoted(text: str) -> bytes:
    """What git reads."""
    if not text.startswith('"'):
        return os.fsencode(text)
    letters = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}

    def octet(match: re.Match[bytes]) -> bytes:
        found = match[1]
        return bytes([letters[found] if found in letters else int(found, 8)])

    return re.sub(rb'\\([abtnvfr"\\]|[0-7]{3})', octet, text[1:-1].encode())


@given(st.binary(min_size=1, max_size=30))
def test_every_name_is_printable_and_can_be_read_back(name) -> None:
    text = quoted(os.fsdecode(name))
    assert text.isprintable()
    assert unquoted(text) == name


@pytest.mark.parametrize("name", ["plain.txt", "with space", "è-日本", "a'b", "-rf", "*?[x]"])
def test_harmless_names_stay_as_they_are(name) -> None:
    assert quoted(name) == name


@pytest.mark.parametrize("name", ["a\nb", 'a"b', "a\\b", "\x1b[31m", "gnp\u202e.exe", "a\u200bb", "\udcff"])
def test_misleading_names_are_quoted(name) -> None:
    assert quoted(name).startswith('"')


@needs("git")
def test_git_quotes_the_same_names_the_same_way(tmp_path) -> None:
    for name in NAMES:
        with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
            pass
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    listed = subprocess.run(["git", "ls-files", "-o"], cwd=tmp_path, check=True, capture_output=True).stdout.decode()
    ascii_only = {os.fsdecode(name) for name in NAMES if name.isascii()}
    assert {quoted(name) for name in ascii_only} <= set(listed.splitlines())
    assert {unquoted(line) for line in listed.splitlines()} == set(NAMES)
