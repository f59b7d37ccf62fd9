from __future__ import annotations

import errno
import os
import stat

import pytest

from paddock.kernel import files
from paddock.workspace import host as hosts
from paddock.workspace.change import Change
from paddock.workspace.host import Host
from paddock.workspace.journal import Journal
from paddock.workspace.steps import Intervened

FILE, DIRECTORY = 0o100644, 0o40755


class Place:
    """A host to write to, and a source to write from."""

    def __init__(self, base) -> None:
        for name in ("set", "upper", "lower"):
            (base / name).mkdir(mode=0o755)
        self.root = base / "lower"
        self.upper = base / "upper"
        set_, upper, lower = (os.open(base / name, os.O_RDONLY) for name in ("set", "upper", "lower"))
        self.host = Host(lower, upper, Journal(set_))
        (base / "source").write_text("new")
        self.source = os.open(base / "source", os.O_RDONLY)

    def put(self, path: str, mode: int = FILE) -> None:
        change = Change(path, "modified", new_mode=mode)
        self.host.put_file(change, self.source, self.host.look(path))

    def mode(self, path: str) -> int:
        return stat.S_IMODE((self.root / path).lstat().st_mode)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


@pytest.fixture(params=["unnamed", "named"])
def either(request, place: Place, monkeypatch) -> Place:
    """With O_TMPFILE, and on a file system that has none."""
    if request.param == "named":
        real = os.open

        def refuse(path, flags, *rest, **more):
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "no such flag")
            return real(path, flags, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)
    return place


def test_a_new_file_comes_whole_and_with_its_mode(either) -> None:
    before = os.umask(0o077)
    try:
        either.put("file", 0o100664)
    finally:
        os.umask(before)
    assert (either.root / "file").read_text() == "new"
    assert either.mode("file") == 0o664
    assert os.listdir(either.root) == ["file"]


def test_set_id_bits_never_come(either) -> None:
    either.put("file", 0o106755)
    assert either.mode("file") == 0o755


def test_a_hard_link_is_broken_not_written_through(either, tmp_path) -> None:
    (tmp_path / "outside").write_text("old")
    os.link(tmp_path / "outside", either.root / "file")
    either.put("file")
    assert (tmp_path / "outside").read_text() == "old"
    assert (either.root / "file").read_text() == "new"
    assert os.listdir(either.root) == ["file"]


def test_a_link_is_replaced_not_followed(either, tmp_path) -> None:
    (tmp_path / "outside").write_text("old")
    (either.root / "file").symlink_to(tmp_path / "outside")
    either.put("file")
    assert not (either.root / "file").is_symlink()
    assert (tmp_path / "outside").read_text() == "old"


def test_fs08_a_directory_that_is_a_link_is_no_way(place, tmp_path) -> None:
    """INVARIANT FS-08: the host writes nothing through a link that leaves the repository."""
    (tmp_path / "outside").mkdir()
    (place.root / "dir").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError) as caught:
        place.host.put_file(Change("dir/file", "added", new_mode=FILE), place.source, None)
    assert caught.value.errno in (errno.ENOTDIR, errno.ELOOP)
    with pytest.raises(OSError):
        place.host.put_directory("dir/sub", 0o755)
    assert os.listdir(tmp_path / "outside") == []


def test_what_appeared_or_changed_after_our_look_stops_the_write(either) -> None:
    (either.root / "appeared").write_text("theirs")
    with pytest.raises(Intervened):
        either.host.put_file(Change("appeared", "added", new_mode=FILE), either.source, None)
    seen = either.host.look("appeared")
    (either.root / "appeared").write_text("theirs again")
    with pytest.raises(Intervened):
        either.host.put_file(Change("appeared", "modified", new_mode=FILE), either.source, seen)
    with pytest.raises(Intervened):
        either.host.remove("appeared", seen)
    with pytest.raises(Intervened):
        either.host.set_mode(Change("appeared", "mode", new_mode=0o100600), seen)
    with pytest.raises(Intervened):
        either.host.put_link(Change("appeared", "added", new_mode=0o120777), "x", None)
    with pytest.raises(Intervened):
        either.host.put_directory("appeared", 0o755)
    assert os.listdir(either.root) == ["appeared"]
    assert (either.root / "appeared").read_text() == "theirs again"


def test_types_replace_each_other_in_one_step(place) -> None:
    (place.root / "name").mkdir()
    place.put("name")
    assert (place.root / "name").read_text() == "new"
    place.host.put_directory("name", 0o750, place.host.look("name"))
    assert place.mode("name") == 0o750
    place.host.put_link(Change("name", "replaced", new_mode=0o120777), "else", place.host.look("name"))
    assert os.readlink(place.root / "name") == "else"
    assert os.listdir(place.root) == ["name"]


def test_a_directory_that_is_not_empty_stays(place) -> None:
    (place.root / "name" / "inner").mkdir(parents=True)
    with pytest.raises(Intervened):
        place.put("name")
    assert (place.root / "name" / "inner").is_dir()
    assert os.listdir(place.root) == ["name"]


def test_where_names_cannot_be_exchanged_nothing_is_lost(place, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(files, "exchange", refuse)
    (place.root / "name" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="not here"):
        place.put("name")
    assert (place.root / "name" / "inner").is_dir()
    assert os.listdir(place.root) == ["name"]


def test_missing_directories_are_made_with_the_modes_that_they_have_inside(place) -> None:
    (place.upper / "a" / "b").mkdir(parents=True)
    (place.upper / "a").chmod(0o751)
    (place.upper / "a" / "b").chmod(0o500)
    place.put("a/b/file")
    place.host.loosened.restore()
    assert (place.mode("a"), place.mode("a/b")) == (0o751, 0o500)


def test_a_directory_that_forbids_writing_is_written_to_and_forbids_it_again(place) -> None:
    (place.root / "dir").mkdir()
    (place.root / "dir" / "old").write_text("")
    (place.root / "dir").chmod(0o555)
    place.put("dir/file")
    place.host.remove("dir/old", place.host.look("dir/old"))
    place.host.loosened.restore()
    assert os.listdir(place.root / "dir") == ["file"]
    assert place.mode("dir") == 0o555


def test_a_directory_keeps_the_group_that_its_parent_gives(place) -> None:
    place.root.chmod(0o2755)
    place.host.put_directory("dir", 0o700)
    assert place.mode("dir") == 0o2700


def test_only_empty_directories_are_removed(place) -> None:
    (place.root / "dir").mkdir()
    (place.root / "dir" / "file").write_text("")
    with pytest.raises(OSError, match="not empty"):
        place.host.remove("dir", place.host.look("dir"))
    place.host.remove("dir/file", place.host.look("dir/file"))
    place.host.remove("dir", place.host.look("dir"))
    assert os.listdir(place.root) == []
    assert place.host.look("dir/file") is None


@pytest.mark.root
def test_root_gives_new_files_to_the_directory_s_owner_and_leaves_old_ones_theirs(place) -> None:
    os.chown(place.root, 1234, 1235)
    (place.root / "old").write_text("")
    os.chown(place.root / "old", 2234, 2235)
    place.put("old")
    place.put("new")
    place.host.put_directory("dir", 0o755)
    place.host.put_link(Change("link", "added", new_mode=0o120777), "x", None)
    owners = {
        name: ((place.root / name).lstat().st_uid, (place.root / name).lstat().st_gid)
        for name in os.listdir(place.root)
    }
    assert owners == {"old": (2234, 2235), "new": (1234, 1235), "dir": (1234, 1235), "link": (1234, 1235)}


def test_large_applies_stop_syncing_one_by_one(place, monkeypatch) -> None:
    monkeypatch.setattr(hosts, "SYNCED_ONE_BY_ONE", 2)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for number in range(5):
        place.put(f"file{number}")
    assert len(synced) == 2
