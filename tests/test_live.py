"""The directories of live sandboxes: who holds a name, and for how long."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import live
from paddock.errors import SessionError, Usage
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOLD = """
import sys
from paddock import live
own = live.claim(sys.argv[1], exact=False)
own.describe({"name": own.name})
print(own.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the name `field`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, "field"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "field\n"
        yield process
        process.kill()


def test_a_name_is_held_by_the_process_that_took_it(holder: subprocess.Popen[str]) -> None:
    assert live.find("field").holder == holder.pid
    assert live.find("field").data() == {"name": "field"}
    assert [entry.name for entry in live.entries()] == ["field"]


def test_a_taken_name_gets_a_number_or_is_refused(holder: subprocess.Popen[str]) -> None:
    assert forked(lambda: live.claim("field", exact=False).name) == "field-2"

    def exactly() -> str:
        try:
            return live.claim("field", exact=True).name
        except SessionError as error:
            return f"{error.code}: {error.next_step}"

    assert forked(exactly) == "name-in-use: paddock exec field -- …   or: paddock kill field"


def test_the_name_is_free_when_its_holder_was_killed(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert [(entry.name, entry.holder) for entry in live.entries()] == [("field", 0)]
    with pytest.raises(SessionError, match="no live sandbox named field") as caught:
        live.find("field")
    assert caught.value.why == "none is live"
    assert forked(lambda: live.claim("field", exact=True).name) == "field"


def test_a_child_of_the_holder_holds_nothing() -> None:
    own = live.claim("field", exact=True)
    assert forked(lambda: live.find("field").holder) == os.getpid()
    own.remove()
    assert live.entries() == ()


@pytest.mark.parametrize("name", ["..", "../up", "a/b", "", "A", ".hidden", "x" * 99, "a\nb"])
def test_a_persons_name_is_a_plain_name(name: str, runtime: Path) -> None:
    with pytest.raises(Usage):
        live.claim(name, exact=True)
    assert list(runtime.iterdir()) == []


def test_directories_are_private(runtime: Path) -> None:
    own = live.claim("field", exact=True)
    own.describe({"secret": "\udcff"})
    for path in (runtime / "paddock", runtime / "paddock/live", runtime / "paddock/live/field"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (runtime / "paddock/live/field/session").read_text().isascii()
    assert live.Entry("field", own.directory, 0).data() == {"secret": "\udcff"}
    own.remove()


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "\0"])
def test_a_description_that_is_no_description_is_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "session").write_text(content)
    assert live.Entry("x", str(tmp_path), 0).data() == {}


def test_what_a_killed_one_said_of_itself_is_not_true_of_the_next_one_of_that_name(
    holder: subprocess.Popen[str],
) -> None:
    """Its first process may be anybody's by now, and `paddock exec` would go there."""
    directory = live.find("field").directory
    for pid, seen in ((holder.pid, {"pid": holder.pid}), (holder.pid + 1, {})):
        Path(directory, "session").write_text(repr({"pid": pid}))
        assert live.find("field").data() == seen


def test_what_a_dead_one_left_is_removed_and_what_lives_is_not(holder: subprocess.Popen[str], runtime: Path) -> None:
    entry = live.find("field")
    assert not live.remove_dead(entry)
    assert live.find("field") == entry
    holder.kill()
    holder.wait()
    assert live.remove_dead(entry)
    assert live.entries() == ()
    assert list((runtime / "paddock/live").iterdir()) == []


def test_a_directory_without_a_lock_is_a_dead_one(runtime: Path) -> None:
    (runtime / "paddock/live/half").mkdir(parents=True)
    (entry,) = live.entries()
    assert entry.holder == 0
    assert live.remove_dead(entry)
    assert live.entries() == ()


@pytest.mark.parametrize(
    "make", [Path.touch, os.mkfifo, lambda path: path.symlink_to("../../other")], ids=["file", "fifo", "link"]
)
def test_what_is_no_directory_goes_and_nothing_behind_it(runtime: Path, make: Callable[[Path], object]) -> None:
    (runtime / "other").mkdir()
    (runtime / "other/kept").touch()
    (runtime / "paddock/live").mkdir(parents=True)
    make(runtime / "paddock/live/stray")
    (entry,) = live.entries()
    assert entry.holder == 0
    assert live.remove_dead(entry)
    assert live.entries() == ()
    assert (runtime / "other/kept").exists()


def test_a_lock_that_was_removed_holds_no_name(runtime: Path) -> None:
    """Two that begin while a third clears up: the name is taken anew, not shared."""
    first = live.claim("field", exact=True)
    os.unlink(f"{first.directory}/lock")
    assert forked(lambda: live.claim("field", exact=True).name) == "field"


@pytest.mark.parametrize("by", ["its Paddock", "whoever clears up"])
def test_a_name_that_is_taken_while_its_last_holder_lets_go_of_it_is_the_new_holders(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = live.claim("field", exact=True)
    last.describe({"name": "last"})
    (Path(last.directory) / "place").mkdir()
    if by != "its Paddock":
        os.close(last._lock)
    unlink = os.unlink
    taken: list[subprocess.Popen[str]] = []

    def unlink_and_wait(path: str) -> None:
        unlink(path)
        if path == f"{last.directory}/lock":
            taken.append(subprocess.Popen([sys.executable, "-c", HOLD, "field"], text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE))  # fmt: skip
            assert taken[0].stdout
            assert taken[0].stdout.readline() == "field\n"

    monkeypatch.setattr(os, "unlink", unlink_and_wait)
    try:
        if by == "its Paddock":
            last.remove()
        else:
            live.remove_dead(live.Entry("field", last.directory, 0))
        assert live.find("field").holder == taken[0].pid
        assert live.find("field").data() == {"name": "field"}
        assert sorted(os.listdir(last.directory)) == ["lock", "session"]
    finally:
        for process in taken:
            process.communicate("")


@pytest.mark.parametrize("call", ["isdir", "mkdir", "lstat"])
def test_a_directory_that_another_one_takes_away_meanwhile_is_made_again(
    call: str, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the midst of the calls that make it: it was there, then it was not."""
    directory = f"{live.live_directory()}/field"
    Path(directory).mkdir(parents=True)
    if call == "mkdir":
        os.rmdir(directory)
    where = os.path if call == "isdir" else os
    real = getattr(where, call)
    done: list[str] = []

    def vanishing(path: str, *others: object) -> object:
        if path != directory or done:
            return real(path, *others)
        done.append(path)
        if call == "mkdir":
            raise FileExistsError(errno.EEXIST, "File exists", path)
        answer = real(path)
        os.rmdir(path)
        return answer if call == "isdir" else real(path)

    monkeypatch.setattr(where, call, vanishing)
    own = live.claim("field", exact=True)
    assert done
    assert forked(lambda: live.find("field").holder) == os.getpid()
    own.remove()
    assert list((runtime / "paddock/live").iterdir()) == []


def test_groups_of_different_runtime_directories_never_share_a_name(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`paddock clean` ends what bears its name and has no live directory: that must not be somebody else's."""
    names = []
    for place in ("one", "two"):
        (runtime / place / "paddock/live").mkdir(parents=True)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / place))
        names.append(live.group_name("field"))
    assert names[0] != names[1]
    assert names[1] == live.group_name("field")
