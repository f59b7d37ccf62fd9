"""A repository is cleared while a run lasts and when it ends, and what was moved becomes a change set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.errors import WorkspaceError
from paddock.workspace import store
from paddock.workspace.change_set import read
from paddock.workspace.live import clearing
from tests.workspace.live.trees import Run, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Begin = Callable[[], Run]


def held(repository: Path, name: str) -> dict[str, str]:
    directory = store.find(str(repository), name)
    upper, lower = os.open(directory.upper, os.O_RDONLY), os.open(repository, os.O_RDONLY)
    try:
        return {change.path: change.kind for change in read(upper, lower).changes}
    finally:
        os.close(upper)
        os.close(lower)


def test_what_was_moved_is_held_under_the_name_of_the_run(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "sub/.mcp.json")
    write(repository / "Makefile", "all:\n\techo new\n")
    work = began.clearing()
    found = work.finish()
    work.close()
    assert [(one.path, one.hazard, one.restored) for one in found.moved] == [
        ("Makefile", "build-make", True),
        ("sub/.mcp.json", "agent-mcp", False),
    ]
    assert found.held == "run"
    assert held(repository, "run") == {"Makefile": "modified", "sub/.mcp.json": "added"}


def test_the_next_run_of_that_name_has_a_change_set_of_its_own(run: Begin, repository: Path) -> None:
    for expected in ("run", "run-2"):
        began = run()
        write(repository / ".mcp.json")
        work = began.clearing()
        assert work.finish().held == expected
        work.close()


def test_nothing_dangerous_makes_no_change_set(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "src/new.py")
    work = began.clearing()
    found = work.finish()
    work.close()
    assert (found.found, found.held, found.problem) == ((), "", "")
    assert store.listing(str(repository)) == ()


def test_it_is_applied_without_a_conflict(run: Begin, repository: Path) -> None:
    """What stands in the repository was put back after the change set's session could have begun otherwise."""
    from paddock.workspace import bases, meta
    from paddock.workspace.applying.verdicts import newer

    began = run()
    write(repository / "Makefile", "all:\n\techo new\n")
    work = began.clearing()
    work.finish()
    work.close()
    directory = store.find(str(repository), "run")
    place = os.open(directory.path, os.O_RDONLY)
    since = bases.read(place, meta.read(place).begun_ns).of("Makefile").since_ns
    os.close(place)
    assert not newer((repository / "Makefile").stat(), since)


def test_who_writes_it_again_and_again_is_left_until_the_end(run: Begin, repository: Path) -> None:
    began = run()
    work = began.clearing()
    place = os.open(repository, os.O_RDONLY)
    for _ in range(clearing.MOST_MOVES + 3):
        write(repository / ".mcp.json")
        work.look("", place, [".mcp.json"])
    assert (repository / ".mcp.json").exists()
    found = work.finish()
    os.close(place)
    work.close()
    assert not (repository / ".mcp.json").exists()
    assert [one.path for one in found.moved] == [".mcp.json"]


def test_more_than_anybody_reads_are_counted_and_moved_all_the_same(
    run: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "MOST_TOLD", 3)
    began = run()
    work = began.clearing()
    place = os.open(repository, os.O_RDONLY)
    for number in range(6):
        write(repository / f"{number}.pth")
        work.look("", place, [f"{number}.pth"])
    os.close(place)
    assert len(list(repository.glob("*.pth"))) == 3
    found = work.finish()
    work.close()
    assert (len(found.found), found.more) == (3, 3)
    assert list(repository.glob("*.pth")) == []


def test_a_repository_that_is_gone_keeps_the_ground(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / ".mcp.json")
    work = began.clearing()
    repository.rename(repository.parent / "moved away")
    found = work.finish()
    work.close()
    assert not (repository.parent / "moved away/.mcp.json").exists()
    assert found.problem
    assert os.path.exists(f"{began.ground.path}/upper/.mcp.json")


def test_a_full_disk_at_the_end_is_told_and_keeps_the_ground(
    run: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = run()
    write(repository / ".mcp.json")
    work = began.clearing()

    def refuse(*_: object, **__: object) -> None:
        raise WorkspaceError("no room")

    monkeypatch.setattr(store, "claim", refuse)
    found = work.finish()
    work.close()
    assert "no room" in found.problem
    assert os.path.exists(f"{began.ground.path}/upper/.mcp.json")
