"""Hooks: which are there, and where they run. Their forms are shown in test_properties."""

from __future__ import annotations

from paddock.devcontainer import hooks, jsonc
from paddock.devcontainer.typed import Typed


def test_only_the_first_event_is_on_the_host() -> None:
    node = jsonc.parse("x", '["a"]').root
    found = [hooks.read(event, node, Typed("file", "x", str))[0] for event in hooks.EVENTS]
    assert [hook.event for hook in found if hook.on_host] == ["initializeCommand"]
    assert len(found) == 6


def test_a_name_that_is_written_twice_runs_once_as_last_said() -> None:
    node = jsonc.parse("x", '{"a": "one", "b": "two", "a": "three"}').root
    found = hooks.read("postCreateCommand", node, Typed("file", "x", str))
    assert [(hook.name, hook.command) for hook in found] == [("a", "three"), ("b", "two")]
