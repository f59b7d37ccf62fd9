"""What is asked of the machine before a plan is compiled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.boundary.bubblewrap import COVERED_PROC, LIVE_PINNED, LIVE_READ_ONLY
from paddock.boundary.facts import facts_for
from paddock.frozen import replace
from paddock.plan.model import Mount
from paddock.policy.model import BUILT_IN
from tests.boundary.plans import changed, plan_for

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.plan.model import Plan


def mounting(*sources: object) -> Plan:
    return changed(mounts=tuple(Mount(str(source), str(source), "read", BUILT_IN) for source in sources))


def as_root(monkeypatch: pytest.MonkeyPatch, root: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)


def test_only_what_is_there_is_protected_in_the_order_of_the_lists(tmp_path: Path) -> None:
    (tmp_path / ".git/hooks").mkdir(parents=True)
    (tmp_path / ".git/config").touch()
    (tmp_path / ".envrc").touch()
    found = facts_for(plan_for(str(tmp_path), "live")).live_protected
    assert found == (".git", ".git/hooks", ".git/config", ".envrc")
    assert [path for path in (*LIVE_PINNED, *LIVE_READ_ONLY) if path in found] == list(found)


def test_a_symbolic_link_is_left_out_also_one_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/hooks").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".vscode").symlink_to("nowhere")
    (tmp_path / ".idea").symlink_to(".idea")
    assert facts_for(plan_for(str(tmp_path), "live")).live_protected == (".git",)


@pytest.mark.parametrize("mode", ["review", "scratch", "readonly"])
def test_other_modes_than_live_protect_nothing_by_name(tmp_path: Path, mode: str) -> None:
    (tmp_path / ".git").mkdir()
    assert facts_for(plan_for(str(tmp_path), mode)).live_protected == ()


def test_what_is_protected_and_no_directory_is_a_file_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".envrc").touch()
    plan = replace(plan_for(str(tmp_path), "live"), mounts=())
    as_root(monkeypatch, True)
    assert facts_for(plan).files == {f"{tmp_path}/.envrc"}
    as_root(monkeypatch, False)
    assert facts_for(plan).files == frozenset()


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
