"""Containers that outlived their Paddock and its guard, with an engine that is a script."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from paddock import ending, live, stranded
from paddock.boundary import container, engine, guard
from paddock.errors import PaddockError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINE = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
container) test -e {there}; exit ;;
rm) {removal} ;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A person without sandboxes and an engine that has one container, `it`; what the engine was asked."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(container, "ROOTS_PLACE", str(tmp_path / "roots"))
    (tmp_path / "there").touch()
    write(tmp_path, "rm {there}")
    found = engine.Engine(str(tmp_path / "engine"), "/usr/bin/true", "")
    monkeypatch.setattr(engine, "find_engine", lambda: found)
    log = tmp_path / "log"
    return lambda: log.read_text().splitlines() if log.exists() else []


def write(base: Path, removal: str) -> None:
    names = {"log": base / "log", "there": base / "there"}
    (base / "engine").write_text(ENGINE.format(removal=removal.format(**names), **names))
    (base / "engine").chmod(0o755)


def crashed(place: Path, own: str = "") -> None:
    place.mkdir(parents=True)
    (place / "name").write_text("it")
    if own:
        (place / "live").symlink_to(own)


def test_no_engine_is_asked_where_there_is_nothing(asked: Callable[[], list[str]]) -> None:
    assert (stranded.left(), stranded.clear(), asked()) == ([], [], [])


def test_the_container_of_a_sandbox_that_was_killed_is_removed(asked: Callable[[], list[str]], tmp_path: Path) -> None:
    crashed(tmp_path / "runtime/paddock/live/one/container")
    assert stranded.left() == ["container it"]
    assert stranded.clear() == ["container it"]
    assert asked() == ["container exists it", "rm --force --volumes --time 0 --ignore it"]
    assert stranded.left() == []


def test_one_that_its_guard_has_removed_is_only_forgotten(asked: Callable[[], list[str]], tmp_path: Path) -> None:
    crashed(tmp_path / "runtime/paddock/live/one/container")
    (tmp_path / "there").unlink()
    assert stranded.clear() == []
    assert asked() == ["container exists it"]


def test_so_are_those_of_its_services_before_it(asked: Callable[[], list[str]], tmp_path: Path) -> None:
    crashed(tmp_path / "runtime/paddock/live/one/container")
    crashed(tmp_path / "runtime/paddock/live/one/container/services/db")
    (tmp_path / "runtime/paddock/live/one/container/services/db/name").write_text("its-db")
    assert stranded.left() == ["container its-db", "container it"]
    write(tmp_path, "")
    assert stranded.clear() == ["container its-db", "container it"]
    assert [line.split()[-1] for line in asked() if line.startswith("rm")] == ["its-db", "it"]


def test_one_whose_guard_is_at_work_is_left_to_it(
    asked: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the engine, which may be in its middle, would make in what is removed, as ids that nobody can remove."""
    place = tmp_path / "runtime/paddock/live/one/container"
    crashed(place)
    monkeypatch.setattr(guard, "_FINISH_TIMEOUT_S", 0.1)
    monkeypatch.setattr(guard, "_REMOVE_TIMEOUT_S", 0.1)
    with open(container.lock(str(place)), "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert stranded.clear() == []
        assert asked() == []
        ending.clean()
        assert (place / "name").exists()
        assert stranded.left() == ["container it"]
    assert stranded.clear() == ["container it"]


def test_the_time_of_guards_that_hang_is_waited_for_once_for_all_of_them(
    asked: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def hangs(lock: str, until: float) -> bool:
        waited.append(until)
        return False

    monkeypatch.setattr(guard, "wait_for", hangs)
    places = [tmp_path / f"runtime/paddock/live/{name}/container" for name in ("one", "two")]
    for place in places:
        crashed(place)
    before = guard.latest()
    ending.clean()
    first, second, *looks = waited
    assert before <= first == second
    assert looks == [0, 0]
    assert all((place / "name").exists() for place in places)
    assert asked() == []


def test_an_engine_that_does_not_remove_it_is_said(asked: Callable[[], list[str]], tmp_path: Path) -> None:
    crashed(tmp_path / "runtime/paddock/live/one/container")
    write(tmp_path, "echo Error: no >&2; exit 125")
    with pytest.raises(PaddockError, match="container it could not be removed") as caught:
        stranded.clear()
    assert (caught.value.why, caught.value.next_step) == ("Error: no", "podman rm --force it")
    assert stranded.left() == ["container it"]


@pytest.mark.parametrize(
    ("daemon", "says", "code"),
    [("", "Error: database is locked", 125), ("unix:///d", "Cannot connect to the Docker daemon", 1)],
)
def test_one_that_the_engine_cannot_look_for_is_not_forgotten(
    asked: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daemon: str, says: str, code: int
) -> None:
    place = tmp_path / "runtime/paddock/live/one/container"
    crashed(place)
    (tmp_path / "engine").write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    monkeypatch.setattr(engine, "find_engine", lambda: engine.Engine(str(tmp_path / "engine"), "/bin/true", "", daemon))
    with pytest.raises(PaddockError, match="container it could not be removed") as caught:
        stranded.clear()
    assert caught.value.why == says
    assert (place / "name").exists()


def test_one_that_docker_does_not_know_is_gone(
    asked: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "runtime/paddock/live/one/container"
    crashed(place)
    (tmp_path / "engine").write_text("#!/bin/sh\necho 'Error: No such container: it' >&2\nexit 1\n")
    found = engine.Engine(str(tmp_path / "engine"), "/bin/true", "", "unix:///d")
    monkeypatch.setattr(engine, "find_engine", lambda: found)
    assert stranded.clear() == []
    assert not place.exists()


def test_what_lives_is_left_alone(asked: Callable[[], list[str]], tmp_path: Path) -> None:
    own = live.claim("one", exact=True)
    crashed(tmp_path / "runtime/paddock/live/one/container")
    pid = os.fork()  # a lock of our own process is not seen
    if pid == 0:
        os._exit(0 if stranded.left() == [] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    own.remove()


@pytest.mark.root
def test_roots_are_told_apart_by_the_sandbox_that_they_belong_to(
    asked: Callable[[], list[str]], tmp_path: Path
) -> None:
    crashed(tmp_path / "roots/mine", str(tmp_path / "runtime/paddock/live/one"))
    another = tmp_path / "elsewhere/paddock/live/one"
    another.mkdir(parents=True)
    crashed(tmp_path / "roots/of-another-runtime-directory", str(another))
    crashed(tmp_path / "roots/of-one-that-is-gone", str(tmp_path / "ground/paddock/live/one"))
    crashed(tmp_path / "roots/running", str(tmp_path / "wiped/paddock/live/three"))
    crashed(tmp_path / "roots/just-gone", str(tmp_path / "ground/paddock/live/two"))
    crashed(tmp_path / "roots/trial")
    crashed(tmp_path / "roots/old-trial")
    held = os.open(container.lock(str(tmp_path / "roots/running")), os.O_RDONLY | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_SH)
    for old in ("of-another-runtime-directory", "of-one-that-is-gone", "old-trial", "running"):
        os.utime(tmp_path / "roots" / old, (0, 0))
    removed = stranded.clear()
    os.close(held)
    assert [line for line in removed if "directory" in line] == [
        f"container directory {tmp_path}/roots/{name}" for name in ("mine", "of-one-that-is-gone", "old-trial")
    ]
    assert sorted(path.name for path in (tmp_path / "roots").iterdir()) == [
        "just-gone", "of-another-runtime-directory", "running", "trial",
    ]  # fmt: skip
