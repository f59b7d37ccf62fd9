from __future__ import annotations

import os
import time

import pytest

from paddock.workspace import bases
from paddock.workspace.applying import verdicts
from paddock.workspace.bases import Base, Bases
from paddock.workspace.change import Change
from paddock.workspace.shelf import opened

FILE, DIRECTORY = 0o100644, 0o40755
PAST, FUTURE = 0, 1 << 62


def test_only_the_word_given_takes_a_link_that_leads_out() -> None:
    link, git = Change("x", "added", held="link"), Change("x", "added", held="git")
    assert verdicts.held(link, links=False) == "link"
    assert verdicts.held(link, links=True) == ""
    assert verdicts.held(git, links=True) == "git"


@pytest.mark.parametrize(
    ("kind", "old", "new", "since", "expected"),
    [
        ("modified", FILE, FILE, PAST, verdicts.CHANGED),
        ("modified", FILE, FILE, FUTURE, ""),
        ("added", 0, FILE, PAST, verdicts.APPEARED),
        ("deleted", FILE, 0, PAST, verdicts.CHANGED),
        ("deleted", FILE, 0, FUTURE, ""),
        ("replaced", FILE, DIRECTORY, PAST, verdicts.CHANGED),
    ],
)
def test_a_host_file_that_is_newer_is_a_doubt(tmp_path, kind, old, new, since, expected) -> None:
    (tmp_path / "file").write_text("")
    change = Change("file", kind, old_mode=old, new_mode=new)
    with opened(str(tmp_path)) as root:
        assert verdicts.conflict(root, change, os.stat(tmp_path / "file"), Base(since)) == expected


@pytest.mark.parametrize(
    ("kind", "text", "mode", "expected"),
    [
        ("modified", "old", 0o644, ""),
        ("deleted", "old", 0o644, ""),
        ("modified", "new", 0o644, verdicts.CHANGED),
        ("modified", "old", 0o755, verdicts.CHANGED),
        ("mode", "new", 0o644, ""),
        ("mode", "old", 0o600, verdicts.CHANGED),
    ],
)
def test_a_host_file_that_was_written_to_is_compared_with_what_the_sandbox_knew(
    tmp_path, kind, text, mode, expected
) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o644)
    with opened(str(tmp_path)) as root:
        known = bases.looked(root, "file", FUTURE, None)
        assert known is not None
        (tmp_path / "file").write_text(text)
        (tmp_path / "file").chmod(mode)
        change = Change("file", kind, old_mode=FILE, new_mode=FILE)
        found = os.stat(tmp_path / "file")
        assert verdicts.conflict(root, change, found, Base(PAST, known.mode, known.digest)) == expected


def test_what_was_changed_from_a_file_that_the_host_deleted_is_a_doubt_and_what_is_new_is_none() -> None:
    change = Change("file", "added", new_mode=FILE)
    assert verdicts.conflict(-1, change, None, Base(PAST, FILE, "x")) == verdicts.DELETED
    assert verdicts.conflict(-1, change, None, Base(PAST)) == ""


def test_directories_merge_and_nothing_there_is_no_doubt(tmp_path) -> None:
    directory = Change("dir", "added", new_mode=DIRECTORY)
    assert verdicts.conflict(-1, directory, os.stat(tmp_path), Base(PAST)) == ""
    assert verdicts.conflict(-1, Change("x", "added", new_mode=FILE), None, Base(PAST)) == ""
    assert verdicts.conflict(-1, Change("x", "deleted", old_mode=DIRECTORY), os.stat(tmp_path), Base(PAST)) == ""


def test_a_vanished_directory_is_a_doubt() -> None:
    change = Change("dir", "added", new_mode=DIRECTORY, vanished=True)
    assert verdicts.conflict(-1, change, None, Base(FUTURE)) == verdicts.VANISHED


def test_an_mtime_set_back_hides_nothing_and_one_in_the_future_says_nothing(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    now = time.time_ns()
    os.utime(tmp_path / "file", ns=(0, 0))
    assert verdicts.newer(os.stat(tmp_path / "file"), now - 10**9)
    os.utime(tmp_path / "file", ns=(now * 2, now * 2))
    assert not verdicts.newer(os.stat(tmp_path / "file"), now + 10**12)


def test_what_is_inside_a_directory_to_be_replaced_is_judged_too(tmp_path) -> None:
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "sub" / "file").write_text("")
    root = os.open(tmp_path, os.O_RDONLY)
    change = Change("dir", "replaced", old_mode=DIRECTORY, new_mode=FILE)
    assert verdicts.inside(root, change, Bases({}, FUTURE)) == ("", "")
    assert verdicts.inside(root, change, Bases({}, PAST)) == ("", verdicts.INSIDE)
    (tmp_path / "dir" / "sub" / ".git").mkdir()
    assert verdicts.inside(root, change, Bases({}, FUTURE)) == ("git", "")
    os.close(root)
