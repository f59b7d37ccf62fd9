from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.record import anchors
from paddock.record.anchors import Anchor

HEAD = "0123456789abcdef" * 4


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "20261121T051601Z-amber-fern.jsonl")


def test_an_anchor_is_kept_beside_the_log_and_only_once(path: str, tmp_path: Path) -> None:
    assert anchors.read(path) is None
    assert anchors.names(str(tmp_path)) == []
    anchors.write(path, Anchor(3, HEAD))
    assert anchors.read(path) == Anchor(3, HEAD)
    with pytest.raises(FileExistsError):
        anchors.write(path, Anchor(2, HEAD))
    assert anchors.read(path) == Anchor(3, HEAD)
    assert anchors.names(str(tmp_path)) == ["20261121T051601Z-amber-fern"]
    anchors.remove(path)
    anchors.remove(path)
    assert anchors.read(path) is None


@given(st.binary(max_size=80) | st.sampled_from([f"3 {HEAD}".encode(), b"3\n", f"-1 {HEAD}\n".encode()]))
def test_a_damaged_anchor_is_no_anchor(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = str(tmp_path_factory.getbasetemp() / "damaged.jsonl")
    kept = Path(anchors.place(path))
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(data)
    with pytest.raises(ValueError):
        anchors.read(path)


@pytest.mark.parametrize("step", ["write", "rename"])
def test_one_who_is_killed_while_writing_leaves_none(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """And nobody sees half of one meanwhile."""

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(os, step, killed)
        with pytest.raises(SystemExit):
            anchors.write(path, Anchor(3, HEAD))
    assert anchors.read(path) is None
    assert anchors.names(str(tmp_path)) == []
    anchors.remove(path)
    assert os.listdir(tmp_path / "anchors") == []


def test_a_disk_that_is_full_leaves_no_half_anchor(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 5)
    with pytest.raises(OSError):
        anchors.write(path, Anchor(3, HEAD))
    assert anchors.read(path) is None
