"""An agent of this machine for an image without one: what is shown of it, where, and what is left outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.agents.profile import for_command
from paddock.plan import image, layer
from paddock.plan.model import Link, Mount, Person
from paddock.policy.model import Origin
from tests.plan.machine import HOME, REPOSITORY, plan, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.plan.model import Plan

ROOTED = image.Rooted(
    "f00d", "app:1", Person(1000, 1000, "node", "/home/node"), "/bin/bash", (("PATH", "/usr/bin"),), Origin("flag", "")
)
MACHINE = Origin("machine", "command")
SCRIPT = "#!/usr/bin/env -S node --no-warnings\n"
LOCAL = f"{HOME}/.local"


def planned(files: Mapping[str, str], path: str = f"{LOCAL}/bin:/usr/bin", command: str = "claude") -> Plan:
    return plan(files, command, agent=for_command(command), image=ROOTED, environ={"PATH": path})


def shown(found: Plan) -> list[Mount]:
    return [mount for mount in found.mounts if mount.target.startswith(layer.PLACE)]


def test_a_native_program_is_one_file_and_comes_last() -> None:
    files = {f"{LOCAL}/bin/claude": f"-> {LOCAL}/share/claude/2.1", f"{LOCAL}/share/claude/2.1": "x"}
    found = planned(files)
    assert shown(found) == [Mount(f"{LOCAL}/share/claude/2.1", f"{layer.PROGRAMS}/claude", "read", MACHINE)]
    assert not found.links
    assert variables(found)["PATH"] == f"/usr/bin:{layer.PROGRAMS}"


@pytest.mark.parametrize("prefix", [LOCAL, "/usr/local", "/usr"])
def test_a_package_of_node_hides_nothing_of_the_image(prefix: str) -> None:
    files = {
        f"{prefix}/bin/codex": "-> ../lib/node_modules/@openai/codex/bin/codex.js",
        f"{prefix}/lib/node_modules/@openai/codex/bin/codex.js": SCRIPT,
        "/usr/bin/node": "x",
    }
    found = planned(files, f"{prefix}/bin:/usr/bin", "codex")
    assert shown(found) == [
        Mount("/usr/bin/node", f"{layer.PROGRAMS}/node", "read", MACHINE),
        Mount(f"{prefix}/lib/node_modules", f"{layer.PLACE}/node_modules", "read", MACHINE),
    ]
    to = "../node_modules/@openai/codex/bin/codex.js"
    assert found.links == (Link(f"{layer.PROGRAMS}/codex", to, MACHINE),)
    assert not [mount.target for mount in found.mounts if mount.target.startswith(("/usr", "/bin", "/lib"))]


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ({f"{HOME}/.volta/bin/claude": "x"}, f"{HOME}/.volta/bin", "a version manager"),
        ({f"{HOME}/.asdf/shims/claude": "#!/bin/sh\n"}, f"{HOME}/.asdf/shims", "a version manager"),
        ({f"{LOCAL}/bin/claude": "#! /bin/bash -e\n"}, f"{LOCAL}/bin", "a script of bash"),
        ({f"{LOCAL}/bin/claude": SCRIPT}, f"{LOCAL}/bin", "a script of env node"),
        ({"/nix/store/a/bin/claude": "x", "/p/claude": "-> /nix/store/a/bin/claude"}, "/p", "/nix/store"),
        ({f"{HOME}/.ssh/claude": "x"}, f"{HOME}/.ssh", "not added"),
    ],
)
def test_what_would_not_work_there_is_named_with_the_reason(files: Mapping[str, str], path: str, words: str) -> None:
    found = planned(files, path)
    assert not shown(found)
    assert layer.PROGRAMS not in variables(found)["PATH"]
    (note,) = (note for note in found.notes if "is not added to the image" in note)
    assert words in note


@pytest.mark.parametrize("path", [f"{REPOSITORY}/bin", "bin", ".", "/link"])
def test_a_program_of_the_repository_is_no_agent(path: str) -> None:
    found = planned({f"{REPOSITORY}/bin/claude": "x", "/link": f"-> {REPOSITORY}/bin"}, path)
    assert not shown(found)
    assert not found.links


def test_only_an_agent_by_its_name_is_added() -> None:
    files = {f"{LOCAL}/bin/claude": "x", f"{LOCAL}/bin/tool": "x"}
    path = f"{LOCAL}/bin"
    assert not shown(planned(files, path, "tool"))
    assert not shown(planned(files, path, f"{LOCAL}/bin/claude"))
