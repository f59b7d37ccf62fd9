from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.cli.plan import render
from paddock.plan.serial import as_data, from_data
from tests.plan.machine import REPOSITORY, allow, plan, policy

if TYPE_CHECKING:
    from tests.conftest import Person

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = {
    "/home/ann/.cargo/bin/cargo": "x", "/home/ann/.rustup/toolchains/stable/bin/rustc": "x", "/home/ann/.local/bin/claude": "x",
    "/opt/tool/bin/tool": "x", f"{REPOSITORY}/.env": "", f"{REPOSITORY}/conf/a.key": "", "/srv/docs/a": "",
}  # fmt: skip


def golden(name: str, text: str) -> None:
    """Compare with the file; PADDOCK_GOLDEN=write makes it anew, to be read before it is committed."""
    path = GOLDEN / name
    if os.environ.get("PADDOCK_GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text


def pretty(found: Any) -> str:
    return json.dumps(as_data(found), indent=1, sort_keys=True) + "\n"


def test_the_default_plan_is_the_golden_one() -> None:
    environ = {"PATH": "/home/ann/.cargo/bin:/opt/tool/bin:/usr/bin", "LANG": "C.UTF-8", "GITHUB_TOKEN": "never"}
    found = plan(FILES, "cargo", "test", environ=environ, rules=policy(mask=[".env"]))
    golden("plan-default.json", pretty(found))


def test_a_plan_with_everything_is_the_golden_one() -> None:
    from paddock.agents.profile import load

    rules = policy(
        workspace_mode="scratch", mask=[".env", "conf/*.key"], read=["/srv/docs"], network_mode="allow", allow=(allow("pkg.example.test", 8443, private=True),),
        pass_variables=["MY_*"], accept=["memory-total"], syscalls="debug",
    )  # fmt: skip
    environ = {
        "PATH": "/home/ann/.local/bin:/usr/bin",
        "MY_FLAG": "1",
        "MY_TOKEN": "never",
        "ANTHROPIC_BASE_URL": "http://localhost:8080",
    }
    found = plan(FILES, "claude", environ=environ, rules=rules, agent=load("claude"), terminal=True)
    assert "never" not in str(as_data(found))
    golden("plan-everything.json", pretty(found))


def test_the_text_has_the_layers_the_hash_and_no_control_characters() -> None:
    found = plan({f"{REPOSITORY}/\x1b[31m.pem": ""}, "x\x1b]0;title\x07", rules=policy(mask=["*.pem"]))
    text = render(found, "abc")
    for word in ("sha256:abc", "1 workspace", "2 boundary", "3 network", "4 approval", "environment", "\\x1b[31m.pem"):
        assert word in text
    assert not set(text) & {"\x1b", "\x07"}


def test_the_command_prints_and_changes_nothing(repo: Path, person: Person) -> None:
    done = person.call("plan", "--", "python3", "-m", "pytest", cwd=repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert "command  python3 -m pytest" in done.stdout
    assert not list((person.home / ".local/state").iterdir())


def test_its_json_is_a_plan_with_its_hash(repo: Path, person: Person) -> None:
    done = person.call("plan", "--net", "allow", "--allow", "a.example.test", "--json", cwd=repo)
    data = json.loads(done.stdout)
    found = from_data(data["plan"])
    assert data["schema"] == 1
    assert [(rule.host, str(rule.origin)) for rule in found.network.rules] == [("a.example.test", "flag --allow")]
    assert (
        json.loads(person.call("plan", "--allow", "a.example.test", "--json", cwd=repo).stdout)["hash"] == data["hash"]
    )
    assert json.loads(person.call("plan", "--json", cwd=repo).stdout)["hash"] != data["hash"]


def test_what_run_would_refuse_plan_refuses(person: Person) -> None:
    done = person.call("plan", cwd=person.home)
    assert done.returncode == 126
    assert "home directory" in done.stderr
    assert person.call("plan", "--read", "~/.ssh", cwd=person.home).returncode == 126
