"""A way that a sandbox could bend counts as the sandbox's, wherever it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.credentials.ways import goes_through

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    base = tmp_path.resolve()
    for name in ("repository/sub", "safe", "repository2"):
        (base / name).mkdir(parents=True)
    (base / "safe/tool").write_text("")
    return base


def bent(ground: Path, path: str) -> bool:
    return goes_through(f"{ground}/{path}", (f"{ground}/repository",))


def test_a_place_beside_is_not_the_place(ground: Path) -> None:
    assert not bent(ground, "safe/tool")
    assert not bent(ground, "repository2/tool")
    assert not bent(ground, "safe/no/such/file")


def test_what_lies_in_it_or_is_it_counts(ground: Path) -> None:
    assert bent(ground, "repository")
    assert bent(ground, "repository/sub/missing")
    assert bent(ground, "safe/../repository/tool")


def test_a_link_that_ends_there_counts(ground: Path) -> None:
    (ground / "safe/link").symlink_to("../repository/sub")
    assert bent(ground, "safe/link/tool")


def test_a_link_that_only_leads_through_counts(ground: Path) -> None:
    (ground / "repository/back").symlink_to(ground / "safe")
    (ground / "safe/way").symlink_to(ground / "repository/back")
    assert (ground / "safe/way/tool").exists()
    assert bent(ground, "safe/way/tool")


def test_a_link_to_a_link_of_the_repository_counts(ground: Path) -> None:
    (ground / "repository/sub/alias").symlink_to(ground / "safe/tool")
    (ground / "safe/alias").symlink_to(ground / "repository/sub/alias")
    assert bent(ground, "safe/alias")


def test_a_way_that_leaves_it_by_its_own_name_counts(ground: Path) -> None:
    assert bent(ground, "repository/../safe/tool")


def test_links_outside_are_harmless(ground: Path) -> None:
    (ground / "safe/alias").symlink_to("tool")
    assert not bent(ground, "safe/alias")


def test_a_loop_counts_as_bent(ground: Path) -> None:
    (ground / "safe/a").symlink_to("b")
    (ground / "safe/b").symlink_to("a")
    assert bent(ground, "safe/a")


def test_dots_above_the_root_stay_at_the_root() -> None:
    assert goes_through("/../../repository/x", ("/repository",))
    assert not goes_through("/../..", ("/repository",))
