from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from paddock import shortage

if TYPE_CHECKING:
    from pathlib import Path

STATE, RUNTIME = ("/var/none/state", "Paddock's state", "XDG_STATE_HOME"), ("/run/none", "sandboxes", "XDG_RUNTIME_DIR")
PLACES = (STATE, RUNTIME)


def error(number: int, path: str | bytes | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("number", "path", "code", "what", "step"),
    [
        (errno.ENOSPC, "/var/none/state/x", "no-space", "no space left for Paddock's state in /var/none/state",
         "free space there, or set XDG_STATE_HOME to a directory with more"),
        (errno.ENOSPC, "/srv/repo/x", "no-space", "no space left for /srv/repo/x", "free space on the file system of /srv/repo/x"),
        (errno.EDQUOT, None, "no-space", "your quota is used up: Paddock's state in /var/none/state",
         "free space there, or set XDG_STATE_HOME to a directory with more"),
        (errno.EMFILE, None, "too-many-files", "too many open files", "raise the limit: ulimit -n 4096"),
        (errno.ENFILE, None, "too-many-files", "this machine has too many open files", "end some, or raise: sysctl fs.file-max"),
        (errno.EAGAIN, None, "too-many-processes", "no more processes can be started", "end some, or raise the limit: ulimit -u"),
        (errno.EROFS, "/run/none/a", "read-only", "sandboxes is on a read-only file system: /run/none/a",
         "look at: ls -ld /run/none/a   or set XDG_RUNTIME_DIR to a directory that you can write"),
        (errno.EACCES, b"/var/none", "not-allowed", "Paddock's state may not be used by you: /var/none",
         "look at: ls -ld /var/none   or set XDG_STATE_HOME to a directory that you can write"),
    ],
)  # fmt: skip
def test_each_says_what_and_what_next(number: int, path: str | bytes | None, code: str, what: str, step: str) -> None:
    found = shortage.explained(error(number, path), PLACES)
    assert found
    assert (found.code, found.what, found.next_step, found.exit_code) == (code, what, step, 125)
    assert os.strerror(number) in found.why


@pytest.mark.parametrize(
    ("number", "path"),
    [(errno.EACCES, "/srv/repo"), (errno.EACCES, None), (errno.ENOENT, "/x"), (errno.ENOENT, None), (errno.EIO, None)],
)
def test_what_is_none_of_these_is_left_as_it_is(number: int, path: str | None) -> None:
    assert shortage.explained(error(number, path), PLACES) is None


def test_no_space_without_a_name_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = (
        (f"{tmp_path}/state", "Paddock's state", "XDG_STATE_HOME"),
        ("/proc/none", "sandboxes", "XDG_RUNTIME_DIR"),
    )
    found = shortage.explained(error(errno.ENOSPC), places)  # /proc has no blocks at all
    assert found
    assert found.what == "no space left for sandboxes in /proc/none"
    found = shortage.explained(error(errno.ENOSPC), places[:1])
    assert found
    assert "a limit of the kernel" in found.what
    assert "sysctl user" in found.next_step


def test_a_deleted_working_directory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        os.getcwd()
    monkeypatch.undo()
    assert shortage.explained(caught.value, PLACES) is None, "there is one now"
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    found = shortage.explained(caught.value, PLACES)
    assert found
    assert (found.code, found.next_step) == ("directory-deleted", "cd to a directory that exists")
