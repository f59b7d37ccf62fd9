from __future__ import annotations

import errno
import os
import stat

import pytest

from paddock.errors import SessionError
from paddock.workspace import shelf
from paddock.workspace.applying import past
from paddock.workspace.applying.deeds import END, NOTHING, backwards
from paddock.workspace.applying.past import Past
from paddock.workspace.meta import Meta


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The repository's path, and a descriptor of it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "repository").mkdir()
    with shelf.opened(str(tmp_path / "repository")) as descriptor:
        yield str(tmp_path / "repository"), descriptor


def begun(repository: str, created_ns: int = 1) -> Past:
    found = Past(repository)
    found.attend(Meta(repository, created_ns=created_ns), "work")
    return found


def kinds(found: Past) -> list[str]:
    log = found.log()
    try:
        return [record.kind for record in backwards(log)]
    finally:
        os.close(log)


def test_one_at_a_time(places) -> None:
    first = Past(places[0])
    with pytest.raises(SessionError, match="at work"):
        Past(places[0])
    first.close()
    Past(places[0]).close()


def test_nothing_is_there_before_the_first_deed_and_the_one_before_stays_until_then(places) -> None:
    first = begun(places[0])
    assert past.repository_for(places[0]) is None
    first.note("one", NOTHING, NOTHING)
    first.end()
    first.close()
    second = begun(places[0], 2)
    assert second.of() == ("work", 1)
    second.note("two", NOTHING, NOTHING)
    assert second.of() == ("work", 2)
    assert kinds(second) == ["did"]
    second.close()
    assert past.repository_for(f"{places[0]}/deep/er") == places[0]


def test_a_killed_apply_of_the_same_change_set_is_gone_on_with(places) -> None:
    first = begun(places[0])
    assert [first.note(name, NOTHING, NOTHING) for name in "ab"] == [1, 2]
    first.close()
    second = begun(places[0])
    assert second.is_begun
    assert second.note("c", NOTHING, NOTHING) == 3
    second.end()
    assert kinds(second) == [END, "did", "did", "did"]
    second.close()
    third = begun(places[0])
    assert not third.is_begun, "that one came to its end"
    third.close()


def test_what_is_kept_is_the_file_itself(places, tmp_path) -> None:
    repository, directory = places
    for name in ("kept", "taken"):
        (tmp_path / "repository" / name).write_text("text")
    inode = os.stat("kept", dir_fd=directory).st_ino
    found = begun(repository)
    number = found.note("kept", NOTHING, NOTHING)
    found.keep(number, directory, "kept")
    found.take(found.note("taken", NOTHING, NOTHING), directory, "taken")
    assert os.stat("b1", dir_fd=found.unit).st_ino == inode
    assert os.listdir(directory) == ["kept"]
    assert os.access("b2", os.F_OK, dir_fd=found.unit)
    found.close()


def test_where_nothing_can_be_linked_copies_are_kept_with_mode_and_time(places, tmp_path, monkeypatch) -> None:
    repository, directory = places

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    (tmp_path / "repository" / "file").write_text("text")
    os.chmod("file", 0o4711, dir_fd=directory)
    os.utime("file", ns=(10**9, 10**9), dir_fd=directory)
    (tmp_path / "repository" / "link").symlink_to("there")
    os.mkfifo("fifo", dir_fd=directory)
    found = begun(repository)
    numbers = {name: found.note(name, NOTHING, NOTHING) for name in ("file", "link", "fifo")}
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse)
        patch.setattr(os, "rename", refuse)
        found.keep(numbers["file"], directory, "file")
        found.keep(numbers["link"], directory, "link")
        found.take(numbers["fifo"], directory, "fifo")
    kept = os.stat(f"b{numbers['file']}", dir_fd=found.unit)
    assert (stat.S_IMODE(kept.st_mode), kept.st_mtime_ns) == (0o4711, 10**9)
    assert os.readlink(f"b{numbers['link']}", dir_fd=found.unit) == "there"
    assert not os.access(f"b{numbers['fifo']}", os.F_OK, dir_fd=found.unit), "special files are never made"
    assert sorted(os.listdir(directory)) == ["file", "link"]
    found.close()


def test_forgetting_leaves_nothing(places) -> None:
    found = begun(places[0])
    found.note("one", NOTHING, NOTHING)
    past.mark_undoing(found, "work")
    assert (found.undoing, past.undone_into(found)) == (True, "work")
    found.forget()
    assert not found.undoing
    found.close()
    assert os.listdir(past.home_of(places[0])) == []
