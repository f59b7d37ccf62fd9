"""A process of its own keeps the repository clear, also when everybody else is killed."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.kernel.inotify import Inotify
from paddock.workspace import shelf
from paddock.workspace.live import ground, watch
from tests.boundary.field import wait_for
from tests.workspace.live.trees import DEFAULT_CONFIG, HOSTILE_CONFIG, STANDING, judges, looked, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paddock.workspace.live.survey import Survey
    from paddock.workspace.live.watch import Watch

    Begin = Callable[[], Watch]


@pytest.fixture
def begin(repository: Path) -> Iterator[Begin]:
    made: list[Watch] = []

    def start() -> Watch:
        one = watch.start("run", unheld(repository), (STANDING, judges))
        made.append(one)
        one.wait_until_ready()
        return one

    before = sorted(os.listdir("/proc/self/fd")), children()
    yield start
    for one in made:
        one.abandon()
    assert (sorted(os.listdir("/proc/self/fd")), children()) == before


def children() -> str:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read()


def unheld(repository: Path) -> Survey:
    """A look at a repository of which nothing is held, since there is no sandbox."""
    return replace(looked(repository), read_only=())


def gone(path: Path) -> None:
    wait_for(lambda: not os.path.lexists(path))


def test_what_arrives_is_gone_while_the_run_lasts(begin: Begin, repository: Path) -> None:
    one = begin()
    for name in (".mcp.json", "src/.envrc", ".git/hooks/pre-commit", ".git/commondir"):
        write(repository / name)
        gone(repository / name)
    found = one.finish()
    assert [one.path for one in found.moved] == [
        ".git/commondir", ".git/hooks/pre-commit", ".mcp.json", "src/.envrc"
    ]  # fmt: skip
    assert found.held == "run"
    assert os.listdir(ground.home()) == []


def test_new_directories_are_watched_however_they_come(begin: Begin, repository: Path, tmp_path: Path) -> None:
    begin()
    write(repository / "a/b/c/.mcp.json")
    gone(repository / "a/b/c/.mcp.json")
    write(repository / "a/b/c/.envrc")
    gone(repository / "a/b/c/.envrc")
    (tmp_path / "elsewhere/x").mkdir(parents=True)
    (tmp_path / "elsewhere").rename(repository / "arrived")
    write(repository / "arrived/x/.mcp.json")
    gone(repository / "arrived/x/.mcp.json")
    (repository / "arrived").rename(repository / "renamed")
    write(repository / "renamed/x/.mcp.json")
    gone(repository / "renamed/x/.mcp.json")


def test_a_repository_that_grows_step_by_step_is_noticed_at_its_last(begin: Begin, repository: Path) -> None:
    begin()
    write(repository / "bare/config", HOSTILE_CONFIG)
    write(repository / "bare/hooks/post-checkout")
    (repository / "bare/objects").mkdir()
    (repository / "bare/refs").mkdir()
    assert (repository / "bare/config").exists()
    write(repository / "bare/HEAD")
    gone(repository / "bare/config")
    gone(repository / "bare/hooks/post-checkout")


def test_a_link_in_the_place_of_a_directory_that_was_looked_at_stops_nothing(repository: Path, tmp_path: Path) -> None:
    (repository / "src/inner").mkdir()  # which is reached through the link, then
    seen = unheld(repository)
    (repository / "src").rename(tmp_path / "src")
    (repository / "src").symlink_to("/etc")
    one = watch.start("run", seen, (STANDING, judges))
    one.wait_until_ready()
    assert not one.partly
    write(repository / ".mcp.json")
    gone(repository / ".mcp.json")
    assert [found.path for found in one.finish().moved] == [".mcp.json", "src"]


def test_what_work_needs_stays_until_the_run_ends(begin: Begin, repository: Path) -> None:
    one = begin()
    write(repository / "Makefile", "all:\n\techo new\n")
    write(repository / "inner/.git/config", DEFAULT_CONFIG)
    write(repository / ".mcp.json")
    gone(repository / ".mcp.json")  # the watcher has seen all three
    assert (repository / "Makefile").read_text() == "all:\n\techo new\n"
    found = one.finish()
    assert (repository / "Makefile").read_text() == "all:\n\techo old\n"
    assert (repository / "inner/.git/config").exists()
    assert [one.path for one in found.moved] == [".mcp.json", "Makefile"]


def test_a_queue_that_overflows_makes_it_look_at_everything(
    begin: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paddock.kernel import inotify

    real = Inotify.read

    def lossy(self: Inotify) -> Iterator[inotify.Event]:
        list(real(self))
        yield inotify.Event(-1, inotify.OVERFLOW, "")

    monkeypatch.setattr(Inotify, "read", lossy)
    begin()
    write(repository / "src/.mcp.json")
    gone(repository / "src/.mcp.json")


@pytest.mark.parametrize("limit", [0, 3])
def test_where_not_all_can_be_watched_it_says_so_and_the_last_look_finds_the_rest(
    begin: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(watch, "MOST_WATCHED", limit)
    write(repository / "d/e/e/p/x")
    one = begin()
    assert one.partly
    write(repository / "d/e/e/p/.mcp.json")
    assert [one.path for one in one.finish().moved] == ["d/e/e/p/.mcp.json"]


def test_without_a_queue_the_last_look_has_to_do(
    begin: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(24, "too many")

    monkeypatch.setattr(Inotify, "__init__", refuse)
    one = begin()
    assert one.partly
    write(repository / ".mcp.json")
    assert [one.path for one in one.finish().moved] == [".mcp.json"]


def test_a_watcher_that_is_killed_is_replaced_by_its_paddock(begin: Begin, repository: Path) -> None:
    one = begin()
    os.kill(one._pid, signal.SIGKILL)
    write(repository / ".mcp.json")
    found = one.finish()
    assert [one.path for one in found.moved] == [".mcp.json"]
    assert found.held == "run"
    assert os.listdir(ground.home()) == []


def test_where_nobody_can_look_any_more_that_is_told_and_the_ground_stays(
    begin: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("odd content")

    one = begin()
    os.kill(one._pid, signal.SIGKILL)
    monkeypatch.setattr(one._clearing, "finish", refuse)
    assert "odd content" in one.finish().problem
    assert len(os.listdir(ground.home())) == 1


def test_a_watcher_that_does_not_start_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        os._exit(1)

    monkeypatch.setattr(watch._Watcher, "hear_of", die)
    one = watch.start("run", unheld(repository), (STANDING, judges))
    with pytest.raises(PaddockError, match="watched"):
        one.wait_until_ready()
    one.abandon()
    assert os.listdir(ground.home()) == []


def test_killed_paddock_leaves_a_watcher_that_ends_the_work_when_the_sandbox_is_gone(repository: Path) -> None:
    here, there = os.pipe()
    sandbox = os.fork()
    if sandbox == 0:
        signal.pause()
        os._exit(0)
    paddock = os.fork()
    if paddock == 0:
        try:
            one = watch.start("run", unheld(repository), (STANDING, judges))
            one.wait_until_ready()
            one.guard(sandbox, None)
            os.write(there, b"!")
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(here, 1) == b"!"
    os.kill(paddock, signal.SIGKILL)
    os.waitpid(paddock, 0)
    write(repository / "Makefile", "all:\n\techo new\n")  # the sandbox still writes
    assert len(os.listdir(ground.home())) == 1
    os.kill(sandbox, signal.SIGKILL)
    os.waitpid(sandbox, 0)
    wait_for(lambda: os.listdir(ground.home()) == [])
    assert (repository / "Makefile").read_text() == "all:\n\techo old\n"
    assert [held.directory.name for held in shelf.listing(str(repository))] == ["run"]
    os.close(here)
    os.close(there)


def test_signals_of_the_terminal_are_not_for_the_watcher(begin: Begin, repository: Path) -> None:
    one = begin()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        os.kill(one._pid, number)
    write(repository / ".mcp.json")
    gone(repository / ".mcp.json")
    assert len(one.finish().moved) == 1
