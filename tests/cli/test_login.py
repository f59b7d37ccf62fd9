from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.capabilities import needs
from tests.conftest import Person

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = "at_Vq7Rt2xWm9Kc4Lz8Hb3Nf6Yd1Gs5Pj0A"
REFRESH = "rt_Bz4Tn8kQe1Ws6Ux3Jm9Cv2Fh7Ra5Dy0L"
AGENT = f"""\
#!/bin/sh
echo "arguments: $*"
ls "$CODEX_HOME"
case "$*" in
*login)
  cat >"$CODEX_HOME/auth.json" <<'END'
{{"auth_mode": "chatgpt", "tokens": {{"access_token": "{ACCESS}", "refresh_token": "{REFRESH}", "account_id": "a"}}}}
END
  touch "$CODEX_HOME/left-by-a-login"
  ;;
*) cat "$CODEX_HOME/auth.json" ;;
esac
env | grep -E 'OPENAI|not-a-secret'
touch "$PWD/written" 2>/dev/null || echo read-only
exit 0
"""


@pytest.fixture
def installed(person: Person) -> Person:
    """Somebody with a program that calls itself like an agent."""
    program = person.home / ".local/bin/codex"
    program.parent.mkdir(parents=True)
    program.write_text(AGENT)
    program.chmod(0o755)
    return Person(person.home, {"PATH": f"{program.parent}:/usr/bin:/bin", "OPENAI_API_KEY": "not-a-secret-but-long"})


def kept(person: Person) -> dict[str, Any]:
    place = person.home / ".local/state/paddock/logins/codex/chatgpt.json"
    data: dict[str, Any] = json.loads(place.read_text())
    return data


@needs("bubblewrap")
def test_the_agents_own_login_runs_with_a_state_of_its_own_and_without_keys(installed: Person, repo: Path) -> None:
    done = installed.call("login", "codex", "--json", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    said, _, data = done.stdout.partition("{")
    assert said.splitlines() == ["arguments: login", "read-only"]
    assert json.loads("{" + data)["kept"] == ["chatgpt"]
    assert "kept outside, for all your repositories" in done.stderr
    assert (kept(installed)["access"], kept(installed)["refresh"]) == (ACCESS, REFRESH)
    assert not (repo / "written").exists()
    left = [
        path for path in installed.home.rglob("*") if path.is_file() and REFRESH in path.read_text(errors="replace")
    ]
    assert {path.name for path in left} == {"codex", "chatgpt.json"}, "the program itself, and what is kept"
    assert not list(installed.home.rglob("left-by-a-login"))


@needs("bubblewrap")
def test_the_agent_then_finds_placeholders(installed: Person, repo: Path) -> None:
    assert installed.call("login", "codex", cwd=repo).returncode == 0
    done = installed.call("run", "codex", "exec", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert kept(installed)["placeholder"] in done.stdout
    assert ACCESS not in done.stdout
    assert REFRESH not in done.stdout
    assert '"account_id": "a"' in done.stdout


@needs("bubblewrap")
def test_two_logins_of_an_agent_do_not_take_each_others_state(installed: Person, repo: Path) -> None:
    """The second waits for the first."""
    program = installed.home / ".local/bin/codex"
    program.write_text(AGENT.replace("exit 0", "sleep 0.5; exit 0"))
    started = [
        subprocess.Popen(
            installed.argv("login", "codex"), cwd=repo, env=installed.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [each.communicate(timeout=100)[0] for each in started]
    assert [each.returncode for each in started] == [0, 0], said
    assert all("left-by-a-login" not in each for each in said)
    assert kept(installed)["access"] == ACCESS


@needs("bubblewrap")
def test_what_is_kept_is_shown_and_forgotten(installed: Person, repo: Path) -> None:
    assert installed.call("login", cwd=repo).stdout == "no login is kept\n"
    assert installed.call("login", "codex", "--forget", cwd=repo).returncode == 125
    assert installed.call("login", "codex", cwd=repo).returncode == 0
    place = installed.home / ".local/state/paddock/logins/codex/chatgpt.json"
    place.write_text(json.dumps({**kept(installed), "expires": time.time() + 7230}))
    shown = installed.call("login", cwd=repo).stdout
    assert shown.split()[:4] == ["codex", "chatgpt", "all", "repositories;"]
    assert "good for 120 min, and is then renewed" in shown
    (one,) = json.loads(installed.call("login", "--json", cwd=repo).stdout)["logins"]
    assert (one["agent"], one["login"], one["repository"], one["renews"]) == ("codex", "chatgpt", None, True)
    assert ACCESS not in shown + json.dumps(one)
    forgotten = installed.call("login", "codex", "--forget", cwd=repo)
    assert forgotten.returncode == 0
    assert "log out there" in forgotten.stdout
    assert not place.exists()
    assert installed.call("login", "--forget", cwd=repo).returncode == 125


@needs("bubblewrap")
def test_a_login_that_brings_no_tokens_is_an_error(installed: Person, repo: Path) -> None:
    program = installed.home / ".local/bin/codex"
    program.write_text("#!/bin/sh\nexit 0\n")
    done = installed.call("login", "codex", cwd=repo)
    assert done.returncode == 125
    assert "left no tokens" in done.stderr
    program.write_text("#!/bin/sh\nexit 3\n")
    assert installed.call("login", "codex", cwd=repo).returncode == 3


@needs("bubblewrap")
def test_of_an_agent_whose_tokens_are_unknown_they_stay_in_its_state(installed: Person, repo: Path) -> None:
    program = installed.home / ".local/bin/gemini"
    program.write_text("#!/bin/sh\necho token > $HOME/.gemini/oauth_creds.json\n")
    program.chmod(0o755)
    done = installed.call("login", "gemini", "--json", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    (place,) = json.loads(done.stdout)["state"]
    with open(f"{place}/oauth_creds.json", encoding="utf-8") as file:
        assert file.read() == "token\n"
    assert f"{place}; what runs inside can read it" in done.stderr


def test_an_unknown_agent_is_refused_with_those_that_there_are(person: Person, repo: Path) -> None:
    done = person.call("login", "cursor", cwd=repo)
    assert done.returncode == 125
    assert "claude, codex, copilot, gemini, opencode, pi" in done.stderr


@pytest.mark.parametrize("where", ["nowhere", "in the repository", "without a network"])
def test_what_could_only_wait_is_refused(installed: Person, repo: Path, where: str) -> None:
    environ = {}
    if where == "nowhere":
        environ["PATH"] = "/usr/bin:/bin"
    elif where == "in the repository":
        (repo / "bin").mkdir()
        (installed.home / ".local/bin/codex").rename(repo / "bin/codex")
        environ["PATH"] = f"{repo}/bin:/usr/bin:/bin"
    else:
        (installed.home / ".config/paddock").mkdir()
        (installed.home / ".config/paddock/policy.toml").write_text('[network]\nmode = "off"\n')
    done = Person(installed.home, {**installed.extra, **environ}).call("login", "codex", cwd=repo)
    assert done.returncode == 126, done.stdout + done.stderr
    assert "cannot be logged in here" in done.stderr
