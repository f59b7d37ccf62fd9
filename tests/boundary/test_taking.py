"""Files out of images: with the real engine, and with scripts for what a hostile image or a killed Paddock does."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import engine, images, taking
from paddock.errors import BoundaryUnavailable
from tests import busybox
from tests.boundary.field import wait_for
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Person

SCRIPT = """#!/bin/sh
echo "$1" >> {log}
echo "$@" >> {log}.whole
case "$1" in
cp) {copying} ;;
create) {making} ;;
esac
"""


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    yield from busybox.person_with_it(tmp_path_factory.mktemp("ann"))


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], list[str]]]:
    """An engine that does as it is told when something is copied; what it was asked to do."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def write(copying: str, making: str = ":") -> Callable[[], list[str]]:
        log, program = tmp_path / "log", tmp_path / "engine"
        log.touch()
        program.write_text(SCRIPT.format(log=log, copying=copying, making=making))
        program.chmod(0o755)
        monkeypatch.setattr(engine, "find_engine", lambda: engine.Engine(str(program), "/usr/bin/true", ""))
        return lambda: log.read_text().split()

    return write


@needs("podman", "busybox")
def test_a_home_is_copied_whole_and_is_ours(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ann.environ.items():
        monkeypatch.setenv(name, value)
    found = images.look(busybox.IMAGE)
    target, none = ann.home / "copied", ann.home / "none"
    target.mkdir()
    none.mkdir()
    taking.copy(found.identifier, "/home/ann", str(target))
    assert os.listdir(target) == [".profile"]
    assert os.stat(target / ".profile").st_uid == os.getuid()
    taking.copy(found.identifier, "/home/nobody", str(none))
    assert os.listdir(none) == []
    assert taking.text(found.identifier, "/etc/passwd").startswith("root:x:0:0:")
    assert taking.text(found.identifier, "/etc") == taking.text(found.identifier, "/no/such") == ""


def test_a_file_without_an_end_is_no_file(script: Callable[..., Callable[[], list[str]]]) -> None:
    asked = script("exec cat /dev/zero")
    assert taking.text("f00d", "/etc/passwd") == ""
    assert asked() == ["create", "cp", "rm"]


@pytest.mark.parametrize(("copying", "making"), [("echo broken >&2; exit 1", ":"), (":", "echo broken >&2; exit 1")])
def test_what_fails_leaves_no_container(
    script: Callable[..., Callable[[], list[str]]], tmp_path: Path, copying: str, making: str
) -> None:
    asked = script(copying, making)
    with pytest.raises(BoundaryUnavailable) as caught:
        taking.copy("f00d", "/home/ann", str(tmp_path))
    assert caught.value.why == "broken"
    assert "rm" in asked()


def test_volumes_that_an_image_asks_for_go_with_the_container(
    script: Callable[..., Callable[[], list[str]]], tmp_path: Path
) -> None:
    """For VOLUME of an image an engine makes one with each container, and keeps it (podman-rm(1))."""
    script(":")
    taking.text("f00d", "/etc/passwd")
    (removal,) = [line for line in (tmp_path / "log.whole").read_text().splitlines() if line.startswith("rm ")]
    assert "--volumes" in removal.split()


def test_a_paddock_that_is_killed_leaves_no_container(
    script: Callable[..., Callable[[], list[str]]], tmp_path: Path
) -> None:
    asked = script("exec sleep 10")
    pid = os.fork()
    if pid == 0:
        try:
            taking.copy("f00d", "/home/ann", str(tmp_path / "it"))
        finally:
            os._exit(1)
    wait_for(lambda: "cp" in asked())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    wait_for(lambda: asked()[-1] == "rm")
