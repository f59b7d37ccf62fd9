"""What is known of the Features that are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.checking.facts import features
from tests.checking.scenes import feature, file, read

COMMON = "registry.example.test/devcontainers/features/common-utils:2"


@pytest.mark.parametrize(
    ("options", "names"),
    [({}, ["sudo"]), ({"username": "dev"}, ["sudo"]), ({"username": "root"}, []), ({"username": "none"}, [])],
)
def test_an_option_may_take_an_effect_away(options: dict[str, str], names: list[str], tmp_path: Path) -> None:
    result, _, _ = read(file(features={COMMON: options}), tmp_path)
    assert [effect.name for _, effect in features.effects(result)] == names


def test_nothing_is_known_of_a_local_one(tmp_path: Path) -> None:
    result, _, _ = read(feature(), tmp_path)
    assert list(features.effects(result)) == []
