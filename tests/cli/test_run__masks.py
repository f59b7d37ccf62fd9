"""What the host makes during a run under a name that is masked: it is seen inside, and that is told at the end."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap")


def told(person: Person, repo: Path, meanwhile: Callable[[], object], *flags: str) -> tuple[str, list[str]]:
    """What a command read of `.env.late` when the host had done something, and what was told at its end."""
    script = "echo up; read line; cat .env.late; exit 0"
    argv = person.argv("run", "--quiet", "--json", *flags, "--", "sh", "-c", script)
    with subprocess.Popen(
        argv,
        cwd=repo,
        env=person.environ,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "up\n"
        meanwhile()
        out, error = running.communicate("go\n", timeout=60)
        assert running.returncode == 0, error
    read, _, rest = out.partition("{")
    every = json.loads("{" + rest)["messages"]
    messages = [message for message in every if not message.startswith("no control group here")]
    assert all(message in error for message in messages), (messages, error)
    return read, messages


@pytest.mark.parametrize("flags", [(), ("--workspace", "readonly")], ids=["review", "readonly"])
def test_a_file_that_the_host_made_during_the_run_is_named(person: Person, repo: Path, flags: tuple[str, ...]) -> None:
    read, (message,) = told(person, repo, lambda: (repo / ".env.late").write_text("secret"), *flags)
    assert read == "secret"
    assert message.startswith("not masked: .env.late, made while the sandbox ran")
    assert "renew it" in message


def test_so_are_those_of_a_flag_and_below_a_directory(person: Person, repo: Path) -> None:
    (repo / "conf").mkdir()
    _, (message,) = told(person, repo, (repo / "conf/key").touch, "--mask", "conf/*")
    assert message.startswith("not masked: conf/key, made")


def test_what_was_masked_or_is_made_inside_is_not(person: Person, repo: Path) -> None:
    (repo / ".env.late").write_text("secret")
    assert told(person, repo, (repo / "other").touch) == ("", [])
    (repo / ".env.late").unlink()
    done = person.call("run", "--json", "--quiet", "--", "touch", ".env.new", cwd=repo)
    assert "not masked" not in "".join(json.loads(done.stdout)["messages"])


def test_a_policy_that_was_broken_meanwhile_does_not_spoil_the_end(person: Person, repo: Path) -> None:
    assert told(person, repo, lambda: (repo / "paddock.toml").write_text("no TOML")) == ("", [])
