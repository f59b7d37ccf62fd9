"""Bytes to layers: encodings, syntax errors with their place, devcontainer.json."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.policy.model import Layer
from paddock.policy.parsing import LARGEST_BYTES, Unreadable, decode, parse_devcontainer, parse_toml


def toml(text: str) -> Any:
    return parse_toml(text, "paddock.toml", "repository", "/repo")


def json(text: str | bytes) -> Any:
    raw = text if isinstance(text, bytes) else text.encode()
    return parse_devcontainer(raw, ".devcontainer.json", "repository", "/repo")


def test_lines_come_from_the_file():
    layer = toml('# mine\n[network]\nmode = "allow"\nallow = [\n  "a.example",\n\n  "b.example",\n]\n')
    mode, allow = layer.settings
    assert mode.origin.where == "paddock.toml:3"
    assert [entry.origin.where for entry in allow.value] == ["paddock.toml:5", "paddock.toml:7"]


def test_an_array_of_tables_is_a_list_of_hosts():
    (setting,) = toml(
        '[[network.allow]]\nhost = "a.example"\n\n[[network.allow]]\nhost = "b.example"\nport = 80\n'
    ).settings
    assert [(entry.host, entry.port, entry.origin.where) for entry in setting.value] == [
        ("a.example", 443, "paddock.toml:1"),
        ("b.example", 80, "paddock.toml:4"),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = [", "1:6"), ("[network", "1:9"), ("\n\na = = 1", "3:5"), ("a = 1\na = 2", "2:6"), ('x = "a\nb"', "1:7"), ("x = '''", "1:8"), ("\x01", "1:1"), ("a = 1 b = 2", "1:7")],
)  # fmt: skip
def test_a_syntax_error_carries_line_and_column(text, place):
    with pytest.raises(PolicyError) as caught:
        toml(text)
    assert caught.value.what.startswith(f"paddock.toml:{place}: ")
    assert caught.value.exit_code == 126
    assert caught.value.what.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "1" * 100_000,
        "x = " + "[" * 100_000,
        "a." * 100_000 + "b = 1",
        "x = 2024-99-99",
        "[" + "a." * 400_000 + "a]",
        "x = " + "{a=" * 100_000,
    ],
)
def test_hostile_documents_are_errors_not_crashes(text):
    with pytest.raises(PolicyError) as caught:
        toml(text)
    assert len(caught.value.what) < 400


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xef\xbb\xbfa = 1", "byte order mark"),
        (b"\xff\xfea\0", "byte order mark"),
        (b"ok = 1\nx = \0", "paddock.toml:2: the file holds a NUL"),
        (b"ok = 1\n\nx = \xe4", "paddock.toml:3: the file is not UTF-8"),
        (b" " * (LARGEST_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_bytes_that_are_no_policy(raw, said):
    with pytest.raises(PolicyError) as caught:
        decode(raw, "paddock.toml")
    assert said in caught.value.what


@given(st.binary(max_size=300))
def test_any_bytes_are_a_layer_or_a_policy_error(raw):
    try:
        said = toml(decode(raw, "paddock.toml")).where
    except PolicyError as error:
        said = error.what
    assert said.startswith("paddock.toml")
    assert said.isprintable()


# devcontainer.json


def test_customizations_are_the_same_model_with_lines():
    layer = json(
        '// mine\n{ "image": "x",\n "customizations": { "vscode": {},\n  "paddock": {\n   "workspace": { "read": ["../lib",], },\n   "limits": {"wall": "1h"} } } }'
    )
    read, wall = layer.settings
    assert read.value[0].value == "/repo/../lib"
    assert read.origin.where == ".devcontainer.json:5"
    assert (wall.value, wall.origin.where) == (3600, ".devcontainer.json:6")


@pytest.mark.parametrize("text", ["{}", "", "{", '{"customizations": {}}', '{"customizations": {"vscode": {"paddock": {}}}}', '{"name": "paddock"}', "// paddock\n{}", '["paddock"]',
                                  '{"customizations": ["paddock"]}', '{"paddock": {"network": {}}}'])  # fmt: skip
def test_without_our_section_it_is_no_policy(text):
    assert json(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '"paddock',
        '{"a": "paddock" "b"}',
        b'\xff "paddock"',
        b'"paddock\0"',
        b"paddock" + b" " * LARGEST_BYTES,
    ],
)
def test_a_broken_one_is_a_remark_and_no_error(text):
    found = json(text)
    assert isinstance(found, Unreadable)
    assert "no policy was taken from it" in found.note
    assert ".devcontainer.json" in found.note


@pytest.mark.parametrize(
    "raw",
    [
        b'{"customizations": {"paddock": {',
        b'{"customizations": {"paddock": {"network": {"mode": "off"}}},\n "image": }',
        b'{"customizations": {"paddock": {}}, "name": "\xff"}',
        b'{"customizations": {"paddock": {}}}\0',
        b'{"customizations": {"paddock": {}}}' + b" " * LARGEST_BYTES,
    ],
    ids=["cut off", "wrong elsewhere", "not UTF-8", "NUL", "too large"],
)
def test_a_broken_one_that_seems_to_hold_a_policy_is_an_error(raw):
    with pytest.raises(PolicyError) as caught:
        json(raw)
    assert ".devcontainer.json" in caught.value.what
    assert "limits would be lost" in caught.value.why
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"customizations":\n {"paddock": 3}}', ".devcontainer.json:2: customizations.paddock: expected an object"),
        ('{"customizations":\n {"paddock": null}}', ".devcontainer.json:2: customizations.paddock: expected an object"),
        ('{"customizations": {"paddock": {\n"netwrk": {}}}}', ".devcontainer.json:2: unknown section netwrk"),
        (
            '{"customizations": {"paddock": {"network":\n {"mode": "off",\n "mode": "allow"}}}}',
            "customizations.paddock.network.mode is written twice",
        ),
        ('{"customizations": {"paddock": {}}, "customizations": {}}', "customizations is written twice"),
        ('{"\\u0063ustomizations": {"p\\u0061ddock": {"actions": {}}}}', "not available yet"),
    ],
)
def test_mistakes_in_our_section_are_errors(text, said):
    with pytest.raises(PolicyError) as caught:
        json(text)
    assert said in caught.value.what


def test_names_written_twice_elsewhere_are_not_our_business():
    assert isinstance(json('{"a": 1, "a": 2, "customizations": {"vscode": 1, "vscode": 2, "paddock": {}}}'), Layer)


def test_a_byte_order_mark_is_fine_there():
    assert isinstance(json(b'\xef\xbb\xbf{"customizations": {"paddock": {}}}'), Layer)
