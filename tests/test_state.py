from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock import state
from paddock.errors import PaddockError
from tests import interrupted

if TYPE_CHECKING:
    from pathlib import Path

PATHS = st.lists(st.binary(min_size=1, max_size=40).map(lambda raw: raw.translate(None, b"\0/")), max_size=5).map(
    lambda parts: "/" + "/".join(os.fsdecode(part) for part in parts if part not in (b"", b".", b".."))
)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/h"}, ("/h/.local/state/paddock", "/h/.local/state/paddock/run", "/h/.config/paddock")),
        (
            {"HOME": "/h/", "XDG_STATE_HOME": "/s/", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c"},
            ("/s/paddock", "/r/paddock", "/c/paddock"),
        ),
        # Relative values are to be ignored, says the XDG specification: they would depend on the directory.
        (
            {"HOME": "/h", "XDG_STATE_HOME": "s", "XDG_RUNTIME_DIR": "r", "XDG_CONFIG_HOME": ""},
            ("/h/.local/state/paddock", "/h/.local/state/paddock/run", "/h/.config/paddock"),
        ),
    ],
)
def test_directories_follow_the_xdg_variables(environ: dict[str, str], expected: tuple[str, str, str]) -> None:
    found = (state.state_directory(environ), state.runtime_directory(environ), state.config_directory(environ))
    assert found == expected


@pytest.mark.parametrize("value", [None, "", "relative/home"])
def test_a_home_that_is_not_absolute_is_taken_from_the_password_database(value: str | None) -> None:
    environ = {} if value is None else {"HOME": value}
    found = state.home(environ)
    assert found.startswith("/")
    assert found == os.path.expanduser(f"~{_login()}")


def _login() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_private_directories_are_made_with_their_parents_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two"
    assert state.make_private(str(path)) == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    path.chmod(0o755)
    state.make_private(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_every_directory_on_the_way_is_private(tmp_path: Path) -> None:
    state.make_private(str(tmp_path / "one/two/three"))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")} == {0o700}


def test_no_umask_keeps_their_owner_out(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        state.make_private(str(tmp_path / "one/two"))
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")} == {0o700}
    (tmp_path / "one").chmod(0)
    state.make_private(str(tmp_path / "one"))
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700


def test_a_symlink_or_a_file_is_not_taken_for_a_private_directory(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "file").write_text("")
    with pytest.raises(PaddockError, match="is not a directory of yours"):
        state.make_private(str(tmp_path / "link"))
    with pytest.raises(PaddockError, match="cannot create"):
        state.make_private(str(tmp_path / "file"))


@pytest.mark.root
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.mkdir()
    os.chown(path, 12345, 12345)
    with pytest.raises(PaddockError, match="is not a directory of yours"):
        state.make_private(str(path))


@pytest.mark.user
def test_a_place_that_cannot_be_written_says_what_to_set(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PaddockError, match="cannot create") as caught:
        state.make_private(str(tmp_path / "state"))
    assert "XDG_STATE_HOME" in caught.value.next_step
    tmp_path.chmod(0o700)


@given(PATHS)
def test_a_repository_key_is_one_safe_readable_name(path: str) -> None:
    key = state.repository_key(path)
    assert re.fullmatch(r"[A-Za-z0-9_%-]{1,150}", key)
    assert not key.startswith(".")


def test_a_short_path_is_written_out() -> None:
    assert state.repository_key("/home/ada/my project") == "home%2fada%2fmy%20project"


def test_a_long_path_ends_in_its_hash() -> None:
    key = state.repository_key("/" + "x" * 300 + "/web shop")
    assert re.fullmatch(r"web_shop%%[0-9a-f]{32}", key)


@given(PATHS, PATHS)
def test_different_paths_have_different_keys(one: str, other: str) -> None:
    assert (state.repository_key(one) == state.repository_key(other)) == (one == other)


@pytest.mark.parametrize("call", ["os.open", "os.rename"])
def test_ctrl_c_in_the_middle_of_a_step_is_heard_as_such_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The system call is done when Python hears of the signal."""
    interrupted.in_a_new_file(monkeypatch, call)
    with pytest.raises(KeyboardInterrupt):
        state.write_durably(str(tmp_path), "name", b"content")
    assert os.listdir(tmp_path) == (["name"] if call == "os.rename" else [])
