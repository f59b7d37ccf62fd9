from __future__ import annotations

import pytest

from paddock.boundary import registry
from paddock.boundary.base import STRENGTH
from paddock.boundary.choice import PRESENT


def test_every_boundary_of_the_ladder_is_listed_in_its_order():
    assert tuple(name for name in registry.NAMES if name in STRENGTH) == STRENGTH


def test_what_is_present_here_is_what_can_be_chosen():
    assert {entry.name for entry in registry.ENTRIES if entry.present} == set(PRESENT)


def test_every_trial_exists():
    for entry in registry.ENTRIES:
        module = __import__(f"paddock.boundary.{entry.module}", fromlist=["_"])
        assert callable(getattr(module, entry.function))


def test_an_unknown_name_is_an_error():
    assert registry.entry("podman").name == "podman"
    with pytest.raises(KeyError):
        registry.entry("docker")
