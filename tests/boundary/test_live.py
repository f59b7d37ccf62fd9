"""What leads out of a repository that is mounted as it is is found, and named as a gap."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from paddock.boundary import live
from paddock.boundary.base import GAPS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def found(repository: Path) -> dict[str, str]:
    return {gap.name: gap.why for gap in live.gaps(str(repository))}


def test_an_ordinary_tree_has_no_gap(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "link").symlink_to("/etc")
    assert found(tmp_path) == {}


def test_a_hard_link_with_a_name_outside_is_a_gap(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (tmp_path / "outside").touch()
    os.link(tmp_path / "outside", repository / "inside")
    assert "inside" in found(repository)["hard-links"]


def test_hard_links_within_the_repository_are_none(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    os.link(tmp_path / "one", tmp_path / "two")
    assert found(tmp_path) == {}


def test_gits_objects_may_be_shared_between_clones(tmp_path: Path) -> None:
    objects = tmp_path / "repository/.git/objects/aa"
    objects.mkdir(parents=True)
    (tmp_path / "outside").touch()
    os.link(tmp_path / "outside", objects / "bb")
    assert found(tmp_path / "repository") == {}


def test_a_socket_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("service")
        assert "service" in found(tmp_path)["host-sockets"]


def test_the_gaps_have_names_that_can_be_accepted(tmp_path: Path) -> None:
    (tmp_path / "outside").touch()
    (tmp_path / "r").mkdir()
    os.link(tmp_path / "outside", tmp_path / "r/inside")
    assert set(found(tmp_path / "r")) <= set(GAPS)
