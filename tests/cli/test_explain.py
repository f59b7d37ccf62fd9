from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paddock.cli.explain import render
from paddock.plan.explain import Explanation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def test_a_secret_is_not_visible_and_the_reason_is_said(repo: Path, person: Person) -> None:
    (person.home / ".ssh").mkdir()
    (person.home / ".ssh/id_rsa").write_text("secret")
    done = person.call("explain", "~/.ssh/id_rsa", cwd=repo)
    assert done.returncode == 1
    assert "not visible" in done.stdout
    assert "SSH keys" in done.stdout
    assert "next" not in done.stdout


def test_each_kind_can_be_asked_for(repo: Path, person: Person) -> None:
    assert person.call("explain", "hello.txt", cwd=repo).stdout.startswith(
        f"{repo}/hello.txt: visible, copy-on-write\n"
    )
    assert person.call("explain", "PATH", cwd=repo).returncode == 0
    assert "--allow a.example.test:443" in person.call("explain", "a.example.test", cwd=repo).stdout
    data = json.loads(person.call("explain", "--host", "PATH", "--json", cwd=repo).stdout)
    assert (data["schema"], data["kind"], data["allowed"]) == (1, "host", False)


def test_the_flags_of_a_run_count(repo: Path, person: Person) -> None:
    done = person.call("explain", "--allow", "a.example.test", "a.example.test", cwd=repo)
    assert done.returncode == 0
    assert "flag --allow" in done.stdout


def test_a_program_is_told_by_its_bare_name(repo: Path, person: Person) -> None:
    tools = person.home / "tools"
    tools.mkdir()
    for name in ("R2", "python3.99"):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
        done = person.call("explain", name, cwd=repo, PATH=f"{tools}:/usr/bin:/bin")
        assert (done.returncode, f"{name} is {tools}/{name} on this machine" in done.stdout) == (0, True), done.stdout
    done = person.call("explain", "no-such-program", cwd=repo)
    assert "no command on your PATH is called so" in done.stdout


def test_a_host_is_reachable_once(repo: Path, person: Person) -> None:
    done = person.call("explain", "--allow", "a.example.test", "a.example.test", cwd=repo)
    assert done.stdout.startswith("a.example.test: reachable on port 443\n")
    assert person.call("explain", "NONE", cwd=repo).stdout.startswith("NONE: not visible, not passed\n")


def test_nothing_of_the_outside_reaches_the_terminal_raw() -> None:
    found = Explanation(
        "path", "/a\x1b[2J", allowed=False, how="not visible", decided_by="x\x07", why="b\n\udcff", next_step="c\r"
    )
    text = render(found)
    assert not set(text) & {"\x1b", "\x07", "\r", "\udcff"}
