"""`paddock net` with a sandbox that runs."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from paddock.probes.scenarios.network import free_port
from tests.background import one_message, running
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

ASK = "getent hosts {} >/dev/null && echo found || echo unknown"


def inside(person: Person, repo: Path, name: str) -> str:
    return person.call("exec", "there", "--", "sh", "-c", ASK.format(name), cwd=repo).stdout.strip()


@needs("bubblewrap")
def test_a_host_is_allowed_and_denied_while_the_sandbox_runs(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there", "--net", "allow"):
        assert inside(person, repo, "late.example.test") == "unknown"
        done = person.call(
            "net", "allow", "there", "late.example.test", "*.wide.test:8443", "--reason", "docs", cwd=repo
        )
        assert done.returncode == 0, done.stderr
        assert re.search(r"allow +late\.example\.test:443 .*until its end: docs", done.stdout)
        assert inside(person, repo, "late.example.test") == "found"
        assert inside(person, repo, "a.b.wide.test") == "found"
        done = person.call("net", "deny", "there", "*.wide.test", cwd=repo)
        assert re.search(r"deny +\*\.wide\.test:\*", done.stdout)
        assert inside(person, repo, "a.b.wide.test") == "unknown"
        shown = json.loads(person.call("net", "show", "there", "--json", cwd=repo).stdout)
        assert {(one["name"], one["reason"]) for one in shown["refusals"]} >= {
            ("late.example.test", "not-allowed"), ("a.b.wide.test", "denied"),
        }  # fmt: skip


@needs("bubblewrap")
def test_published_ports_are_shown(person: Person, repo: Path) -> None:
    port = free_port()
    with running(person, repo, "--name", "there", "--publish", f"{port}:3000"):
        done = person.call("net", "show", "there", cwd=repo)
    assert done.stdout == f"nothing may be reached\nport 3000 inside is at 127.0.0.1:{port} of this machine\n"


@needs("bubblewrap")
def test_a_grant_for_a_time_says_how_long(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there", "--net", "allow"):
        done = person.call("net", "allow", "there", "late.example.test", "--for", "30m", cwd=repo)
        assert re.search(r"for (30|29) min \d\d s more", done.stdout), done.stdout


@needs("bubblewrap")
def test_what_is_no_host_or_no_time_is_refused(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there", "--net", "allow"):
        for words in (("127.1",), ("*.com",), ("a.test", "--for", "soon"), ("https://a.test/",)):
            done = person.call("net", "allow", "there", *words, cwd=repo)
            assert done.returncode in (125, 126), words
            one_message(done.stderr)
        assert json.loads(person.call("net", "show", "there", "--json", cwd=repo).stdout)["rules"] == []


@needs("bubblewrap")
def test_a_sandbox_without_a_network_has_nothing_to_change(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there"):
        done = person.call("net", "allow", "there", "a.test", cwd=repo)
    assert done.returncode == 125
    assert "paddock run --net allow" in done.stderr


def test_an_unknown_sandbox_is_named(person: Person, repo: Path) -> None:
    done = person.call("net", "show", "ghost", cwd=repo)
    assert (done.returncode, "no live sandbox named ghost" in done.stderr) == (125, True)


@needs("bubblewrap")
def test_the_log_shows_what_happens_and_who_changed_what(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there", "--net", "allow") as process:
        follower = subprocess.Popen(
            person.argv("net", "log", "there", "-f"), cwd=repo, env=person.environ, text=True, stdout=subprocess.PIPE
        )
        with follower:
            assert follower.stdout
            assert inside(person, repo, "late.example.test") == "unknown"
            person.call("net", "allow", "there", "late.example.test", "--reason", "docs", cwd=repo)
            seen = ""
            while "docs" not in seen:  # it comes while the sandbox runs
                line = follower.stdout.readline()
                assert line, seen
                seen += line
            process.terminate()
            rest = follower.stdout.read()  # and ends with it
    assert re.search(r"refused +name +late\.example\.test  no rule names this host", seen)
    assert re.search(r"granted +late\.example\.test:443  docs; by ", seen)
    assert "closed" in rest
    denied = person.call("net", "log", "there", "--denied", cwd=repo).stdout
    assert "granted" not in denied
    assert "late.example.test" in denied
