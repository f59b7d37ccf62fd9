"""Real agents log in, in the tests' own internet, and work with a login whose tokens are never inside."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from paddock.state import repository_key
from tests.capabilities import needs
from tests.real.internet import Resident
from tests.real.support import quietly
from tests.scripted_model import responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.internet import Internet

pytestmark = [
    needs("bubblewrap", "npm", "node", "internet", "openssl", "git", "curl"),
    pytest.mark.net,
    pytest.mark.slow,
]

ROOT = Path(__file__).parents[2]
NEAR, ADDRESS = "2d0e::1", "2d0e::2"
# A pair of interfaces between the person's host and the network of the process $1.
CONNECT = """
ip link add "near$1" type veth peer name there netns "$1"
ip address add "$2/64" dev "near$1" nodad
ip link set "near$1" up
nsenter --target "$1" --net -- sh -ec 'ip link set lo up; ip address add "$1/64" dev there nodad; ip link set there up' sh "$3"
"""
NAMES = ("auth.openai.com", "chatgpt.com", "api.anthropic.com", "platform.claude.com")
# Everything that can be read inside; the pattern comes in two halves, so that the search does not find itself.
SEARCH = """grep -raslE "$(printf %s '{0}' | sed 's/^./[&]/')$(printf %s '{1}')" --exclude-dir=sys --exclude-dir=usr \\
/proc/[0-9]*/environ /proc/[0-9]*/cmdline "$HOME" "$CODEX_HOME" /tmp /etc /run /var {2}; echo searched"""


@dataclass
class Services:
    """What answers at the names of the issuers and of their models."""

    resident: Resident
    seen: Path
    steps: Path

    def script(self, *steps: dict[str, Any]) -> None:
        self.steps.write_text(json.dumps(steps))

    def lasting(self, seconds: int) -> None:
        Path(f"{self.steps}.lasts").write_text(str(seconds))

    def asked(self, end: str) -> list[dict[str, Any]]:
        """The requests whose path ends so, in order."""
        lines = [json.loads(line) for line in self.seen.read_text().splitlines()]
        return [line for line in lines if line["path"].partition("?")[0].endswith(end)]

    def bearers(self, end: str) -> list[str]:
        return [entry["headers"].get("authorization", "").removeprefix("Bearer ") for entry in self.asked(end)]


@pytest.fixture
def services(internet: Internet, resident: Resident, agents_home: Path, tmp_path: Path) -> Iterator[Services]:
    """The services, on the host of somebody who has the agents on their PATH."""
    place = internet.directory
    (place / "hosts").write_text(
        "127.0.0.1 localhost\n" + "".join(f"{ADDRESS} {name}\n" for name in NAMES)
    )  # in its place: it is mounted
    leaf = ("-CA", "authority.pem", "-CAkey", "authority.key", "-out", "own.pem", "-keyout", "own.key")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=services")
    names = ("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES))
    usage = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    quietly("openssl", "req", "-x509", *curve, *names, *usage, *leaf, cwd=place)
    seen, steps = tmp_path / "seen.jsonl", tmp_path / "steps.json"
    seen.touch()
    steps.write_text("[]")
    given = (ADDRESS, place / "own.pem", place / "own.key", seen, steps)
    argv = resident.host(
        *("unshare", "--net", "sh", "-c", 'echo $$; read go; exec "$@"', "sh"),
        *(sys.executable, "-m", "tests.real.subscriptions", *map(str, given)),
        administrator=True,
    )
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdin is not None
            assert server.stdout is not None
            resident.administer(CONNECT, server.stdout.readline().strip(), NEAR, ADDRESS)
            server.stdin.write("go\n")
            server.stdin.flush()
            assert server.stdout.readline() == "ready\n"
            path = f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
            one = Resident(resident.home, {**resident.extra, "PATH": path}, resident.keeper)
            yield Services(one, seen, steps)
        finally:
            server.terminate()


def kept(person: Resident, path: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((person.home / f".local/state/paddock/logins/{path}.json").read_text())
    return data


def files_with(directory: Path, *words: str) -> list[str]:
    """Files below a directory that hold one of these texts."""
    found = []
    for top, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(top, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    content = file.read()
                found += [path for word in words if word.encode() in content]
    return found


def codex_login(services: Services, repo: Path) -> str:
    """What `paddock login codex` says, after a browser came back to it with a code."""
    one = services.resident
    with subprocess.Popen(
        one.argv("login", "codex"), cwd=repo, env=one.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as login:  # fmt: skip
        assert login.stdout is not None
        try:
            said = ""
            while not (found := re.search(r"https://auth\.openai\.com/oauth/authorize\S+", said)):
                line = login.stdout.readline()
                assert line, said
                said += line
            asked = parse_qs(urlsplit(found[0]).query)
            back = f"{asked['redirect_uri'][0]}?code=code-of-the-browser&state={asked['state'][0]}"
            curl = one.host(
                "curl", "--silent", "--show-error", "--location", "--max-time", "60", "--output", "/dev/null", back
            )
            subprocess.run(curl, cwd=repo, env=one.environ, check=True)
            rest = login.stdout.read()
            assert login.wait(60) == 0, said + rest
            return said + rest
        finally:
            login.kill()


def test_codex_logs_in_and_works_and_no_token_is_inside(services: Services, repo: Path) -> None:
    one = services.resident
    said = codex_login(services, repo)
    assert "kept outside" in said, said
    first = kept(one, "codex/chatgpt")
    assert first["access"].startswith("eyJ")
    assert first["refresh"].startswith("rt_")
    secrets = (first["access"], first["refresh"])
    places = {path.partition("/logins/")[2] for path in files_with(one.home, *secrets)}
    assert places == {"codex/chatgpt.json"}
    assert all(secret not in said for secret in secrets)

    # Its tool looks wherever it can for both tokens, and for what stands for one; what it finds, the model is told.
    words = [*secrets, first["placeholder"]]
    services.script(*(codex_search(word, repo) for word in words), {"say": "All done."})
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert set(services.bearers("/backend-api/codex/responses")) == {first["access"]}
    found = max((responses.results(each["body"]) for each in services.asked("/codex/responses")), key=len)
    assert ["searched" in each for each in found] == [True] * 3, found
    assert ["auth.json" in each for each in found] == [False, False, True], found
    assert ["/proc/" in each for each in found] == [False] * 3, found


def codex_search(word: str, repo: Path) -> dict[str, Any]:
    command = SEARCH.format(word[-40:-20], word[-20:], shlex.quote(str(repo)))
    return {
        "tool": "exec",
        "input": f"text(await tools.exec_command({{cmd: {json.dumps(command)}, yield_time_ms: 60000}}));",
    }


def test_an_ending_token_is_renewed_outside_and_the_new_one_kept(services: Services, repo: Path) -> None:
    one = services.resident
    services.lasting(300)
    codex_login(services, repo)
    first = kept(one, "codex/chatgpt")
    services.lasting(7200)
    services.script({"say": "All done."})
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert "All done." in done.stdout, done.stdout + done.stderr
    second = kept(one, "codex/chatgpt")
    assert second["access"] != first["access"]
    assert second["refresh"] != first["refresh"]
    assert second["placeholder"] == first["placeholder"]
    assert set(services.bearers("/backend-api/codex/responses")) == {second["access"]}
    *_, renewal = services.asked("/oauth/token")
    assert renewal["body"]["refresh_token"] == first["refresh"]
    assert renewal["headers"]["user-agent"] == "paddock", "not by Codex, and so not from inside"

    before = len(services.asked("/oauth/token"))

    # Another repository of the person's has the same login.
    other = repo.with_name("another")
    other.mkdir()
    done = one.call("run", "codex", "exec", "--skip-git-repo-check", "go", cwd=other)
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert len(services.asked("/oauth/token")) == before, "which is good for a while now"


def test_a_login_that_the_issuer_has_ended_says_what_to_type(services: Services, repo: Path) -> None:
    one = services.resident
    services.lasting(300)
    codex_login(services, repo)
    place = one.home / ".local/state/paddock/logins/codex/chatgpt.json"
    data = json.loads(place.read_text())
    place.write_text(json.dumps({**data, "refresh": "code-of-the-browser", "expires": 1.0}))  # which was used
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert done.returncode == 125
    assert "the login of codex has ended" in done.stderr
    assert "invalid_grant" in done.stderr
    assert "paddock login codex" in done.stderr
    assert not services.asked("/backend-api/codex/responses")
    assert one.call("login", "codex", "--forget", cwd=repo).returncode == 0
    assert not place.exists()
    state = one.home / ".local/state/paddock/agents/codex"
    assert not files_with(state, data["placeholder"])


def test_claude_code_works_with_a_login_that_was_made_inside(services: Services, repo: Path) -> None:
    """Its own hosts, no base URL: the gateway ends TLS, and puts the token in."""
    one = services.resident
    token, refresh = (f"sk-ant-o{kind}01-{os.urandom(40).hex()}" for kind in ("at", "rt"))
    login = {
        "accessToken": token, "refreshToken": refresh, "expiresAt": (time.time() + 60) * 1000,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
    }  # fmt: skip
    state = one.home / ".local/state/paddock/agents/claude" / repository_key(str(repo)) / ".claude"
    state.mkdir(parents=True)
    (state / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))
    services.script(
        {"tool": "Bash", "input": {"command": "cat $CLAUDE_CONFIG_DIR/.credentials.json", "description": "look"}},
        {"say": "All done."},
    )
    done = one.call("run", "claude", "-p", "go", cwd=repo)
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert "was logged in inside" in done.stderr
    (renewal,) = services.asked("/v1/oauth/token")
    assert renewal["body"]["refresh_token"] == refresh
    new = kept(one, f"claude/{repository_key(str(repo))}/subscription")
    assert not [each for each in (token, refresh) if each in json.dumps(new)]
    assert set(services.bearers("/v1/messages")) == {new["access"]}
    bodies = json.dumps([entry["body"] for entry in services.asked("/v1/messages")])
    assert new["placeholder"] in bodies
    assert not [each for each in (token, refresh, new["access"], new["refresh"]) if each in bodies]
    assert not files_with(one.home / ".local/state/paddock/agents", token, refresh, new["access"], new["refresh"])
