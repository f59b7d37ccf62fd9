from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.checking import surroundings
from paddock.checking.search import of_folder
from tests.checking.test_search import put

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = ".devcontainer/devcontainer.json"


def test_scripts_that_are_named_are_read_and_others_are_not(tmp_path: Path) -> None:
    put(tmp_path, CONFIGURATION, "scripts/setup.sh", "scripts/other.sh", ".devcontainer/f/install.sh")
    around = surroundings.look(of_folder(str(tmp_path)), CONFIGURATION, "bash scripts/setup.sh", str(tmp_path))
    assert around.texts == {"scripts/setup.sh": "{}", ".devcontainer/f/install.sh": "{}"}
    assert (around.configurations, around.git_root, around.names_complete) == ((CONFIGURATION,), "", True)


def test_the_git_root_may_be_above(tmp_path: Path) -> None:
    put(tmp_path, f"a/b/{CONFIGURATION}", ".git/HEAD")
    roots = [
        surroundings.look(of_folder(str(folder)), CONFIGURATION, "", str(tmp_path)).git_root
        for folder in (tmp_path, tmp_path / "a/b")
    ]
    assert roots == [".", "../.."]


def test_links_that_lead_out_fifos_and_huge_files_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    put(tmp_path, "outside.sh")
    put(folder, CONFIGURATION)
    (folder / "a.sh").symlink_to(tmp_path / "outside.sh")
    os.mkfifo(folder / "b.sh")
    (folder / "c.sh").write_bytes(b"x" * (2 << 20))
    (folder / "d.sh").write_bytes(b"\xff")
    put(folder, "e.sh")
    around = surroundings.look(of_folder(str(folder)), CONFIGURATION, "a.sh b.sh c.sh d.sh e.sh", str(folder))
    assert set(around.texts) == {"d.sh", "e.sh"}  # bytes that are no text hide nothing
    assert {"a.sh", "b.sh", "c.sh"} <= around.names


def test_too_many_names_are_said_to_be_incomplete(tmp_path: Path) -> None:
    put(tmp_path, CONFIGURATION, *(f"{number}/run.sh" for number in range(101)))
    around = surroundings.look(of_folder(str(tmp_path)), CONFIGURATION, "run.sh", str(tmp_path))
    assert (len(around.texts), around.names_complete) == (100, False)
