"""Settings, extensions and servers, each with its place."""

from __future__ import annotations

from pathlib import Path

from paddock.checking.facts import editor
from paddock.frozen import replace
from tests.checking.scenes import file, label, read

SERVERS = {"servers": {"a": {"command": "x"}, "b": {"url": "https://example.test"}}}


def test_settings_of_all_layers_are_found_with_their_paths(tmp_path: Path) -> None:
    scene = replace(
        label(customizations={"vscode": {"settings": {"a": 1}}}),
        config={
            "customizations": {"vscode": {"settings": {"b": [2]}}, "other": {"settings": {"c": 3}}},
            "settings": {"d": 4},
        },
    )
    found = {
        one.name: (one.value, one.origin.layer, one.origin.key) for one in editor.settings(read(scene, tmp_path)[0])
    }
    assert found == {
        "a": (1, "label", "customizations.vscode.settings.a"),
        "b": ([2], "file", "customizations.vscode.settings.b"),
        "d": (4, "file", "settings.d"),
    }


def test_extensions_are_told_by_their_list(tmp_path: Path) -> None:
    scene = file(extensions=["a.b"], customizations={"vscode": {"extensions": ["c.d", 1]}})
    found = list(editor.extensions(read(scene, tmp_path)[0]))
    assert [(names, origin.key) for names, origin in found] == [
        (("a.b",), "extensions"),
        (("c.d",), "customizations.vscode.extensions"),
    ]


def test_servers_are_found_in_both_places(tmp_path: Path) -> None:
    scene = file(customizations={"vscode": {"mcp": SERVERS, "settings": {"mcp": {"servers": {"c": {}}}}}})
    assert [name for name, _ in editor.servers(read(scene, tmp_path)[0])] == ["a", "b", "c"]


def test_what_is_of_another_type_is_none(tmp_path: Path) -> None:
    result, _, _ = read(file(customizations={"vscode": {"settings": [1], "extensions": {"a": 1}, "mcp": 3}}), tmp_path)
    assert list(editor.settings(result)) == []
    assert [names for names, _ in editor.extensions(result)] == [()]
    assert list(editor.servers(result)) == []
