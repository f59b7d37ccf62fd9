"""Rows: every value of a configuration has one, with what a reader of the file would not see."""

from __future__ import annotations

import pytest

from paddock.devcontainer import jsonc, properties, rows

FILE = ".devcontainer.json"


def table(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found = rows.rows(properties.read(jsonc.parse(FILE, text), "file", FILE))
    return [(row.key, row.value, row.notes) for row in found]


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ('"name": "a"', ("name", "a", ())),
        ('"build": {"args": {"A": "1"}}', ("build.args.A", "1", ())),
        ('"privileged": true', ("privileged", "true", ())),
        ('"runArgs": ["--init"]', ("runArgs", "--init", ())),
        ('"workspaceMount": ""', ("workspaceMount", "none", ())),
        ('"mounts": ["type=bind,source=/a,target=/b,ro,z"]', ("mounts", "bind /a → /b, read-only, z", ())),
        ('"mounts": [{"type": "bind", "source": "/a", "target": "/b", "readonly": true}]', ("mounts", "bind /a → /b", (rows.IGNORED,))),
        ('"mounts": ["type=tmpfs,target=/b"]', ("mounts", "tmpfs /b", ())),
        ('"remoteEnv": {"A": null}', ("remoteEnv.A", "(taken away)", ())),
        ('"initializeCommand": ["a", "b c"]', ("initializeCommand", "a 'b c'", (rows.ON_HOST,))),
        ('"postStartCommand": {"x": "y"}', ("postStartCommand.x", "y", ())),
        ('"features": {"./a": {"b": true}}', ("features", "./a b=true", ())),
        ('"forwardPorts": [1]', ("forwardPorts", "1", ())),
        ('"appPort": 1', ("appPort", "127.0.0.1:1 → 1", ())),
        ('"appPort": "1:2"', ("appPort", "1 → 2", (rows.ALL_ADDRESSES,))),
        ('"otherPortsAttributes": {"a": "b"}', ("otherPortsAttributes", "a=b", ())),
        ('"hostRequirements": {"gpu": true}', ("hostRequirements.gpu", "true", ())),
        ('"secrets": {"A": {"description": "b"}}', ("secrets.A", "b", ())),
        ('"customizations": {"x": {"y": [1]}}', ("customizations.x", '{"y": [1]}', ())),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_what_it_comes_to(said: str, row: tuple[str, str, tuple[str, ...]]) -> None:
    assert table(f"{{{said}}}") == [row]


def test_rows_come_in_the_order_of_the_specification_and_know_their_place() -> None:
    document = jsonc.parse(FILE, '{"remoteUser": "u",\n "image": "i"}')
    found = rows.rows(properties.read(document, "file", FILE))
    assert [(row.key, row.origin.where) for row in found] == [
        ("image", f"{FILE}:2:11"),
        ("remoteUser", f"{FILE}:1:16"),
    ]
