"""Paths that everybody reads alike."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.targets import is_plain_path


@pytest.mark.parametrize(
    "path",
    [
        b"/a/../b",
        b"/a/./b",
        b"/..",
        b"/.",
        b"/..;/b",
        b"/.;x=1/b",
        b"/a/%2e%2e/b",
        b"/a/%2E./b",
        b"/a%2fb",
        b"/a%2Fb",
        b"/a%5cb",
        b"/a\\b",
        b"//evil.test/a",
        b"/a%252e%252e/b",
        b"/a%00b",
        b"/a%0ab",
        b"/a%7fb",
        b"/a%c0%aeb",
        b"/a%C1%9cb",
        b"/a%u002eb",
        b"/a%",
        b"/a%4",
        b"/a b",
        b"/a\xc3\xa4",
        b"/a\x00b",
        b"/a#b",
        b"a",
        b"*",
        b"",
        b"http://a.test/a",
    ],
)
def test_a_path_that_servers_read_differently_is_not_plain(path):
    assert not is_plain_path(path)


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/a",
        b"/a.b/..c/d..",
        b"/a//b",
        b"/a%20b",
        b"/%C3%A4",
        b"/.well-known/x",
        b"/a;b=1",
        b"/~x/@y/$z",
        b"/...",
    ],
)
def test_plain_paths_are_plain(path):
    assert is_plain_path(path)


@given(st.binary(max_size=40), st.sampled_from((b"/ok/", b"/")))
def test_nothing_that_passes_leaves_its_directory_once_decoded(tail, start):
    """However often it is decoded, and with parameters taken off: no dot segment, no new slash."""
    path = start + tail
    if not is_plain_path(path):
        return
    once = unquote_to_bytes(path)
    assert unquote_to_bytes(once) == once
    assert once.count(b"/") == path.count(b"/")
    assert b"\\" not in once
    assert not any(part.partition(b";")[0] in (b".", b"..") for part in once.split(b"/"))
