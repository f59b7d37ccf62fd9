"""All texts of a shell that a configuration brings."""

from __future__ import annotations

from pathlib import Path

from paddock.checking.facts import scripts
from paddock.frozen import replace
from tests.checking.scenes import feature, read


def test_hooks_features_and_dockerfiles_are_read_alike_each_with_its_place(tmp_path: Path) -> None:
    scene = feature("#!/bin/sh\nmake feature\n")
    config = {**scene.config, "image": None, "build": {"dockerfile": "Dockerfile"}, "postCreateCommand": "make hook"}
    files = (*scene.files, (".devcontainer/Dockerfile", "FROM scratch\nRUN true && \\\n  make image\n"))
    result, context, _ = read(replace(scene, config=config, files=files), tmp_path)
    found = [
        (one.who, command.arguments[0], str(one.source(command).place))
        for one in scripts.every(result, context)
        for command in one.commands
        if command.program == "make"
    ]
    hook, inside, image = found
    assert hook[:2] == ("postCreateCommand", "hook")
    assert hook[2].startswith(".devcontainer/devcontainer.json:")
    assert inside == (".devcontainer/extra/install.sh", "feature", ".devcontainer/extra/install.sh:2:1")
    assert image == ("RUN", "image", ".devcontainer/Dockerfile:3:3")
