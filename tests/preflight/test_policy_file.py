from __future__ import annotations

import os
import stat
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PaddockError
from paddock.policy.parsing import parse_toml
from paddock.policy.template import default_file
from paddock.preflight.masks import pattern
from paddock.preflight.policy_file import line, replace, with_masks
from tests import interrupted

if TYPE_CHECKING:
    from pathlib import Path

EXTENDED = [
    ("", '[workspace]\nmask = ["a"]\n'),
    ("# mine\n", '# mine\n\n[workspace]\nmask = ["a"]\n'),
    ('[network]\nmode = "off"', '[network]\nmode = "off"\n\n[workspace]\nmask = ["a"]\n'),
    ('[workspace]\nmode = "review" # so\n', '[workspace]\nmask = ["a"]\nmode = "review" # so\n'),
    ('[workspace]\r\nmode = "review"\r\n', '[workspace]\r\nmask = ["a"]\r\nmode = "review"\r\n'),
    ("  [ workspace ]  # here\n", '  [ workspace ]  # here\nmask = ["a"]\n'),
    ('[network]\nmode = "off"\n[workspace]', '[network]\nmode = "off"\n[workspace]\nmask = ["a"]'),
]


@pytest.mark.parametrize(("before", "after"), EXTENDED)
def test_the_file_is_extended_and_nothing_else_in_it_changes(before: str, after: str) -> None:
    assert with_masks(before, ["a"]) == after


@pytest.mark.parametrize(
    "before",
    [
        '[workspace]\nmask = ["b"]\n',
        "[workspace]\nmask = []\n",
        'workspace.mode = "review"\n',
        'workspace = { mode = "review" }\n',
        "[[workspace]]\n",
        "workspace = 1\n",
        "not TOML\n",
        "a = " + "[" * 100,
    ],
)
def test_what_cannot_be_extended_safely_is_not(before: str) -> None:
    assert with_masks(before, ["a"]) is None


def test_the_written_out_default_takes_masks() -> None:
    after = with_masks(default_file(), ["services/api/.env"])
    assert after is not None
    (setting,) = parse_toml(after, "paddock.toml", "repository").settings
    assert (setting.key, [entry.value for entry in setting.value]) == ("workspace.mask", ["services/api/.env"])  # type: ignore[union-attr]


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda name: name not in (".", "..")))
def test_any_name_can_be_written(name: str) -> None:
    (written,) = tomllib.loads(line([name]))["mask"]
    assert written == pattern(name)


def test_a_byte_that_is_not_utf_8_is_matched_by_a_question_mark() -> None:
    assert line([os.fsdecode(b"caf\xe9")]) == 'mask = ["caf?"]'


def test_a_file_is_replaced_with_its_mode_and_nothing_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "paddock.toml"
    replace(str(file), "one\r\n")
    file.chmod(0o640)
    replace(str(file), "two\r\n")
    assert file.read_bytes() == b"two\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["paddock.toml"]


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("mine")
    (tmp_path / "paddock.toml").symlink_to("real")
    with pytest.raises(PaddockError, match="symbolic link"):
        replace(str(tmp_path / "paddock.toml"), "other")
    assert (tmp_path / "real").read_text() == "mine"


@pytest.mark.user
def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PaddockError, match="cannot be written"):
            replace(str(tmp_path / "paddock.toml"), "x")
    finally:
        tmp_path.chmod(0o700)


def test_ctrl_c_while_it_gets_its_name_is_heard_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system call is done when Python hears of the signal: no failure to write is told."""

    interrupted.in_a_new_file(monkeypatch, "os.rename")
    with pytest.raises(KeyboardInterrupt):
        replace(str(tmp_path / "paddock.toml"), "x")
    assert (tmp_path / "paddock.toml").read_text() == "x"
