from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import planning
from paddock.policy.flags import flags_layer
from paddock.probes.inside import masks
from paddock.probes.inside.secrets import SECRETS
from paddock.probes.planting import files
from paddock.probes.planting.ground import Ground
from paddock.probes.planting.place import places_outside
from tests.capabilities import needs

if TYPE_CHECKING:
    from paddock.plan.model import Plan

pytestmark = needs("git")


def test_each_secret_has_a_canary_of_its_own(ground: Ground) -> None:
    texts = [(Path(ground.home) / path).read_text() for path in SECRETS.values()]
    found = [canary for canary in ground.canaries if any(canary in text for text in texts)]
    assert len(found) == len(SECRETS)


def test_a_small_ground_has_what_scenarios_take_and_leaves_nothing_outside(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), small=True) as small:
        texts = [(Path(small.home) / path).read_text() for path in files.TAKEN]
        assert all(any(canary in text for canary in small.canaries) for text in texts)
        assert {"server.pem", ".env", "hello.txt"} <= {*os.listdir(small.repo)}
        assert places_outside(small.mark)
        assert not any(map(os.path.lexists, places_outside(small.mark)))


def test_odd_names_are_planted_and_committed(ground: Ground) -> None:
    names = os.listdir(os.fsencode(ground.repo))
    assert {b"two\nlines.pem", b"not-text-\xff.pem", b"back\\slash.pem", b"[x].pem"} <= set(names)


def test_the_default_policy_leaves_only_the_deep_key_open(ground: Ground) -> None:
    assert files.unmasked(ground, plan_of(ground)) == ["conf/deep.key"]
    assert files.unmasked(ground, plan_of(ground, mask=("conf/*.key",))) == []
    assert files.unmasked(ground, plan_of(ground, mask=("conf",))) == []


def plan_of(ground: Ground, **given: tuple[str, ...]) -> Plan:
    layer = flags_layer(given) if given else None
    return planning.make_plan(ground.repo, ("/bin/sh",), layer, terminal=False, environ=ground.environ, create=False)


def test_nothing_has_happened_yet(ground: Ground) -> None:
    assert list(files.effects(ground)) == []


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ("FS-07 symlink-write-out", "home/outside/arrived"),
        ("FS-19 home-write-is-private", "home/arrived-at-home"),
        ("FS-19 home-write-is-private", "home/.bashrc"),
        ("FS-29 hardlink-preexisting", "work/repo/shared-name"),
        ("FS-36 masks-written", "work/repo/.env"),
    ],
)
def test_each_effect_is_seen_by_what_it_changes(ground: Ground, row: str, path: str) -> None:
    with open(f"{ground.base}/{path}", "w", encoding="utf-8") as file:
        file.write("changed")
    assert [name for name, _ in files.effects(ground)] == [row]


def test_a_mask_that_the_plan_does_not_have_may_be_written(ground: Ground) -> None:
    ground.given["unmasked"] = [".env"]
    with open(f"{ground.repo}/.env", "w", encoding="utf-8") as file:
        file.write("changed")
    assert list(files.effects(ground)) == []


def test_what_was_left_in_the_system_is_reported_and_taken_away(ground: Ground, tmp_path: Path) -> None:
    ground.given["etc"] = str(tmp_path / "left")
    (tmp_path / "left").write_text("")
    assert [name for name, _ in files.effects(ground)] == ["FS-16 etc-write"]
    assert not (tmp_path / "left").exists()


def test_the_fingerprint_sees_every_kind_of_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    seen = [files.fingerprint(tmp_path)]
    for change in (
        lambda: file.chmod(0o600),
        lambda: os.utime(file, (1, 1)),
        lambda: file.write_text("two"),
        lambda: os.link(file, tmp_path / "second"),
        lambda: os.symlink("file", tmp_path / "link"),
        (tmp_path / "directory").mkdir,
        file.unlink,
    ):
        change()
        seen.append(files.fingerprint(tmp_path))
    assert len(set(seen)) == len(seen)
    assert files.fingerprint(tmp_path) == seen[-1]


def test_masks_name_what_is_planted() -> None:
    assert masks.SPENT in masks.PLAIN
    assert {*masks.PLAIN, *masks.ODD, masks.BELOW, masks.BEHIND} == {*masks.PLANTED}
