"""Copies of what stood in the repository lie packed, and become files when they are asked for."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.live import copies
from tests.workspace.live.trees import Run, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Begin = Callable[[], Run]


def brought(began: Run, path: str) -> bytes | str | None:
    began.ground.copies.bring(path)
    found = f"{began.ground.path}/before/{path}"
    if os.path.islink(found):
        return os.readlink(found)
    if not os.path.exists(found):
        return None
    with open(found, "rb") as file:
        return file.read()


def test_a_copy_is_what_stood_there_at_the_start(run: Begin, repository: Path) -> None:
    (repository / "deep/er").mkdir(parents=True)
    (repository / "deep/er/Makefile").write_bytes(b"\0\xff\n" * 1000)
    (repository / ".mcp.json").symlink_to("odd\udcff")
    write(repository / "Makefile", "")
    began = run()
    (repository / "deep/er/Makefile").write_text("later")
    assert brought(began, "deep/er/Makefile") == b"\0\xff\n" * 1000
    assert brought(began, ".mcp.json") == "odd\udcff"
    assert brought(began, "Makefile") == b""
    assert brought(began, "src/main.py") is None
    assert stat.S_IMODE(os.stat(f"{began.ground.path}/before/deep/er/Makefile").st_mode) == 0o600


def test_only_what_is_asked_for_becomes_a_file(run: Begin) -> None:
    began = run()
    assert os.listdir(f"{began.ground.path}/before") == []
    brought(began, "Makefile")
    assert os.listdir(f"{began.ground.path}/before") == ["Makefile"]


def test_another_process_makes_the_same_of_what_a_killed_one_left(run: Begin, repository: Path) -> None:
    began = run()
    write(repository.parent / "x")
    with open(f"{began.ground.path}/before/.half", "w") as file:
        file.write("torn")
    assert brought(began, "Makefile") == b"all:\n\techo old\n"
    again = copies.Copies(began.ground.lock, began.ground.before)
    again.bring("Makefile")
    assert sorted(os.listdir(f"{began.ground.path}/before")) == ["Makefile"]


def test_what_grew_since_it_was_looked_at_is_left_out(repository: Path, tmp_path: Path) -> None:
    place, root = os.open(tmp_path, os.O_RDONLY), os.open(repository, os.O_RDONLY)
    copies.keep(place, root, ["missing", "Makefile", ".envrc", "src"], 5)
    (tmp_path / "before").mkdir()
    before = os.open(tmp_path / "before", os.O_RDONLY)
    found = copies.Copies(place, before)
    for path in ("missing", "Makefile", ".envrc", "src"):
        found.bring(path)
    assert os.listdir(tmp_path / "before") == [".envrc"]
    for descriptor in (place, root, before):
        os.close(descriptor)


@pytest.mark.user
def test_a_file_that_only_its_owner_cannot_read_is_read_for_the_moment(run: Begin, repository: Path) -> None:
    write(repository / "Makefile").chmod(0o200)
    began = run()
    assert brought(began, "Makefile") == b"content\n"
    assert stat.S_IMODE((repository / "Makefile").stat().st_mode) == 0o200


def test_nothing_was_kept_of_a_run_that_was_killed_before(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    copies.Copies(place, place).bring("Makefile")
    assert os.listdir(tmp_path) == []
    os.close(place)
