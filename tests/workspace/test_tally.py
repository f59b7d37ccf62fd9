from __future__ import annotations

import os
from pathlib import Path

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import store, tally
from paddock.workspace.hazards import catalogue
from paddock.workspace.tally import Tally, Weight
from tests.capabilities import needs

pytestmark = needs("overlay")


def write(inside: Path, *names: str) -> None:
    for name in names:
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text(f"changed {name}")


def test_changes_sizes_hazards_and_conflicts(lab) -> None:
    lab.write(one="1", two="2", same="3")
    lab.run(lambda inside: (write(inside, "one", "two", ".envrc"), (inside / "same").write_text("3")))
    assert tally.count(lab.held) == Tally(3, True, 36, 0, None)
    (lab.repository / "two").write_text("meanwhile")
    assert tally.count(lab.held, catalogue.load()) == Tally(3, True, 36, 1, 1)


def test_no_more_is_looked_at_than_the_bound(lab) -> None:
    lab.run(lambda inside: write(inside, *(f"file-{number:02}" for number in range(30))))
    assert tally.count(lab.held, catalogue.load(), most=30) == Tally(30, True, 450, 0, 0)
    assert tally.count(lab.held, catalogue.load(), most=29) == Tally(29, False, 435, 0, None)
    used = store.claim(str(lab.repository))
    assert tally.count_in_use(used, most=30) == Tally(30, True, 450)
    assert tally.count_in_use(used, most=29) == Tally(29, False, 435)
    store.unlock(used)


def test_a_lost_repository_is_an_error(lab) -> None:
    lab.run(lambda inside: write(inside, "file"))
    held = lab.held
    lab.repository.rename(lab.base / "moved")
    with pytest.raises(WorkspaceError, match="is not there"):
        tally.count(held)


def test_what_a_tree_weighs_without_following_links(tmp_path: Path) -> None:
    write(tmp_path, "tree/a/b", "tree/c", "other/big")
    (tmp_path / "tree/link").symlink_to("../other")
    os.link(tmp_path / "tree/c", tmp_path / "tree/d")
    (tmp_path / "tree/shut").mkdir(mode=0)
    found = tally.weigh([str(tmp_path / "tree"), str(tmp_path / "missing")], 100)
    assert (found.files, found.complete) == (4, True)
    assert found.size_bytes >= 3 * 512
    assert tally.weigh([str(tmp_path / "tree")], 2).complete is False
    assert tally.weigh([], 2) == Weight(0, 0)
