"""`paddock devcontainer show`: what a file says and what it comes to, each line with its place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from paddock.cli import devcontainer
from paddock.cli.parser import parse
from paddock.errors import PaddockError, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.outcome import Outcome

TEXT = """{
  // the team's
  "image": "registry.example.test/base:1",
  "mounts": [{"type": "bind", "source": "${localEnv:HOME}/.ssh", "target": "/ssh", "readonly": true}],
  "initializeCommand": "echo \\u001b[31mred",
  "postCreateCommands": "x",
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".devcontainer.json").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", "/home/somebody")
    return tmp_path


def run(*arguments: str) -> Outcome:
    return devcontainer.perform(parse("devcontainer", devcontainer, list(arguments)))


def data(*arguments: str) -> Any:
    return json.loads(json.dumps(run(*arguments).data))


def test_every_value_is_shown_with_its_place_and_what_has_no_effect_with_it(folder: Path) -> None:
    lines = run("show").text.splitlines()
    assert lines[0].split() == ["image", "registry.example.test/base:1", ".devcontainer.json:3:12"]
    assert lines[1].endswith(".devcontainer.json:4:14  asks to be read-only, and is not")
    assert "${localEnv:HOME}/.ssh → /ssh" in lines[1]
    assert lines[2].endswith(".devcontainer.json:5:24  on the host")
    assert (
        "unknown  .devcontainer.json:6:25: no tool knows `postCreateCommands`; `postCreateCommand` is meant?" in lines
    )
    assert "flaw  .devcontainer.json:6:28: JSON has no comma before `}`" in lines


def test_no_control_character_and_nothing_of_the_host_is_shown(folder: Path) -> None:
    text = run("show").text + run("show", "--effective").text
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text
    assert "somebody" not in text + json.dumps(data("show"))


def test_values_of_secrets_are_hidden_and_that_is_said(folder: Path) -> None:
    written = {
        "image": "registry.example.test/base:1",
        "containerEnv": {"API_TOKEN": "q8Zr41vX", "PLAIN": "seen"},
        "remoteEnv": {"API_TOKEN": "${localEnv:API_TOKEN}", "DB_PASSWORD": None},
        "runArgs": ["--env=DB_PASSWORD=q8Zr41vX"],
        "postCreateCommand": "login --password=q8Zr41vX",
    }
    (folder / ".devcontainer.json").write_text(json.dumps(written))
    for words in (["show"], ["show", "--effective"]):
        text = run(*words).text
        assert "q8Zr41vX" not in text + json.dumps(data(*words))
        assert "3 values hidden: of secrets, by their names or forms" in text
        assert all(
            word in text for word in ("seen", "${localEnv:API_TOKEN}", "(taken away)", "--env=DB_PASSWORD=(hidden)")
        )


def test_what_all_layers_say_names_what_could_not_be_looked_at(folder: Path) -> None:
    text = run("show", "--effective").text
    assert "userEnvProbe" in text
    assert [one["name"] for one in data("show", "--effective")["not_known"]] == ["registry.example.test/base:1"]
    assert "not known  label registry.example.test/base:1: " in text
    assert "--effective" in run("show").text.splitlines()[-1]


def test_json_has_every_value_with_its_source(folder: Path) -> None:
    found = data("show")
    assert found["schema"] == 1
    assert found["values"][0] == {
        "key": "image",
        "value": "registry.example.test/base:1",
        "notes": [],
        "origin": {
            "layer": "file",
            "name": ".devcontainer.json",
            "path": ["image"],
            "file": ".devcontainer.json",
            "line": 3,
            "column": 12,
        },
    }
    assert [one["code"] for one in found["flaws"]] == ["trailing-comma"]
    assert [(one["key"], one["meant"]) for one in found["unknown_keys"]] == [
        ("mounts[0].readonly", ""),
        ("postCreateCommands", "postCreateCommand"),
    ]


def test_another_file_is_shown_where_it_is_named(folder: Path) -> None:
    other = folder / ".devcontainer" / "two" / "devcontainer.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"image": "two"}')
    assert "note  .devcontainer/two/devcontainer.json is there too, and editors offer it" in run("show").text
    assert data("show", "--config", str(other))["values"][0]["value"] == "two"
    (folder / "mine").write_text('{"image": "three"}')
    overridden = data("show", "--override-config", "mine")["values"][0]
    assert (overridden["value"], overridden["origin"]["layer"]) == ("three", "override")


def test_a_broken_file_is_refused_with_its_line_and_a_caret(folder: Path) -> None:
    (folder / ".devcontainer.json").write_text('{"image": "a"\n "name": "b"}')
    for options in (["show"], ["show", "--effective"]):
        with pytest.raises(PaddockError, match=r"\.devcontainer\.json:2:2: a comma is missing before this") as caught:
            run(*options)
        assert caught.value.why == ' "name": "b"}\n ^'


def test_a_folder_without_one_says_where_it_was_looked_for(folder: Path) -> None:
    (folder / ".devcontainer.json").unlink()
    with pytest.raises(PaddockError, match=r"has no devcontainer.json"):
        run("show")


def test_the_program_prints_it(folder: Path) -> None:
    environ = {**os.environ, "NO_COLOR": "1"}
    argv = [sys.executable, "-m", "paddock", "devcontainer", "show", "--json"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["values"][0]["key"] == "image"


@pytest.mark.parametrize("verb", ["up", "build", "show"])
def test_what_a_verb_does_not_know_leads_to_the_help_of_that_verb(verb: str) -> None:
    with pytest.raises(Usage, match="unrecognized arguments: --quiet") as caught:
        parse("devcontainer", devcontainer, [verb, "--quiet"])
    assert caught.value.next_step == f"paddock devcontainer {verb} --help"
