"""Whether an image's name always means the same image."""

from __future__ import annotations

import pytest

from paddock.checking.facts.pins import unpinned

DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("image", "severity"),
    [
        ("debian", "medium"),
        ("debian:latest", "medium"),
        ("registry.example.test:5000/a/b", "medium"),
        ("debian:12", "low"),
        ("registry.example.test:5000/a/b:1", "low"),
        ("debian" + DIGEST, None),
        ("debian:12" + DIGEST, None),
        ("debian:12@sha256:00", "low"),
        ("scratch", None),
        ("${IMAGE}", None),
        ("", None),
    ],
)
def test_only_a_digest_pins(image: str, severity: str | None) -> None:
    found = unpinned(image)
    assert (found[1] if found else None) == severity
