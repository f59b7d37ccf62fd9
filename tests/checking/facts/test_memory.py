"""Answers that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.checking.facts.memory import kept
from paddock.frozen import replace
from tests.checking.scenes import file, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paddock.devcontainer.model import Effective


def test_one_configuration_is_asked_once_and_another_anew(tmp_path: Path) -> None:
    asked: list[object] = []

    @kept
    def users(effective: Effective, beside: object = None) -> Iterator[str]:
        asked.append(beside)
        yield effective.remote_user.value if effective.remote_user else ""

    one, _, _ = read(file(), tmp_path)
    assert users(one) == users(one) == ("dev",)
    assert asked == [None]
    assert users(replace(one, remote_user=None)) == ("",)
    assert len(asked) == 2
    first: dict[str, str] = {}
    second: dict[str, str] = {}  # equal, and not the same
    assert users(one, first) == users(one, second) == users(one, first) == ("dev",)
    assert len(asked) == 4
