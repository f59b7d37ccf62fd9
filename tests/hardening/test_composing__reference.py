"""A hardened compose project, brought up by the reference CLI with podman-compose: what holds inside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.devcontainer.labels import NotKnown
from paddock.hardening import reading, writing
from tests import capabilities
from tests.capabilities import IS_ROOT
from tests.hardening.conftest import IMAGE

if TYPE_CHECKING:
    from tests.hardening.conftest import Engine

PROGRAM = Path(sys.executable).with_name("podman-compose")
TEAMS_OWN = f"""\
services:
  app:
    image: {IMAGE}
    command: [sleep, "600"]
    privileged: true
    pid: host
    cap_add: [SYS_ADMIN]
    volumes: ["..:/workspaces/app", "/:/host"]
    depends_on: [db]
  db:
    image: {IMAGE}
    command: [sleep, "600"]
    privileged: true
    network_mode: host
    volumes: ["/:/host"]
"""
LOOK = """
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
test -e /host || echo no host; readlink /proc/self/ns/pid; readlink /proc/self/ns/net; cat /proc/net/route
touch .git/planted .devcontainer/planted 2>/dev/null; touch mine && id -u
"""


def test_what_voided_isolation_in_any_service_is_gone(tmp_path: Path, engine: Engine, reference_program: Path) -> None:
    capabilities.require("node")
    folder = tmp_path / "app"
    (folder / ".devcontainer").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / ".devcontainer/compose.yml").write_text(TEAMS_OWN)
    own = {"dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/workspaces/app"}
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps({**own, "remoteUser": "dev"}))
    # As root the reference CLI maps ordinary users with --userns=keep-id, which podman has for ordinary callers only.
    keeps = ("DC207=rootful podman maps no users for the CLI",) if IS_ROOT else ()
    asked = reading.Asked(directory=str(folder), engine="podman", keeps=keeps)
    case, sheet = reading.read(asked, lambda name: NotKnown(name, "nobody was asked"))
    writing.write(case, writing.texts(case, sheet))

    done = engine.run(
        "node", reference_program, "up", "--docker-path", "podman", "--docker-compose-path", PROGRAM,
        "--workspace-folder", folder, "--config", folder / case.target,
        "--skip-post-create", "--update-remote-user-uid-default", "never",
    )  # fmt: skip
    last = done.stdout.strip().splitlines()[-1:]
    answer = json.loads(last[0]) if last else {}
    assert answer.get("outcome") == "success", done.stdout + done.stderr
    project = answer["composeProjectName"]
    containers = {name: f"{project}_{name}_1" for name in ("app", "db")}

    look = engine.run(
        "podman", "exec", "-u", "0" if IS_ROOT else "dev", "-w", "/workspaces/app", containers["app"], "sh", "-c", LOOK
    )
    held(look.stdout)
    assert (folder / "mine").exists()
    assert not (folder / ".git/planted").exists()
    assert not (folder / ".devcontainer/planted").exists()
    held(engine.run("podman", "exec", containers["db"], "sh", "-c", LOOK).stdout)

    files = (f"-f={folder}/.devcontainer/compose.yml", f"-f={folder}/.devcontainer/paddock/compose.yaml")
    down = engine.run(PROGRAM, "--project-name", project, *files, "down", "--timeout", "0")
    assert down.returncode == 0, down.stderr
    assert engine.run("podman", "ps", "--all", "--quiet").stdout == ""


def held(told: str) -> None:
    status = dict(re.findall(r"(\w+):\s+(\w+)", told))
    assert int(status["CapEff"], 16) & 1 << 21 == 0, "CAP_SYS_ADMIN"
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "no host" in told
    assert len(re.findall(r"^(pid|net):\[", told, re.MULTILINE)) == 2, told
    assert not {f"{kind}:[{Path(f'/proc/self/ns/{kind}').stat().st_ino}]" for kind in ("pid", "net")} & set(
        told.split()
    )
    assert not re.search(r"^\w+\s+00000000\s", told, re.MULTILINE), "a way out of the services' network"
