"""`paddock learn` as a person types it, after real sessions."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
ASK = """
import socket
for name in NAMES:
    try: socket.getaddrinfo(name, 443)
    except (OSError, UnicodeError): pass
"""
NAMES = (
    "api.example.org",
    "api.example.org",
    "github.com",
    "webhook.site",
    "10.0.0.1",
    "printer",
    "4f3c2a1b9d8e7f6a5b4c3d2e1f0a9b8c.example.net",
)


def session(person: Person, repo: Path, *names: str, name: str = "it") -> None:
    code = ASK.replace("NAMES", repr(names))
    done = person.call("run", "--name", name, "--net", "allow", "--", "python3", "-c", code, cwd=repo)
    assert done.returncode == 0, done.stderr


def test_refusals_become_a_diff_that_applies(person: Person, repo: Path) -> None:
    session(person, repo, *NAMES)
    done = person.call("learn", cwd=repo)
    assert done.returncode == 0, done.stderr
    medium, high, warning, *_ = done.stdout.splitlines()
    assert medium.split()[:4] == ["medium", "api.example.org:443", "asked", "for"]
    assert high.startswith("high    github.com:443")
    assert "whoever has an account there" in warning
    for name in ("webhook.site: it shows strangers", "printer: it is a name of your own network"):
        assert f"\n  {name}" in done.stdout
    assert "it looks like data" in done.stdout
    assert not (repo / "paddock.toml").exists()
    subprocess.run(["git", "apply", "-"], cwd=repo, input=done.stdout, text=True, check=True)
    assert person.call("policy", "check", cwd=repo).returncode == 0
    assert '"api.example.org",\n    "github.com",  # whoever' in (repo / "paddock.toml").read_text()


def test_written_it_counts_only_when_a_person_trusts_it(person: Person, repo: Path) -> None:
    (repo / "paddock.toml").write_text('[limits]\nwall = "1h" # short\n')
    assert person.call("trust", "--yes", cwd=repo).returncode == 0
    session(person, repo, "api.example.org")
    done = person.call("learn", "--write", cwd=repo)
    assert "wrote paddock.toml; look at it, then let it count: paddock trust" in done.stdout
    assert (repo / "paddock.toml").read_text() == (
        '[limits]\nwall = "1h" # short\n\n[network]\nmode = "allow"\nallow = [\n    "api.example.org",\n]\n'
    )
    assert "void" in person.call("trust", "--list", cwd=repo).stdout
    untrusted = person.call("run", "--", "getent", "hosts", "api.example.org", cwd=repo)
    assert untrusted.returncode != 0
    assert person.call("trust", "--yes", cwd=repo).returncode == 0
    trusted = person.call("run", "--", "getent", "hosts", "api.example.org", cwd=repo)
    assert trusted.stdout.startswith("198.18."), trusted.stderr
    again = person.call("learn", "it", cwd=repo)
    assert again.stdout == "nothing to propose\n", "it is allowed already"


def test_json_has_all_of_it(person: Person, repo: Path) -> None:
    session(person, repo, *NAMES)
    data = json.loads(person.call("learn", "--json", cwd=repo).stdout)
    assert (data["schema"], data["written"]) == (1, False)
    assert [(one["host"], one["risk"]) for one in data["proposals"]] == [
        ("api.example.org", "medium"),
        ("github.com", "high"),
    ]
    assert {one["name"] for one in data["left_out"]} >= {"webhook.site", "printer"}
    assert data["diff"].startswith("--- /dev/null\n+++ b/paddock.toml\n")


def test_only_this_repository_s_sessions_count(person: Person, repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=other, check=True)
    session(person, other, "other.example.org", name="there")
    none = person.call("learn", cwd=repo)
    assert (none.returncode, "no session in this repository" in none.stderr) == (125, True)
    wrong = person.call("learn", "there", cwd=repo)
    assert "is the record of another repository" in wrong.stderr
    session(person, repo, "api.example.org", name="here")
    session(person, other, "other.example.org", name="later")
    assert "api.example.org:443" in person.call("learn", cwd=repo).stdout


def test_nothing_is_learnt_from_a_record_that_was_changed(person: Person, repo: Path) -> None:
    session(person, repo, "evil.example.org")
    (log,) = (person.home / ".local/state/paddock/record").glob("*.jsonl")
    log.write_bytes(log.read_bytes().replace(b"evil.example.org", b"good.example.org"))
    done = person.call("learn", "--write", cwd=repo)
    assert done.returncode == 126
    assert "is not what was written, so nothing is learnt from it" in done.stderr
    assert not (repo / "paddock.toml").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('network = { mode = "allow" }\n', "cannot be added to safely"),
        ("[network]\nmode = 7\n", "paddock.toml"),
    ],
)
def test_a_file_that_cannot_be_added_to_stays(person: Person, repo: Path, text: str, said: str) -> None:
    session(person, repo, "api.example.org")
    (repo / "paddock.toml").write_text(text)
    done = person.call("learn", "--write", cwd=repo)
    assert done.returncode in (125, 126)
    assert said in done.stderr
    assert (repo / "paddock.toml").read_text() == text


def test_a_policy_in_devcontainer_json_is_not_given_a_rival(person: Person, repo: Path) -> None:
    session(person, repo, "api.example.org")
    (repo / ".devcontainer.json").write_text('{"customizations": {"paddock": {"limits": {"wall": "1h"}}}}')
    done = person.call("learn", "--write", cwd=repo)
    assert "this repository's policy is in" in done.stderr
    assert not (repo / "paddock.toml").exists()
