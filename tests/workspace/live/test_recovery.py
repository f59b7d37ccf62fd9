"""A live run whose watcher was killed as well is cleared by whoever comes next, up to the moment of its end."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from paddock.workspace.live import ground, recovery
from tests.workspace.live.trees import STANDING, judges, looked, write

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.workspace.live.findings import Findings


def killed(repository: Path) -> str:
    """A run that nobody holds any more; its ground."""
    made, _ = ground.create("run", looked(repository))
    made.beat()
    made.close()
    return made.path


def recovered() -> list[tuple[str, Findings]]:
    return list(recovery.recover(lambda _: (STANDING, judges)))


def test_what_a_killed_run_left_is_cleared_and_held(repository: Path) -> None:
    path = killed(repository)
    write(repository / ".mcp.json")
    assert recovery.left() == [path]
    ((place, found),) = recovered()
    assert place == str(repository)
    assert [one.path for one in found.moved] == [".mcp.json"]
    assert found.held == "run"
    assert not (repository / ".mcp.json").exists()
    assert recovery.left() == []
    assert recovered() == []


def test_what_was_changed_long_after_its_end_is_the_persons_own(repository: Path) -> None:
    path = killed(repository)
    earlier = time.time() - 3600
    os.utime(f"{path}/beat", (earlier, earlier))
    write(repository / ".mcp.json")
    ((_, found),) = recovered()
    assert found.found == ()
    assert (repository / ".mcp.json").exists()


def test_a_run_that_is_watched_is_left_alone(repository: Path) -> None:
    made, _ = ground.create("run", looked(repository))
    assert recovery.left() == []
    assert recovered() == []
    made.remove()
    made.close()


def test_one_killed_while_it_began_is_removed(repository: Path) -> None:
    for name in ("start", "upper"):
        path = killed(repository)
        if name == "start":
            os.unlink(f"{path}/{name}")
        else:
            shutil.rmtree(f"{path}/{name}")
    recovered()
    assert recovery.left() == []


def test_one_whose_repository_is_not_there_stays_until_it_is(repository: Path) -> None:
    killed(repository)
    write(repository / ".mcp.json")
    repository.rename(repository.parent / "elsewhere")
    assert recovered() == []
    assert len(recovery.left()) == 1
    (repository.parent / "elsewhere").rename(repository)
    assert len(recovered()) == 1
    assert recovery.left() == []


def test_another_directory_in_the_repositorys_place_is_not_touched(repository: Path) -> None:
    killed(repository)
    repository.rename(repository.parent / "elsewhere")
    write(repository / ".mcp.json")
    ((_, found),) = recovered()
    assert "another directory" in found.problem
    assert (repository / ".mcp.json").exists()
