from __future__ import annotations

import pytest

from paddock.checking.files import File
from tests.checking.made import json_file


@pytest.mark.parametrize(
    ("name", "raw", "text", "writable"),
    [
        ("a/b.json", b"{}", "{}", True),
        ("../b.json", b"{}", "{}", False),
        ("/b.json", b"{}", "{}", False),
        ("b.json", b"{ }", "{}", False),
        ("b", b"\xff", "\ufffd", False),
        ("b", b"", "\udcff", False),
        ("b", "\ufeffä\r\n".encode(), "\ufeffä\r\n", True),
    ],
)
def test_only_text_that_is_what_was_read_and_lies_in_the_repository_is_written(
    name: str, raw: bytes, text: str, writable: bool
) -> None:
    assert File(name, "compose", raw, text).writable == writable


def test_each_kind_has_its_comments() -> None:
    assert [it.words for it in json_file("{} // a").comments()] == ["a"]
    for kind in ("compose", "dockerfile"):
        assert [it.words for it in File("f", kind, b"# a", "# a").comments()] == ["a"]
    assert File("f", "json", b"// a", "// a").comments() == ()


def test_a_json_file_must_read_again_and_others_may_hold_anything() -> None:
    assert json_file("{}").reads('{"a": 1}')
    assert not json_file("{}").reads("{")
    assert File("f", "dockerfile", b"", "").reads("{")
