"""`paddock log` as a person types it, after real sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.record import anchors
from tests.capabilities import needs

if TYPE_CHECKING:
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
ASK = "import socket\ntry: socket.getaddrinfo('evil.example.test', 443)\nexcept OSError: print('refused')"


@pytest.fixture
def log(person: Person, repo: Path) -> Path:
    """The log of a session in which one name was refused."""
    done = person.call(
        "run", "--name", "it", "--net", "allow", "--allow", "api.example.test", "--", "python3", "-c", ASK, cwd=repo
    )
    assert "refused" in done.stdout, done.stderr
    (found,) = (person.home / ".local/state/paddock/record").glob("*.jsonl")
    return found


def test_before_the_first_session_there_is_nothing(person: Person, repo: Path) -> None:
    assert person.call("log", "verify", cwd=repo).stdout == "nothing is recorded yet\n"
    done = person.call("log", "show", cwd=repo)
    assert done.returncode == 125
    assert "there is no record yet" in done.stderr


def test_a_session_without_a_network_has_no_log(person: Person, repo: Path) -> None:
    assert person.call("run", "--net", "off", "--", "true", cwd=repo).returncode == 0
    assert not (person.home / ".local/state/paddock/record").exists()


def test_a_session_is_shown_verified_and_exported(person: Person, repo: Path, log: Path) -> None:
    shown = person.call("log", "show", "it", "--denied", cwd=repo).stdout
    assert "evil.example.test  no rule names this host" in shown
    assert f": python3 in {repo}" in shown
    verified = person.call("log", "verify", cwd=repo)
    assert verified.returncode == 0
    assert verified.stdout.startswith("whole ")
    for form in ("ocsf", "otlp"):
        exported = person.call("log", "export", "it", "--format", form, cwd=repo)
        assert exported.returncode == 0
        assert "evil.example.test" in exported.stdout
        assert all(json.loads(line) for line in exported.stdout.splitlines())


def test_the_head_that_was_kept_elsewhere_is_compared(person: Person, repo: Path, log: Path) -> None:
    data = json.loads(person.call("log", "verify", "--json", "it", cwd=repo).stdout)
    (found,) = data["logs"]
    assert (data["schema"], found["state"], found["path"]) == (1, "whole", str(log))
    assert person.call("log", "verify", "it", "--head", found["head"].upper(), cwd=repo).returncode == 0
    wrong = person.call("log", "verify", "it", "--head", "0" * 64, cwd=repo)
    assert wrong.returncode == 1
    assert "not the one that was given" in wrong.stdout
    assert person.call("log", "verify", "--head", "0" * 64, cwd=repo).returncode == 125


def test_a_change_is_named_with_file_and_line(person: Person, repo: Path, log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b"evil.example.test", b"good.example.test", 1))
    done = person.call("log", "verify", cwd=repo)
    assert done.returncode == 1
    assert done.stdout.startswith("broken ")
    assert "line 3: it does not follow the line before it: one of the two was changed" in done.stdout
    assert str(log) in done.stdout
    exported = person.call("log", "export", "it", "--format", "ocsf", cwd=repo)
    assert exported.returncode == 1
    assert "is not what was written (line 3" in exported.stderr
    assert exported.stdout.count("\n") == len(log.read_bytes().splitlines())


def test_a_cut_and_a_loss_are_found(person: Person, repo: Path, log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    cut = person.call("log", "verify", cwd=repo)
    assert (cut.returncode, "the end was cut off" in cut.stdout) == (1, True)
    log.unlink()
    gone = person.call("log", "verify", cwd=repo)
    assert (gone.returncode, "the log is gone" in gone.stdout) == (1, True)
    Path(anchors.place(str(log))).unlink()
    assert person.call("log", "verify", cwd=repo).returncode == 0


def test_a_live_session_can_be_looked_at_from_inside_by_nobody(person: Person, repo: Path) -> None:
    """What a sandbox did is out of its reach, under its own eyes and hands."""
    state = person.home / ".local/state"
    code = f"ls -a {state} 2>&1; echo x > {state}/paddock/record/x 2>&1; find / -name '*.jsonl' -path '*record*' 2>/dev/null"
    done = person.call("run", "--net", "allow", "--allow", "api.example.test", "--", "sh", "-c", code, cwd=repo)
    assert ".jsonl" not in done.stdout
    assert not (state / "paddock/record/x").exists()
    assert person.call("log", "verify", cwd=repo).returncode == 0


def test_following_ends_with_the_log(person: Person, repo: Path, log: Path) -> None:
    done = person.call("log", "show", "-f", "--json", "it", cwd=repo)
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()][-1] == "closed"
