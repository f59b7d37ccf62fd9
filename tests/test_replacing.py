from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.replacing import replace
from tests import interrupted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_gets_new_content_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "paddock.toml"
    path.write_bytes(b"before")
    path.chmod(0o640)
    replace(str(path), b"before", b"after", again="paddock learn")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "paddock.toml"
    replace(str(path), b"", b"after", again="paddock learn")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("now", [b"", b"befor", b"before!", b"other!"])
def test_what_was_changed_meanwhile_stays(tmp_path: Path, now: bytes) -> None:
    path = tmp_path / "paddock.toml"
    path.write_bytes(now)
    with pytest.raises(PaddockError, match="changed meanwhile"):
        replace(str(path), b"before", b"after", again="paddock learn")
    assert path.read_bytes() == now
    path.unlink()
    with pytest.raises(PaddockError, match="changed meanwhile"):
        replace(str(path), b"before", b"after", again="paddock learn")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"before")
    (tmp_path / "paddock.toml").symlink_to("victim")
    with pytest.raises(PaddockError, match="changed meanwhile"):
        replace(str(tmp_path / "paddock.toml"), b"before", b"after", again="paddock learn")
    assert victim.read_bytes() == b"before"


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "paddock.toml"
    path.write_bytes(b"before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(str(path), b"before", b"after", again="paddock learn")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["os.open", "os.rename"])
def test_ctrl_c_in_the_middle_of_a_step_is_heard_as_such_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The system call is done when Python hears of the signal."""
    path = tmp_path / "paddock.toml"
    path.write_bytes(b"before")
    interrupted.in_a_new_file(monkeypatch, call)
    with pytest.raises(KeyboardInterrupt):
        replace(str(path), b"before", b"after", again="paddock learn")
    assert path.read_bytes() == (b"after" if call == "os.rename" else b"before")
    assert list(tmp_path.iterdir()) == [path]
