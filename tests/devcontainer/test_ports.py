"""Ports: what editors forward and what the host publishes."""

from __future__ import annotations

import pytest

from paddock.devcontainer import jsonc, ports
from paddock.devcontainer.typed import Typed


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("8000", ("8000", "8000", "127.0.0.1")),
        ('"8000"', ("8000", "", "")),
        ('"8000:80"', ("80", "8000", "")),
        ('"127.0.0.1:8000:80"', ("80", "8000", "127.0.0.1")),
    ],
)
def test_only_a_number_is_published_for_this_machine_alone(said: str, expected: tuple[str, str, str]) -> None:
    typed = Typed("file", "x", str)
    for text in (said, f"[{said}]"):
        (port,) = ports.applied(jsonc.parse("x", text).root, typed)
        assert (port.inside, port.outside, port.address) == expected
    assert typed.flaws == []


def test_one_forwarded_port_without_its_array_is_taken_and_said() -> None:
    typed = Typed("file", "x", str)
    (port,) = ports.forwarded(jsonc.parse("x", "3000").root, typed)
    assert (port.inside, port.kind) == ("3000", "forward")
    assert [flaw.code for flaw in typed.flaws] == ["wrong-type"]


def test_attributes_are_kept_by_their_ports() -> None:
    typed = Typed("file", "x", str)
    text = '{"3000-3010": {"elevateIfNeeded": true, "label": "a"}}'
    (found,) = ports.attributes(jsonc.parse("x", text).root, typed)
    assert found.ports == "3000-3010"
    assert [(one.name, one.value) for one in found.attributes] == [("elevateIfNeeded", True), ("label", "a")]
