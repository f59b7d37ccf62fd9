"""Claude Code's own login, driven at a terminal: the address, the code that the browser shows, and where tokens stay."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.capabilities import needs
from tests.real.issuers import files_with, kept
from tests.real.support import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.issuers import Issuers

pytestmark = [
    needs("bubblewrap", "npm", "node", "internet", "openssl", "git"),
    pytest.mark.net,
    pytest.mark.slow,
]

ASKS = "Paste code here if prompted >"
# No line may be broken: the address is one word.
COLUMNS = 1000
LOOK = {"tool": "Bash", "input": {"command": "cat $CLAUDE_CONFIG_DIR/.credentials.json", "description": "look"}}


def terminal(issuers: Issuers, repo: Path, *arguments: str) -> Terminal:
    shell, *rest = issuers.resident.argv(*arguments)
    assert shell == "sh"
    return Terminal(["/bin/sh", *rest], cwd=repo, environ=issuers.resident.environ, columns=COLUMNS)


def address(seen: bytes) -> dict[str, str]:
    """What the address for the browser asks for, which is not opened inside."""
    found = re.search(rb"https://claude\.com/cai/oauth/authorize\?[!-~]+", seen)
    assert found, seen
    return {name: values[0] for name, values in parse_qs(urlsplit(found[0].decode()).query).items()}


def drawn(words: str) -> str:
    """A pattern for words of a full screen, where the cursor is moved instead of spaces."""
    return words.replace(" ", ".{1,9}")


def enter_until(session: Terminal, words: str) -> None:
    """Press Enter until the next dialogue is there: the program draws one before it hears keys for it."""
    for _ in range(20):
        session.type("\r")
        with contextlib.suppress(AssertionError):
            session.wait_for(drawn(words), timeout_s=3)
            return
    session.wait_for(drawn(words))


def log_in(issuers: Issuers, repo: Path, code: str) -> tuple[int, dict[str, str], str]:
    """`paddock login claude` with this code: how it ended, what its address asked for, what was seen."""
    with terminal(issuers, repo, "login", "claude") as login:
        login.wait_for(ASKS)
        asked = address(login.seen)
        login.type(f"{code}#{asked['state']}\r")
        return login.finish(), asked, login.seen.decode()


def secrets_of(issuers: Issuers, path: str) -> tuple[str, str]:
    login = kept(issuers.resident, path)
    assert login["access"].startswith("sk-ant-oat01-")
    assert login["refresh"].startswith("sk-ant-ort01-")
    return login["access"], login["refresh"]


def test_a_code_that_is_typed_logs_in_and_the_tokens_are_kept_outside(issuers: Issuers, repo: Path) -> None:
    one = issuers.resident
    code, asked, seen = log_in(issuers, repo, "code-of-the-browser")
    assert code == 0, seen
    assert "Login successful" in seen
    assert "the tokens of Claude Code are kept outside, for all your repositories" in seen
    # The code arrived where it came from, with the proof that it is the same program that asked (RFC 7636).
    (exchange,) = issuers.asked("/v1/oauth/token")
    assert exchange["headers"]["host"] == "platform.claude.com"
    assert exchange["body"]["code"] == "code-of-the-browser"
    assert exchange["body"]["redirect_uri"] == asked["redirect_uri"]
    proof = hashlib.sha256(exchange["body"]["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(proof).decode().rstrip("=") == asked["code_challenge"]
    secrets = secrets_of(issuers, "claude/subscription")
    assert {path.partition("/logins/")[2] for path in files_with(one.home, *secrets)} == {"claude/subscription.json"}
    assert not [secret for secret in secrets if secret in seen]


def test_claude_code_works_with_that_login_in_every_repository(issuers: Issuers, repo: Path) -> None:
    one = issuers.resident
    code, _, seen = log_in(issuers, repo, "code-of-the-browser")
    assert code == 0, seen
    access, refresh = secrets_of(issuers, "claude/subscription")
    other = repo.with_name("another")
    other.mkdir()
    for place in (repo, other):
        issuers.script(LOOK, {"say": "All done."})
        done = one.call("run", "claude", "-p", "go", cwd=place)
        assert "All done." in done.stdout, done.stdout + done.stderr
    assert set(issuers.bearers("/v1/messages")) == {access}
    told = json.dumps([entry["body"] for entry in issuers.asked("/v1/messages")])
    assert kept(one, "claude/subscription")["placeholder"] in told, "which is what it found inside"
    assert not [secret for secret in (access, refresh) if secret in told]
    assert not files_with(one.home / ".local/state/paddock/agents", access, refresh)


def test_a_code_that_is_not_good_keeps_nothing(issuers: Issuers, repo: Path) -> None:
    assert log_in(issuers, repo, "code-of-the-browser")[0] == 0
    assert issuers.resident.call("login", "claude", "--forget", cwd=repo).returncode == 0
    code, _, seen = log_in(issuers, repo, "code-of-the-browser")  # the second time
    assert code != 0, seen
    assert "400" in seen, "its own words of the issuer's answer"
    assert issuers.resident.call("login", cwd=repo).stdout == "no login is kept\n"


def test_a_login_that_is_broken_off_keeps_nothing_and_can_be_begun_again(issuers: Issuers, repo: Path) -> None:
    with terminal(issuers, repo, "login", "claude") as login:
        login.wait_for(ASKS)
        login.type("half of a code\x03")
        assert login.finish() == 130
    assert not issuers.asked("/v1/oauth/token")
    assert issuers.resident.call("login", cwd=repo).stdout == "no login is kept\n"
    assert log_in(issuers, repo, "code-of-the-browser")[0] == 0


def test_a_login_in_its_first_dialogue_is_taken_out_before_the_next_run(issuers: Issuers, repo: Path) -> None:
    """Who did not log in before is asked how by the program itself: then its tokens are inside, for that one run."""
    one = issuers.resident
    with terminal(issuers, repo, "run", "claude") as session:
        session.wait_for(drawn("Choose the text style"))
        enter_until(session, "Select login method")
        enter_until(session, "Paste code here")
        session.type(f"code-of-the-browser#{address(session.seen)['state']}")
        session.wait_for("[*]{9}")  # typed together with the code, the key would be a part of it
        enter_until(session, "Login successful")
        enter_until(session, "Security notes")
        enter_until(session, "bypass permissions on")
        session.type("/exit")
        session.wait_for(drawn("Exit the CLI"))
        session.type("\r")
        assert session.finish() == 0
    (exchange,) = issuers.asked("/v1/oauth/token")
    assert exchange["body"]["code"] == "code-of-the-browser"
    issuers.script(LOOK, {"say": "All done."})
    done = one.call("run", "claude", "-p", "go", cwd=repo)
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert "was logged in inside" in done.stderr
    (path,) = (one.home / ".local/state/paddock/logins/claude").glob("*/subscription.json")
    secrets = secrets_of(issuers, f"claude/{path.parent.name}/subscription")
    assert not files_with(one.home / ".local/state/paddock/agents", *secrets)
    told = json.dumps([entry["body"] for entry in issuers.asked("/v1/messages")])
    assert not [secret for secret in secrets if secret in told]
