"""Sandboxes that are begun: what a failure at any step leaves behind, which is nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import building, live
from paddock.boundary import bubblewrap, container, engine, gvisor, gvisor_trial, podman, runsc
from paddock.boundary.engine import Engine
from paddock.boundary.facts import facts_for
from paddock.boundary.gvisor import Runsc
from paddock.boundary.sheet import Compiled as Container
from paddock.errors import BoundaryUnavailable
from paddock.frozen import replace
from paddock.policy.model import Origin
from paddock.unwinding import Unwinding
from tests.boundary.boxes import nothing_left_open
from tests.boundary.field import wait_for
from tests.boundary.plans import PLAN, changed
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paddock.boundary.bubblewrap import Compiled
    from paddock.live import Live

READ = changed(workspace=replace(PLAN.workspace, mode="readonly"))
HANGS = 'echo "$@" >> "{log}"; case "$1" in rm) exit;; esac; exec sleep 600'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    for name, part in (("XDG_RUNTIME_DIR", "runtime"), ("XDG_STATE_HOME", "state")):
        (tmp_path / part).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / part))
    monkeypatch.setattr(container, "ROOTS_PLACE", str(tmp_path / "roots"))
    claimed = live.claim("it", exact=True)
    with nothing_left_open():
        yield claimed
    assert os.listdir(claimed.directory) == ["lock"]
    assert list((tmp_path / "roots").glob("*")) == []
    claimed.remove()
    assert not os.path.exists(claimed.directory)


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """An engine that starts, and never gets anywhere; what it was asked."""
    program, log = tmp_path / "engine", tmp_path / "asked"
    program.write_text("#!/bin/sh\n" + HANGS.replace("{log}", str(log)) + "\n")
    program.chmod(0o755)
    monkeypatch.setattr(engine, "find_engine", lambda: Engine(str(program), "/usr/bin/true", ""))
    return lambda: log.read_text() if log.exists() else ""


def fail_after(begin: Callable[[Unwinding], object]) -> None:
    """What comes next fails."""
    with pytest.raises(KeyError), Unwinding() as undo:  # noqa: PT012 - what comes before it is the test
        begin(undo)
        raise KeyError


@needs("bubblewrap")
@pytest.mark.usefixtures("own")
def test_a_bubblewrap_is_ended_by_what_fails_after_it() -> None:
    made = []
    fail_after(lambda undo: made.append(building.build_bubblewrap(READ, facts_for(READ), (), undo)))
    assert made[0].pid == 0  # ended, and waited for


@needs("bubblewrap")
@pytest.mark.usefixtures("own")
def test_a_bubblewrap_that_cannot_be_told_of_its_root_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Compiled:
        raise KeyError

    monkeypatch.setattr(bubblewrap, "compile", fail)
    with pytest.raises(KeyError), Unwinding() as undo:
        building.build_bubblewrap(READ, facts_for(READ), (), undo)


@pytest.mark.parametrize("guest", [False, True])
def test_a_container_is_removed_by_what_fails_after_it(
    own: Live, hanging: Callable[[], str], monkeypatch: pytest.MonkeyPatch, guest: bool
) -> None:
    monkeypatch.setattr("paddock.boundary.guard._FINISH_TIMEOUT_S", 0.2)

    def begin(undo: Unwinding) -> None:
        building.build_container(READ, facts_for(READ), (), own, undo, guest=guest)
        wait_for(lambda: hanging().endswith("\n"))  # an engine that is ended before that has been asked nothing

    fail_after(begin)
    begun, removed = hanging().splitlines()
    assert "/run/paddock-guest" in begun if guest else "/run/paddock-guest" not in begun
    assert removed.startswith("rm --force")
    assert removed.split()[-1].startswith("paddock-it-")
    assert f"--name {removed.split()[-1]} " in begun


def test_what_was_laid_out_goes_where_the_rest_cannot_be(own: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_engine", lambda: Engine("/bin/false", "/usr/bin/true", ""))
    root = (("/etc", 0o755), ("/etc/there", b""), ("/missing/there", b""))
    monkeypatch.setattr(podman, "compile", lambda *_: replace(Container((), (), (), (), (), (1000, 1000)), root=root))
    with pytest.raises(FileNotFoundError), Unwinding() as undo:
        building.build_container(READ, facts_for(READ), (), own, undo, guest=False)


@pytest.mark.parametrize("compiler", [podman, gvisor])
def test_storage_for_containers_inside_goes_where_nothing_can_be_compiled(
    own: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: object
) -> None:
    def fail(*words: object) -> Container:
        assert os.path.isdir(words[1].storage)  # type: ignore[attr-defined]  # Facts
        raise KeyError

    monkeypatch.setattr(engine, "find_engine", lambda: Engine("/bin/false", "/usr/bin/true", ""))
    monkeypatch.setattr(compiler, "compile", fail)
    plan = changed(nested=True, nested_origin=Origin("flag", "--nested"))
    with pytest.raises(KeyError), Unwinding() as undo:
        building.build_container(plan, facts_for(plan), (), own, undo, guest=compiler is gvisor)
    assert os.listdir(tmp_path / "state/paddock/scratch") == []


def test_without_an_engine_nothing_is_begun(own: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Engine:
        raise BoundaryUnavailable("podman is not installed")

    monkeypatch.setattr(engine, "find_engine", missing)
    with pytest.raises(BoundaryUnavailable), Unwinding() as undo:
        building.build_container(READ, facts_for(READ), (), own, undo, guest=True)


def test_platforms_are_tried_where_a_killed_run_of_that_name_has_tried_them(
    own: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def attempt(found: Runsc, place: str) -> str:
        tried.append((found.platform, os.listdir(place)))
        return "" if found.platform == "ptrace" else "no such platform"

    os.makedirs(f"{own.directory}/systrap/repository")
    monkeypatch.setattr(runsc, "find_program", lambda: "/bin/true")
    monkeypatch.setattr(gvisor_trial, "failure", attempt)
    assert building.find_guest(own) == Runsc("/bin/true", "ptrace")
    assert tried == [("systrap", []), ("ptrace", [])]
    assert building.find_guest(own) == Runsc("/bin/true", "ptrace")  # remembered
    assert len(tried) == 2
    for platform, _ in tried:
        os.rmdir(f"{own.directory}/{platform}")
