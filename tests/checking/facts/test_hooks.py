"""What hooks run, and the scripts that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.checking.facts import hooks
from paddock.frozen import replace
from tests.checking.scenes import feature, file, hook, label, read

SCRIPT = ((".devcontainer/a.sh", "cd x\nmake\n"),)


def test_hooks_of_all_layers_speak_in_the_order_in_which_they_run(tmp_path: Path) -> None:
    scene = replace(
        label(postCreateCommand="one"), config={"postCreateCommand": ["two", "x"], "onCreateCommand": "three"}
    )
    result, context, _ = read(scene, tmp_path)
    said = list(hooks.commands(result, context))
    assert [one.command.program for one in said] == ["three", "one", "two"]
    assert said[1].who == "postCreateCommand, by the label of the image registry.example.test/base:1"


@pytest.mark.parametrize(
    ("command", "is_read"),
    [
        ("bash .devcontainer/a.sh", True),
        ("./.devcontainer/a.sh && x", True),
        ("sh ${containerWorkspaceFolder}/.devcontainer/a.sh", True),
        ("sh /workspaces/repo/.devcontainer/a.sh", True),
        ("sh /opt/.devcontainer/a.sh", False),
        ("sh .devcontainer/a.sh.old", False),
        ("sh x.devcontainer/a.sh", False),
    ],
)
def test_a_script_of_the_workspace_is_read_where_its_path_is_named(command: str, is_read: bool, tmp_path: Path) -> None:
    result, context, _ = read(replace(hook(command), files=SCRIPT), tmp_path)
    made = [one for one in hooks.commands(result, context) if one.command.program == "make"]
    assert [str(one.origin.place) for one in made] == [".devcontainer/a.sh:2:1"] * is_read


def test_a_local_feature_s_script_runs_in_the_build(tmp_path: Path) -> None:
    result, context, _ = read(feature("#!/bin/sh\nmake\n"), tmp_path)
    (script,) = hooks.everything(result, context)
    assert [(one.program, script.event, str(script.source(one).place)) for one in script.commands] == [
        ("make", "", ".devcontainer/extra/install.sh:2:1")
    ]
    assert list(hooks.commands(result, context)) == []


def test_without_hooks_nothing_is_said(tmp_path: Path) -> None:
    result, context, _ = read(file(postCreateCommand=""), tmp_path)
    assert list(hooks.everything(result, context)) == []
