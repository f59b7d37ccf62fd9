"""Files of anybody's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.proofs.files import content

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (3 << 20))
    assert len(content(str(path), 1 << 30)[1]) == 3 << 20
    assert len(content(str(path), (2 << 20) + 1)[1]) == (2 << 20) + 1


def test_what_is_no_file_is_an_error_and_nothing_stays_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for path in ("/dev/zero", str(tmp_path), str(tmp_path / "pipe"), str(tmp_path / "link"), str(tmp_path / "none")):
        with pytest.raises(OSError, match=r".+"):
            content(path, 10)
    assert os.listdir("/proc/self/fd") == before
    assert content(str(tmp_path / "link"), 1, follow=True)[1]
