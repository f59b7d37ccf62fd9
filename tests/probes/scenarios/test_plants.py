from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import plants
from paddock.probes.scenarios.plants import Plant

if TYPE_CHECKING:
    from pathlib import Path


def test_every_plant_leaves_a_name_of_its_own() -> None:
    marks = [plant.mark for plant in plants.ALL]
    assert len(set(marks)) == len(marks)
    assert not [mark for mark in marks if "/" in mark or " " in mark]


def test_what_is_planted_says_its_path_and_has_its_content(tmp_path: Path) -> None:
    home, repo, witnesses = tmp_path / "a home", tmp_path / "repo", tmp_path / "w"
    for made in (home, repo, witnesses):
        made.mkdir()
    planted = (
        Plant("PE-99 x", "it's/a file", "#!/bin/sh\n@RUN@\n", executable=True),
        Plant("PE-99 x", "~/.config/y", "@MARK@ %s \\n 'quoted'"),
    )
    script = plants.script(planted, str(home), str(witnesses))
    done = subprocess.run(["/bin/sh", "-c", script], cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["it's/a file", "~/.config/y"]
    assert (home / ".config/y").read_text() == f"{witnesses}/{planted[1].mark} %s \\n 'quoted'"
    subprocess.run([repo / "it's/a file"], check=True)
    assert [path.name for path in witnesses.iterdir()] == [planted[0].mark]


def test_what_cannot_be_planted_is_not_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    script = plants.script([Plant("PE-99 x", "file/below", "")], str(tmp_path), str(tmp_path))
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_way_that_payloads_cannot_spell_is_said() -> None:
    with pytest.raises(Skipped, match="it's mine"):
        plants.script(plants.ALL, "/home", "/it's mine")
