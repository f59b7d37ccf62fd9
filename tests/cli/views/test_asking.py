from __future__ import annotations

import os
import shlex

import pytest

from paddock.cli.views import asking
from paddock.errors import PaddockError
from paddock.workspace.hazard import Hazard


@pytest.fixture
def place(tmp_path):
    """A directory on the person's PATH with an editor in it."""
    (tmp_path / "my-ed").write_text("#!/bin/sh\n")
    (tmp_path / "my-ed").chmod(0o755)
    return tmp_path


def test_visual_comes_before_editor_and_both_before_the_systems(place) -> None:
    path = str(place)
    assert asking.editor({"VISUAL": "my-ed -w", "EDITOR": "other", "PATH": path}) == [f"{path}/my-ed", "-w"]
    assert asking.editor({"VISUAL": "", "EDITOR": shlex.quote(f"{path}/my-ed"), "PATH": ""}) == [f"{path}/my-ed"]


@pytest.mark.parametrize("given", ["my-ed", "./my-ed", "sub/my-ed", "not-there", "'"])
def test_nothing_relative_is_an_editor(place, monkeypatch, given) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(PaddockError):
        asking.editor({"EDITOR": given, "PATH": f".::{place.name}"})


def test_without_a_word_one_of_the_systems_is_taken(monkeypatch) -> None:
    monkeypatch.setattr("paddock.process.find", lambda name, *_: f"/usr/bin/{name}" if name == "vi" else None)
    assert asking.editor({}) == ["/usr/bin/vi"]
    monkeypatch.setattr("paddock.process.find", lambda *_: None)
    with pytest.raises(PaddockError, match="no editor"):
        asking.editor({})


def test_a_hazard_is_told_without_a_single_control_character() -> None:
    evil = "\x1b[31m\n\u202e\udcff"
    lines = asking.hazard_lines(evil, [Hazard("name", "git", "high", f"why {evil}", (f"+\t{evil}",))])
    assert all(character.isprintable() or character == "\t" for line in lines for character in line)
    assert lines[1].startswith("    git (name): why ")
    assert lines[2].startswith("      | +\t")


def test_nothing_of_the_sandboxs_stands_where_editors_look_for_orders() -> None:
    """Vim reads modelines in the first and the last five lines."""
    text = asking._ABOVE + b"content\n" + asking._BELOW
    lines = text.splitlines()
    assert b"content" not in lines[:5]
    assert b"content" not in lines[-5:]
    assert all(line.startswith(b"#") for line in lines if line != b"content")


def test_there_must_be_a_terminal(monkeypatch) -> None:
    read, _ = os.pipe()
    with open(read) as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(PaddockError, match="nobody to ask"):
            asking.Terminal()
