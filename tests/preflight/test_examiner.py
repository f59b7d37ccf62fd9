"""What the process that reads hostile files can still do, asked from inside it."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import landlock
from paddock.preflight import examiner
from paddock.preflight.detector import Detector, Item
from tests.capabilities import needs
from tests.preflight.made_up import compiled_rules, have_scanned_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Person


def asked(question: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> str:
    """What the process answers, where `question` takes the place of looking into a file."""

    def examined(*_: object) -> list[list[object]]:
        try:
            said = repr(question())
        except BaseException as error:  # noqa: BLE001
            said = type(error).__name__
        return [[0, said, 0, "high"]]

    monkeypatch.setattr(examiner, "_examined", examined)
    one = Detector(str(compiled_rules()))
    try:
        ((_, seen),) = [*one.look(Item(b"", "x", b"x")), *one.rest()]
        assert seen is not None
        return seen.secrets[0].rule
    finally:
        one.close()


REFUSED = ("PermissionError", "OSError", "BlockingIOError")


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(lambda: socket.socket(socket.AF_INET), id="TCP"),
        pytest.param(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), id="UDP"),
        pytest.param(lambda: socket.socket(socket.AF_UNIX), id="UNIX sockets"),
        pytest.param(lambda: os.open("/etc/passwd", os.O_RDONLY), id="reading"),
        pytest.param(lambda: os.open("/proc/self/environ", os.O_RDONLY), id="the environment"),
        pytest.param(lambda: os.open("/tmp/x", os.O_WRONLY | os.O_CREAT), id="writing"),
        pytest.param(lambda: os.listdir("/"), id="listing"),
        pytest.param(os.fork, id="processes"),
        pytest.param(lambda: os.execv("/bin/true", ["true"]), id="programs"),
    ],
)
def test_it_has_no(question: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(question, monkeypatch) in REFUSED


@needs("landlock")
def test_it_can_signal_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Landlock from its version 6 on; before that, as root only, since then it is nobody."""
    kept_in = landlock.version() >= 6 or os.geteuid() == 0
    assert asked(lambda: os.kill(os.getppid(), 0), monkeypatch) == ("PermissionError" if kept_in else "None")


def test_it_can_import_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)  # another test's
    assert asked(lambda: __import__("colorsys"), monkeypatch) in ("ModuleNotFoundError", "ImportWarning")


def test_it_has_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "made-up")
    assert asked(lambda: dict(os.environ), monkeypatch) == "{}"


def test_it_holds_two_pipes_and_nothing_of_the_callers(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = os.open("/etc/passwd", os.O_RDONLY)

    def open_ones() -> list[int]:
        found = []
        for number in range(3, 256):
            try:
                os.fstat(number)
            except OSError:
                continue
            found.append(number)
        return found

    try:
        assert len(eval(asked(open_ones, monkeypatch))) == 2
    finally:
        os.close(held)


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(lambda: len(bytearray(2 * examiner.MEMORY_BYTES)), monkeypatch) == "MemoryError"


@pytest.mark.root
def test_run_as_root_it_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(lambda: (os.getresuid(), os.getgroups()), monkeypatch) == repr(((65534,) * 3, []))


def test_it_cannot_dump_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(lambda: resource.getrlimit(resource.RLIMIT_CORE), monkeypatch) == "(0, 0)"


def test_a_package_of_the_same_name_in_the_repository_is_not_taken(
    person: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`python -m paddock` has the working directory first on its path."""
    repository = tmp_path_factory.mktemp("repo")
    (repository / "kingfisher_sdk.py").write_text("open('was-here', 'w')\n")
    (repository / "file.txt").write_text("x")
    environ = {**have_scanned_before(person)}
    done = subprocess.run(
        [sys.executable, "-m", "paddock", "scan"],
        cwd=repository,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nothing was found" in done.stdout
    assert not (repository / "was-here").exists()
