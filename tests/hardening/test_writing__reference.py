"""Hardened real configurations, brought up by the reference CLI with podman: what holds inside."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.checking.editing import changes, made
from paddock.checking.findings import Edit
from paddock.devcontainer import finding, jsonc, known_features, references
from paddock.devcontainer.effective import effective
from paddock.devcontainer.labels import NotKnown
from paddock.hardening import reading, writing
from tests import capabilities
from tests.capabilities import IS_ROOT
from tests.hardening.conftest import IMAGE

if TYPE_CHECKING:
    from paddock.devcontainer.model import Effective
    from tests.hardening.conftest import Engine

DATA = os.environ.get("PADDOCK_DATA", "")
SAMPLE = Path(DATA, "devcontainers")
# Privileged, capabilities, sockets, keys and homes mounted, seccomp off, initializeCommand, a Feature that brings the
# engine's socket, Dockerfiles, folders below and above the git root, users of many names and none.
CHOSEN = (
    *("001", "013", "021", "029", "035", "039", "303", "043", "049", "053"),
    *("055", "351", "109", "113", "143", "277", "293", "317", "355", "357"),
)
# As root the reference CLI maps ordinary users with --userns=keep-id, which podman has for ordinary callers only.
AS_ROOT = ("001", "043", "055", "109", "143")
BY_CLI = ("021", "357")  # the others are asked by podman itself, which takes a tenth of the time
LOOK = """
id -u; grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status; ls /sys/class/net
for one in "$@"; do touch "$one/written" 2>/dev/null && echo "writable $one"; done
if [ -d .git ]; then touch .git/planted && echo "in .git"; mv .git moved 2>&1; fi
touch mine && echo "workspace"
"""
pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason="PADDOCK_DATA does not name the folder of shared data")
SOURCES = (SAMPLE / "SOURCES.tsv").read_text().splitlines() if SAMPLE.is_dir() else []
ROWS = {row["file"][:3]: row["path"] for row in csv.DictReader(SOURCES, delimiter="\t")}


@pytest.mark.parametrize("number", AS_ROOT if IS_ROOT else CHOSEN)
def test_a_real_configuration_comes_up_with_nothing_but_what_was_left(
    number: str, tmp_path: Path, engine: Engine, reference_program: Path
):
    folder = placed(number, tmp_path)
    keeps = ("DC207=rootful podman maps no users for the CLI",) if IS_ROOT else ()
    path = folder / os.path.relpath(tmp_path / "app" / ROWS[number], folder)
    asked = reading.Asked(directory=str(folder), config=str(path), engine="podman", keeps=keeps)
    case, sheet = reading.read(asked, lambda name: NotKnown(name, "nobody was asked"))
    writing.write(case, writing.texts(case, sheet))
    target = folder / case.target
    said = effective(finding.find(str(folder), config=str(target)), ask=lambda name: NotKnown(name, ""))
    given(said, engine.home)
    container = up(folder, target, engine, reference_program)
    protected = [one.target for one in said.mounts if one.read_only]
    look = ("sh", "-c", LOOK, "sh", *protected)
    if number in BY_CLI:
        done = devcontainer("exec", folder, target, engine, reference_program, *look)
    else:
        user = said.remote_user.value if said.remote_user else "0"
        done = engine.run("podman", "exec", "-u", user, "-w", said.workspace_folder.value, container, *look)
    assert done.returncode == 0, done.stderr
    held(done.stdout, case.git, folder)
    assert engine.run("podman", "rm", "--force", "--time", "0", container).returncode == 0


def held(told: str, git: str, folder: Path) -> None:
    """What the commands inside have told."""
    lines = told.splitlines()
    assert (lines[0] == "0") == IS_ROOT, told
    status = dict(re.findall(r"(\w+):\s+(\w+)", told))
    assert {name: int(value, 16) for name, value in status.items() if name.startswith("Cap")} == dict.fromkeys(
        ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0
    )
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert lines[8:9] == ["lo"], told
    assert "writable" not in told
    assert "workspace" in lines
    assert (folder / "mine").exists()
    if git:
        assert "in .git" in lines
        assert "busy" in told
        assert not (folder / ".git/planted").exists()
    else:
        assert list((folder / ".git").iterdir()) == []  # what was mounted over leaves an empty folder
        top = subprocess.run(["git", "-C", folder, "rev-parse", "--show-toplevel"], capture_output=True, check=True)
        assert Path(os.fsdecode(top.stdout.strip())) != folder


def placed(number: str, top: Path) -> Path:
    """The configuration where it was in its repository, with the local image in place of its own."""
    repository = top / "app"
    path = repository / ROWS[number]
    path.parent.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", repository], check=True)
    document = jsonc.parse("f", jsonc.decode("f", (SAMPLE / f"{number}.json").read_bytes()))
    data: Any = document.root.data()
    edits = [Edit("f", "set", ("image",), IMAGE)] if "image" in data else []
    if "features" in data:
        edits.append(Edit("f", "set", ("features",), features(data["features"], path.parent)))
    path.write_text(made(document.text, changes(document, edits)))
    build = data.get("build", {})
    named = build.get("dockerfile") or data.get("dockerFile")
    if named and "image" not in data:
        for place in {os.path.dirname(named), build.get("context") or data.get("context") or "."}:
            (path.parent / place).mkdir(parents=True, exist_ok=True)
        (path.parent / named).write_text(f"FROM {IMAGE}\n")
    above = path.parent
    return above.parent if above.name == ".devcontainer" else above


def features(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Local folders with the metadata of the published Features. Only in .devcontainer may a file have some."""
    found: dict[str, Any] = {}
    for reference in asked:
        known = known_features.look_up(references.parse(reference))
        name = references.parse(reference).id
        place = folder / name
        place.mkdir(parents=True)
        (place / "install.sh").write_text("#!/bin/sh\ntrue\n")
        said = {**(json.loads(known.metadata) if known else {}), "id": name, "version": "1.0.0"}
        said.pop("entrypoint", None)  # a script that the real install.sh makes
        (place / "devcontainer-feature.json").write_text(json.dumps(said))
        found[f"./{name}"] = {}
    return found


def given(said: Effective, home: Path) -> None:
    """The folders of the host that are still mounted: bind mounts need them."""
    for mount in said.mounts:
        source = mount.source.replace("${localEnv:HOME}", str(home)).replace("${localEnv:USERPROFILE}", "")
        if mount.kind == "bind" and not Path(source).exists():
            Path(source).mkdir(parents=True)


def up(folder: Path, target: Path, engine: Engine, program: Path) -> str:
    more = ("--skip-post-create", "--update-remote-user-uid-default", "never")
    done = devcontainer("up", folder, target, engine, program, *more)
    last = done.stdout.strip().splitlines()[-1:]
    answer = json.loads(last[0]) if last else {}
    assert answer.get("outcome") == "success", done.stdout + done.stderr
    return str(answer["containerId"])


def devcontainer(
    verb: str, folder: Path, target: Path, engine: Engine, program: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    capabilities.require("node")
    where = ("--docker-path", "podman", "--workspace-folder", folder, "--config", target)
    return engine.run("node", program, verb, *where, *more, USERPROFILE="")
