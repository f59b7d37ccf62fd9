"""Real agents log in, in the tests' own internet, and work with a login whose tokens are never inside."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from paddock.state import repository_key
from tests.capabilities import needs
from tests.real.issuers import files_with, kept
from tests.scripted_model import responses

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.issuers import Issuers

pytestmark = [
    needs("bubblewrap", "npm", "node", "internet", "openssl", "git", "curl"),
    pytest.mark.net,
    pytest.mark.slow,
]

# Everything that can be read inside; the pattern comes in two halves, so that the search does not find itself.
SEARCH = """grep -raslE "$(printf %s '{0}' | sed 's/^./[&]/')$(printf %s '{1}')" --exclude-dir=sys --exclude-dir=usr \\
/proc/[0-9]*/environ /proc/[0-9]*/cmdline "$HOME" "$CODEX_HOME" /tmp /etc /run /var {2}; echo searched"""


def codex_login(issuers: Issuers, repo: Path) -> str:
    """What `paddock login codex` says, after a browser came back to it with a code."""
    one = issuers.resident
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


def test_codex_logs_in_and_works_and_no_token_is_inside(issuers: Issuers, repo: Path) -> None:
    one = issuers.resident
    said = codex_login(issuers, repo)
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
    issuers.script(*(codex_search(word, repo) for word in words), {"say": "All done."})
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert set(issuers.bearers("/backend-api/codex/responses")) == {first["access"]}
    found = max((responses.results(each["body"]) for each in issuers.asked("/codex/responses")), key=len)
    assert ["searched" in each for each in found] == [True] * 3, found
    assert ["auth.json" in each for each in found] == [False, False, True], found
    assert ["/proc/" in each for each in found] == [False] * 3, found


def codex_search(word: str, repo: Path) -> dict[str, Any]:
    command = SEARCH.format(word[-40:-20], word[-20:], shlex.quote(str(repo)))
    return {
        "tool": "exec",
        "input": f"text(await tools.exec_command({{cmd: {json.dumps(command)}, yield_time_ms: 60000}}));",
    }


def test_an_ending_token_is_renewed_outside_and_the_new_one_kept(issuers: Issuers, repo: Path) -> None:
    one = issuers.resident
    issuers.lasting(300)
    codex_login(issuers, repo)
    first = kept(one, "codex/chatgpt")
    issuers.lasting(7200)
    issuers.script({"say": "All done."})
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert "All done." in done.stdout, done.stdout + done.stderr
    second = kept(one, "codex/chatgpt")
    assert second["access"] != first["access"]
    assert second["refresh"] != first["refresh"]
    assert second["placeholder"] == first["placeholder"]
    assert set(issuers.bearers("/backend-api/codex/responses")) == {second["access"]}
    *_, renewal = issuers.asked("/oauth/token")
    assert renewal["body"]["refresh_token"] == first["refresh"]
    assert renewal["headers"]["user-agent"] == "paddock", "not by Codex, and so not from inside"

    before = len(issuers.asked("/oauth/token"))

    # Another repository of the person's has the same login.
    other = repo.with_name("another")
    other.mkdir()
    done = one.call("run", "codex", "exec", "--skip-git-repo-check", "go", cwd=other)
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert len(issuers.asked("/oauth/token")) == before, "which is good for a while now"


def test_a_login_that_the_issuer_has_ended_says_what_to_type(issuers: Issuers, repo: Path) -> None:
    one = issuers.resident
    issuers.lasting(300)
    codex_login(issuers, repo)
    place = one.home / ".local/state/paddock/logins/codex/chatgpt.json"
    data = json.loads(place.read_text())
    place.write_text(json.dumps({**data, "refresh": "code-of-the-browser", "expires": 1.0}))  # which was used
    done = one.call("run", "codex", "exec", "go", cwd=repo)
    assert done.returncode == 125
    assert "the login of codex has ended" in done.stderr
    assert "invalid_grant" in done.stderr
    assert "paddock login codex" in done.stderr
    assert not issuers.asked("/backend-api/codex/responses")
    assert one.call("login", "codex", "--forget", cwd=repo).returncode == 0
    assert not place.exists()
    state = one.home / ".local/state/paddock/agents/codex"
    assert not files_with(state, data["placeholder"])


def test_claude_code_works_with_a_login_that_was_made_inside(issuers: Issuers, repo: Path) -> None:
    """Its own hosts, no base URL: the gateway ends TLS, and puts the token in."""
    one = issuers.resident
    token, refresh = (f"sk-ant-o{kind}01-{os.urandom(40).hex()}" for kind in ("at", "rt"))
    login = {
        "accessToken": token, "refreshToken": refresh, "expiresAt": (time.time() + 60) * 1000,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
    }  # fmt: skip
    state = one.home / ".local/state/paddock/agents/claude" / repository_key(str(repo)) / ".claude"
    state.mkdir(parents=True)
    (state / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))
    issuers.script(
        {"tool": "Bash", "input": {"command": "cat $CLAUDE_CONFIG_DIR/.credentials.json", "description": "look"}},
        {"say": "All done."},
    )
    done = one.call("run", "claude", "-p", "go", cwd=repo)
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert "was logged in inside" in done.stderr
    (renewal,) = issuers.asked("/v1/oauth/token")
    assert renewal["body"]["refresh_token"] == refresh
    new = kept(one, f"claude/{repository_key(str(repo))}/subscription")
    assert not [each for each in (token, refresh) if each in json.dumps(new)]
    assert set(issuers.bearers("/v1/messages")) == {new["access"]}
    bodies = json.dumps([entry["body"] for entry in issuers.asked("/v1/messages")])
    assert new["placeholder"] in bodies
    assert not [each for each in (token, refresh, new["access"], new["refresh"]) if each in bodies]
    assert not files_with(one.home / ".local/state/paddock/agents", token, refresh, new["access"], new["refresh"])
