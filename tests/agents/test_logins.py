"""An agent's login file: whatever a sandbox made of it, no token stays in it, and nothing is read or written elsewhere."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.agents import logins
from paddock.agents.profile import load
from paddock.credentials import logins as store
from paddock.credentials import tokens
from paddock.errors import PaddockError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ACCESS = "sk-ant-oat01-Vq7Rt2xWm9Kc4Lz8Hb3Nf6Yd1Gs5Pj0A"
REFRESH = "sk-ant-ort01-Bz4Tn8kQe1Ws6Ux3Jm9Cv2Fh7Ra5Dy0L"
CLAUDE = load("claude")
REPOSITORY = "home%2fann%2fcode"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def state_of(environ: dict[str, str], repository: str = REPOSITORY) -> Path:
    made = Path(environ["XDG_STATE_HOME"], "paddock/agents/claude", repository, ".claude")
    made.mkdir(parents=True, exist_ok=True)
    return made


def content(access: str = ACCESS, refresh: str = REFRESH) -> str:
    login = {
        "accessToken": access,
        "refreshToken": refresh,
        "expiresAt": 4e12,
        "scopes": ["user:inference"],
        "new": ACCESS,
    }
    return json.dumps({"claudeAiOauth": login, "mcpOAuth": {"a": 1}})


def shown(place: Path) -> Any:
    return json.loads((place / ".credentials.json").read_text())["claudeAiOauth"]


def kept(environ: dict[str, str], key: str) -> store.Kept:
    found = store.load(store.place(key, environ))
    assert found is not None
    return found


def log_in(environ: dict[str, str], tmp_path: Path, access: str = ACCESS) -> None:
    """As `paddock login` does it."""
    place = tmp_path / "fresh"
    place.mkdir(exist_ok=True)
    (place / ".credentials.json").write_text(content(access))
    assert logins.take_all(CLAUDE, str(place), REPOSITORY, environ) == ("subscription",)


def test_a_login_from_inside_is_taken_out_for_its_repository_alone(environ: dict[str, str]) -> None:
    place = state_of(environ)
    (place / ".credentials.json").write_text(content())
    (told,) = logins.settle(CLAUDE, REPOSITORY, environ)
    assert "paddock login claude" in told
    text = (place / ".credentials.json").read_text()
    assert ACCESS not in text
    assert REFRESH not in text
    assert json.loads(text)["mcpOAuth"] == {"a": 1}
    one = kept(environ, f"claude/{REPOSITORY}/subscription")
    assert (one.login.access, one.login.refresh) == (ACCESS, REFRESH)
    assert shown(place)["accessToken"] == one.login.placeholder
    assert stat.S_IMODE((place / ".credentials.json").stat().st_mode) == 0o600
    assert not os.path.exists(store.place("claude/subscription", environ)), "what runs inside logs nobody else in"
    before = (place / ".credentials.json").stat()
    assert logins.settle(CLAUDE, REPOSITORY, environ) == ()
    assert (place / ".credentials.json").stat() == before


def test_a_login_of_the_persons_is_for_all_repositories(environ: dict[str, str], tmp_path: Path) -> None:
    log_in(environ, tmp_path)
    one = kept(environ, "claude/subscription")
    for repository in (REPOSITORY, "another"):
        assert logins.settle(CLAUDE, repository, environ) == ()
        assert shown(state_of(environ, repository))["accessToken"] == one.login.placeholder


def test_what_was_changed_inside_is_as_it_was(environ: dict[str, str], tmp_path: Path) -> None:
    log_in(environ, tmp_path)
    logins.settle(CLAUDE, REPOSITORY, environ)
    place = state_of(environ)
    before = shown(place)
    for change in ({**before, "expiresAt": 0, "more": 1}, {}, None, "text"):
        (place / ".credentials.json").write_text(json.dumps({"claudeAiOauth": change}))
        logins.settle(CLAUDE, REPOSITORY, environ)
        assert shown(place) == before
    for broken in ("", "[", "x" * (2 << 20)):
        (place / ".credentials.json").write_text(broken)
        logins.settle(CLAUDE, REPOSITORY, environ)
        assert shown(place) == before


def test_a_new_login_of_the_persons_goes_before_one_from_inside(environ: dict[str, str], tmp_path: Path) -> None:
    place = state_of(environ)
    (place / ".credentials.json").write_text(content())
    logins.settle(CLAUDE, REPOSITORY, environ)
    log_in(environ, tmp_path, ACCESS[::-1])
    logins.settle(CLAUDE, REPOSITORY, environ)
    assert logins.kept(CLAUDE, environ) == (("", "subscription"),)
    assert kept(environ, "claude/subscription").login.access == ACCESS[::-1]


def test_what_stood_for_an_earlier_login_is_no_token(environ: dict[str, str], tmp_path: Path) -> None:
    log_in(environ, tmp_path)
    logins.settle(CLAUDE, "another", environ)
    log_in(environ, tmp_path, ACCESS[::-1])
    log_in(environ, tmp_path, ACCESS.swapcase())
    assert logins.settle(CLAUDE, "another", environ) == ()
    assert shown(state_of(environ, "another"))["accessToken"] == kept(environ, "claude/subscription").login.placeholder
    assert logins.kept(CLAUDE, environ) == (("", "subscription"),)


def test_a_forgotten_login_is_nowhere(environ: dict[str, str], tmp_path: Path) -> None:
    log_in(environ, tmp_path)
    logins.settle(CLAUDE, "another", environ)
    place = state_of(environ)
    (place / ".credentials.json").write_text(content(ACCESS[::-1]))
    logins.settle(CLAUDE, REPOSITORY, environ)
    assert logins.kept(CLAUDE, environ) == (("", "subscription"), (REPOSITORY, "subscription"))
    assert logins.forget(CLAUDE, environ) == 2
    assert logins.kept(CLAUDE, environ) == ()
    for repository in (REPOSITORY, "another"):
        assert "claudeAiOauth" not in json.loads((state_of(environ, repository) / ".credentials.json").read_text())
        assert logins.settle(CLAUDE, repository, environ) == ()
    assert logins.forget(CLAUDE, environ) == 0


def test_two_may_forget_a_login_at_once(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(environ, tmp_path)
    locked = store.locked

    def other_comes_first(path: str) -> AbstractContextManager[None]:
        os.unlink(path)
        return locked(path)

    monkeypatch.setattr(store, "locked", other_comes_first)
    assert logins.forget(CLAUDE, environ) == 1
    assert logins.kept(CLAUDE, environ) == ()


@pytest.mark.parametrize("kind", ["link to a file", "link to a login", "dangling link", "fifo", "directory", "state"])
def test_what_is_planted_is_neither_read_nor_written(environ: dict[str, str], tmp_path: Path, kind: str) -> None:
    log_in(environ, tmp_path)
    place, outside = state_of(environ), tmp_path / "outside"
    outside.write_text(content(ACCESS[::-1]) if kind == "link to a login" else "theirs")
    before = outside.read_bytes()
    file = place / ".credentials.json"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "state":
        place.rmdir()
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    else:
        file.symlink_to(tmp_path / "nowhere" if kind == "dangling link" else outside)
    if kind in ("directory", "state"):
        with pytest.raises(PaddockError):
            logins.settle(CLAUDE, REPOSITORY, environ)
    else:
        assert logins.settle(CLAUDE, REPOSITORY, environ) == ()
        assert shown(place)["accessToken"] == kept(environ, "claude/subscription").login.placeholder
        assert stat.S_ISREG(file.lstat().st_mode)
    assert outside.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()
    assert kind != "state" or not list((tmp_path / "elsewhere").iterdir())
    assert logins.kept(CLAUDE, environ) == (("", "subscription"),)


def test_an_agent_whose_tokens_are_unknown_is_left_alone(environ: dict[str, str]) -> None:
    assert logins.settle(load("gemini"), REPOSITORY, environ) == ()
    assert not os.path.exists(environ["XDG_STATE_HOME"])


def test_what_a_killed_login_left_is_cleared_and_one_that_goes_on_is_not(environ: dict[str, str]) -> None:
    fresh = logins.fresh_state(CLAUDE, environ)
    Path(fresh, ".claude").mkdir()
    with store.locked(logins.place_of_fresh_state(CLAUDE, environ)):
        assert logins.clear_unfinished(environ) == ()
        assert os.path.isdir(fresh)
    assert logins.unfinished(environ) == (fresh,)
    assert logins.clear_unfinished(environ) == (fresh,)
    assert not os.path.exists(fresh)
    assert logins.clear_unfinished(environ) == ()


def test_the_state_of_a_login_is_empty_and_private(environ: dict[str, str]) -> None:
    first = logins.fresh_state(CLAUDE, environ)
    Path(first, "left over").write_text("of one that was killed")
    assert logins.fresh_state(CLAUDE, environ) == first
    assert os.listdir(first) == []
    assert stat.S_IMODE(os.stat(first).st_mode) == 0o700
    assert logins.kept(CLAUDE, environ) == ()


@given(st.binary(max_size=200) | st.builds(lambda text: text.encode("utf-8", "replace"), st.text(max_size=50)))
def test_any_bytes_are_survived(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    place = state_of(environ)
    (place / ".credentials.json").write_bytes(data)
    assert logins.settle(CLAUDE, REPOSITORY, environ) == ()
    assert (place / ".credentials.json").read_bytes() == data
    assert tokens.parsed(data) == {} or logins.kept(CLAUDE, environ) == ()
