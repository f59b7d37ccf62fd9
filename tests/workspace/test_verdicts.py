from __future__ import annotations

import os
import time

import pytest

from paddock.workspace import verdicts
from paddock.workspace.change import Change

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
    assert verdicts.conflict(change, os.stat(tmp_path / "file"), since) == expected


def test_directories_merge_and_nothing_there_is_no_doubt(tmp_path) -> None:
    directory = Change("dir", "added", new_mode=DIRECTORY)
    assert verdicts.conflict(directory, os.stat(tmp_path), PAST) == ""
    assert verdicts.conflict(Change("x", "added", new_mode=FILE), None, PAST) == ""
    assert verdicts.conflict(Change("x", "deleted", old_mode=DIRECTORY), os.stat(tmp_path), PAST) == ""


def test_a_vanished_directory_is_a_doubt() -> None:
    change = Change("dir", "added", new_mode=DIRECTORY, vanished=True)
    assert verdicts.conflict(change, None, FUTURE) == verdicts.VANISHED


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
    assert verdicts.inside(root, change, FUTURE) == ("", "")
    assert verdicts.inside(root, change, PAST) == ("", verdicts.INSIDE)
    (tmp_path / "dir" / "sub" / ".git").mkdir()
    assert verdicts.inside(root, change, FUTURE) == ("git", "")
    os.close(root)
