"""What is asked of the machine before a plan is compiled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.boundary.bubblewrap import COVERED_PROC
from paddock.boundary.facts import facts_for
from paddock.plan.model import Image, Mount
from paddock.plan.trusting import SYSTEM_BUNDLES
from paddock.policy.model import BUILT_IN
from tests.boundary.plans import changed

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.plan.model import Plan


def mounting(*sources: object) -> Plan:
    return changed(mounts=tuple(Mount(str(source), str(source), "read", BUILT_IN) for source in sources))


def as_root(monkeypatch: pytest.MonkeyPatch, root: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)


def test_what_is_to_be_held_in_mode_live_is_passed_on() -> None:
    facts = facts_for(changed(), pinned=(".git",), read_only=(".git/config", ".envrc"))
    assert (facts.pinned, facts.read_only) == ((".git",), (".git/config", ".envrc"))
    assert (facts_for(changed()).pinned, facts_for(changed()).read_only) == ((), ())


@pytest.mark.parametrize("root", [True, False])
def test_files_are_told_from_directories_where_a_place_is_made_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    as_root(monkeypatch, root)
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("directory")
    own = [tmp_path / "file", tmp_path / "directory", tmp_path / "link"]
    facts = facts_for(mounting("/etc/passwd", "/etc", "/usr", *own))
    assert facts.as_root is root
    assert facts.staged == {"/etc/passwd"}
    assert facts.files == ({"/etc/passwd", str(own[0])} if root else {"/etc/passwd"})


def test_what_is_reached_through_a_link_in_etc_is_not_staged() -> None:
    with os.scandir("/etc") as entries:
        links = [entry.path for entry in entries if entry.is_symlink()]
    assert links, "every Linux has /etc/mtab"
    facts = facts_for(mounting(*links, "/etc/passwd", "/etc/../etc/group"))
    assert facts.staged == {"/etc/passwd"}


def test_only_files_of_proc_that_exist_are_covered() -> None:
    found = facts_for(changed()).covered_proc
    assert set(found) <= set(COVERED_PROC)
    assert all(os.path.exists(path) == (path in found) for path in COVERED_PROC)


def test_of_an_image_every_place_of_authorities_is_tried() -> None:
    plan = changed(image=Image("f00d", BUILT_IN))
    assert facts_for(plan, trust="/somewhere").bundles == SYSTEM_BUNDLES
    assert facts_for(plan).bundles == ()
