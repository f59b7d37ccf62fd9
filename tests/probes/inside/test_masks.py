"""What the masks' attacks do with what the host says of a policy. Each row's two sides are in test_runner__attacks."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import masks
from paddock.probes.inside.effects import Given, Skipped

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.inside.effects import Attack

CANARY = "canary-" + "ab" * 16


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """A repository in which nothing is masked."""
    repo = tmp_path / "repo"
    for name in masks.PLANTED:
        path = os.path.join(repo, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(CANARY)
    os.symlink(masks.BEHIND, repo / masks.LINK)
    monkeypatch.chdir(repo)
    hashes = [hashlib.sha256(CANARY.encode()).hexdigest()]
    return Given({"hashes": hashes, "home": str(tmp_path), "repo": str(repo), "numbers": {}})


ATTACKS = (
    masks.unmounted, masks.read_by_name, masks.read_by_odd_name, masks.read_below, masks.read_behind, masks.written,
    masks.replaced, masks.renamed_above, masks.renamed_itself,
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_what_no_policy_masks_is_not_attacked(given: Given, attack: Attack) -> None:
    given.data["unmasked"] = list(masks.PLANTED)
    with pytest.raises(Skipped, match="masks none"):
        attack(given)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_what_should_be_masked_and_is_not_is_found(given: Given, attack: Attack) -> None:
    assert attack(given)


def test_every_odd_name_is_found_by_itself(given: Given) -> None:
    assert masks.read_by_odd_name(given) == [f"read {name}" for name in masks.ODD]


def test_the_attacks_leave_everything_in_its_place(given: Given) -> None:
    for attack in ATTACKS:
        attack(given)
    there = {os.path.relpath(os.path.join(at, name)) for at, _, names in os.walk(".") for name in names}
    assert there == {*masks.PLANTED, masks.LINK} - {masks.SPENT}


def test_an_empty_mask_holds(given: Given) -> None:
    for name in masks.PLANTED:
        with open(name, "w", encoding="utf-8"):
            pass
    for attack in (masks.unmounted, masks.read_by_name, masks.read_by_odd_name, masks.read_below, masks.read_behind):
        assert attack(given) == []
