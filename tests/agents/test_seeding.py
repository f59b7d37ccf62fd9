from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.agents.seeding import sow
from paddock.plan.model import File, Mount
from paddock.policy.model import BUILT_IN

if TYPE_CHECKING:
    from pathlib import Path

SEED = File("/home/ann/.agent/settings.json", "{}\n")


def mounts(place: Path) -> list[Mount]:
    return [
        Mount("/usr", "/usr", "read", BUILT_IN),
        Mount(str(place), "/home/ann/.agent", "write", BUILT_IN),
    ]


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    sow([SEED], mounts(tmp_path))
    written = tmp_path / "settings.json"
    assert written.read_text() == "{}\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "directory", "fifo", "link to a file", "dangling link"])
def test_what_is_there_stays(tmp_path: Path, kind: str) -> None:
    state, outside = tmp_path / "state", tmp_path / "outside"
    state.mkdir()
    outside.write_text("theirs")
    there = state / "settings.json"
    if kind == "file":
        there.write_text("mine")
    elif kind == "directory":
        there.mkdir()
    elif kind == "fifo":
        os.mkfifo(there)
    else:
        there.symlink_to(outside if kind == "link to a file" else tmp_path / "new")
    before = there.lstat()
    sow([SEED], mounts(state))
    assert there.lstat() == before
    assert outside.read_text() == "theirs"
    assert not (tmp_path / "new").exists()


def test_a_state_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="state"):
        sow([SEED], mounts(tmp_path / "state"))
    assert not list((tmp_path / "elsewhere").iterdir())
