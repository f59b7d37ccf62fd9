"""The tests' own ground: a lacking capability is never passed over in CI, and a fingerprint sees every change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests import capabilities
from tests.real.support import fetched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(capabilities.KNOWN, "a-lacking-thing", lambda: "it is not here")
    return "a-lacking-thing"


def test_what_is_lacking_skips_with_its_reason_at_a_desk(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a-lacking-thing: it is not here"):
        capabilities.require(lacking)


def test_what_is_lacking_fails_in_ci(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have it: it is not here"):
        capabilities.require(lacking)


def test_a_capability_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such capability: bubblwrap"):
        capabilities.needs("bubblwrap")


def _touch(path: Path) -> None:
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda top: (top / "file").write_text("othe"),
        lambda top: (top / "file").chmod(0o600),
        lambda top: _touch(top / "file"),
        lambda top: _touch(top / "directory"),
        lambda top: (top / "directory/new").write_text(""),
        lambda top: (top / "file").rename(top / "renamed"),
        lambda top: ((top / "link").unlink(), (top / "link").symlink_to("elsewhere")),
        lambda top: os.link(top / "file", top.parent / "second-name"),
    ],
)
def test_a_fingerprint_sees(change: Callable[[Path], object], tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "directory").mkdir(parents=True)
    (top / "file").write_text("some")
    (top / "link").symlink_to("file")
    before = fingerprint(top)
    assert fingerprint(top) == before
    change(top)
    assert fingerprint(top) != before


def test_a_preparation_that_fails_leaves_nothing_that_looks_prepared(tmp_path: Path) -> None:
    def fails(place: Path) -> None:
        (place / "half").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fetched(tmp_path, "thing", fails)
    assert list(tmp_path.iterdir()) == []
    assert fetched(tmp_path, "thing", lambda place: None) == tmp_path / "thing"
