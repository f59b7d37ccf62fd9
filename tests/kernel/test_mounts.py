"""Mounts, made in a mount namespace of the test's own; the host never has one."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import libc, mounts
from paddock.kernel.namespaces import CLONE_NEWNS, CLONE_NEWUSER
from tests import mounted
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

MS_REC, MS_PRIVATE = 0x4000, 0x40000
OWNER, GROUP, STAND_IN, STRANGER = 4242, 4343, 0x70000000, 77


@pytest.fixture(autouse=True)
def host_unchanged(tmp_path: Path) -> Iterator[None]:
    yield
    assert mounted.below(tmp_path) == []


def privately(task: Callable[[], T]) -> T:
    """In a user and a mount namespace of its own, under the ids that we have."""
    uid, gid = os.geteuid(), os.getegid()

    def inside() -> T:
        libc.call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path(f"/proc/self/{name}").write_text(text)
        return task()

    return forked(inside)


def directories(base: Path, *names: str) -> list[Path]:
    for name in names:
        (base / name).mkdir()
    return [base / name for name in names]


def refusal(task: Callable[[], object]) -> str:
    try:
        task()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"


@needs("userns", "overlay")
def test_writes_into_an_overlay_go_to_its_upper_layer(tmp_path: Path):
    lower, upper, work, target = directories(tmp_path, "lower", "upper", "work", "target")
    for name in ("changed", "removed", "kept"):
        (lower / name).write_text("old")

    def task() -> list[str]:
        mounts.overlay([str(lower)], str(upper), str(work), str(target))
        (target / "changed").write_text("new")
        (target / "removed").unlink()
        (target / "added").write_text("added")
        return sorted(path.name for path in target.iterdir())

    assert privately(task) == ["added", "changed", "kept"]
    assert {path.name: path.read_text() for path in lower.iterdir()} == dict.fromkeys(
        ("changed", "removed", "kept"), "old"
    )
    assert (upper / "changed").read_text() == "new"
    assert sorted(path.name for path in upper.iterdir()) == ["added", "changed", "removed"]
    assert list(target.iterdir()) == []
    (work / "work").chmod(0o700)  # overlayfs makes it 000


@needs("userns")
def test_a_bind_shows_the_source_and_its_writes_arrive(tmp_path: Path):
    source, target = directories(tmp_path, "source, with: odd\\bytes \udcff", "target")

    def task() -> str:
        mounts.bind(str(source), str(target))
        return refusal(lambda: (target / "file").write_text("through"))

    assert privately(task) == "ok"
    assert (source / "file").read_text() == "through"


@needs("userns")
def test_a_read_only_bind_refuses_writes_and_so_does_what_is_bound_from_it(tmp_path: Path):
    source, target, further = directories(tmp_path, "source", "target", "further")
    (source / "file").write_text("old")

    def task() -> tuple[str, ...]:
        mounts.bind_read_only(str(source), str(target))
        mounts.bind(str(target), str(further))
        return (
            refusal(lambda: (target / "file").write_text("new")),
            refusal(lambda: (further / "file").write_text("new")),
            refusal(lambda: (source / "other").write_text("new")),
            (further / "file").read_text(),
        )

    assert privately(task) == ("EROFS", "EROFS", "ok", "old")


@needs("userns")
def test_a_read_only_bind_of_a_file_has_no_devices_and_no_set_user_id(tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("empty")
    target.write_text("secret")

    def task() -> tuple[str, int]:
        mounts.bind_read_only(str(source), str(target))
        return target.read_text(), os.statvfs(target).f_flag

    text, flags = privately(task)
    wanted = os.ST_RDONLY | os.ST_NOSUID | os.ST_NODEV
    assert (text, flags & wanted) == ("empty", wanted)
    assert target.read_text() == "secret"


@needs("userns")
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_covered_path_can_be_neither_written_nor_renamed_nor_removed_nor_replaced(tmp_path: Path, kind: str):
    path, other = tmp_path / "odd, name\udcff", tmp_path / "other"
    if kind == "file":
        path.write_text("old")
    else:
        path.mkdir()
    other.write_text("other")
    inner = path if kind == "file" else path / "inner"

    def task() -> tuple[str, ...]:
        root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
        mounts.cover(root, path.name, read_only=True)
        os.close(root)
        return (
            refusal(lambda: inner.write_text("new")),
            refusal(lambda: path.rename(tmp_path / "away")),
            refusal(lambda: path.unlink() if kind == "file" else path.rmdir()),
            refusal(lambda: os.rename(other, path)) if kind == "file" else "EBUSY",
        )

    assert privately(task) == ("EROFS", "EBUSY", "EBUSY", "EBUSY")
    assert path.exists()


@needs("userns")
def test_a_pinned_directory_keeps_its_name_and_can_be_written(tmp_path: Path):
    (tmp_path / "pinned").mkdir()

    def task() -> tuple[str, str]:
        root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
        mounts.cover(root, "pinned", read_only=False)
        return (
            refusal(lambda: (tmp_path / "pinned/file").write_text("new")),
            refusal(lambda: (tmp_path / "pinned").rename(tmp_path / "away")),
        )

    assert privately(task) == ("ok", "EBUSY")


@needs("userns")
def test_nothing_is_covered_through_a_link_or_outside(tmp_path: Path):
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").write_text("")
    (tmp_path / "root/link").symlink_to("../outside")

    def task() -> list[str]:
        root = os.open(tmp_path / "root", os.O_PATH | os.O_DIRECTORY)
        before = sorted(os.listdir("/proc/self/fd"))
        found = [
            refusal(functools.partial(mounts.cover, root, path, read_only=True))
            for path in ("link", "missing", "../outside")
        ]
        assert sorted(os.listdir("/proc/self/fd")) == before
        return found

    assert privately(task) == ["ELOOP", "ENOENT", "EXDEV"]


@needs("userns")
def test_covering_repeats_no_flag_that_is_locked(tmp_path: Path):
    """A file system without devices, programs and access times: each of these flags is locked for a user namespace."""
    (tmp_path / "file").write_text("old")

    def task() -> tuple[str, int]:
        libc.call("mount", b"tmpfs", os.fsencode(tmp_path), b"tmpfs", ctypes.c_ulong(2 | 4 | 8 | 1024), None)
        (tmp_path / "file").write_text("old")
        libc.call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
        mounts.cover(root, "file", read_only=True)
        return refusal(lambda: (tmp_path / "file").write_text("new")), os.statvfs(tmp_path / "file").f_flag & 8

    assert privately(task) == ("EROFS", 8)


@needs("userns")
def test_detaching_takes_away_what_is_mounted_below_as_well(tmp_path: Path):
    source, other, target = directories(tmp_path, "source", "other", "target")
    (source / "below").mkdir()
    (other / "deep").write_text("")

    def task() -> tuple[list[str], list[str], list[str]]:
        mounts.bind(str(source), str(target))
        mounts.bind(str(other), str(target / "below"))
        seen = os.listdir(target / "below")
        held = os.open(target / "below/deep", os.O_RDONLY)  # busy: detached all the same
        mounts.detach(str(target))
        os.close(held)
        return seen, os.listdir(target), os.listdir(source / "below")

    assert privately(task) == (["deep"], [], [])


@needs("userns")
@pytest.mark.parametrize("which", ["bind", "bind_read_only"])
def test_what_is_not_there_cannot_be_bound(tmp_path: Path, which: str):
    with pytest.raises(FileNotFoundError):
        privately(lambda: getattr(mounts, which)(str(tmp_path / "missing"), str(tmp_path)))


@needs("userns")
def test_what_is_no_mount_cannot_be_detached(tmp_path: Path):
    with pytest.raises(OSError) as caught:
        privately(lambda: mounts.detach(str(tmp_path)))
    assert caught.value.errno == errno.EINVAL


@pytest.mark.user
def test_an_ordinary_user_cannot_clone_the_hosts_mounts(tmp_path: Path):
    with pytest.raises(PermissionError):
        mounts.clone(str(tmp_path), read_only=True, idmap=None)


def as_root(task: Callable[[], T]) -> T:
    """In a mount namespace of its own, with all power over the host."""

    def inside() -> T:
        libc.call("unshare", CLONE_NEWNS)
        libc.call("mount", None, b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
        return task()

    return forked(inside)


@pytest.mark.root
def test_owner_and_stand_in_change_places_and_writes_are_the_owners(tmp_path: Path):
    source, target = directories(tmp_path, "source", "target")
    os.chown(source, OWNER, GROUP)
    for name, uid, gid in (("mine", OWNER, GROUP), ("theirs", STRANGER, OWNER), ("back", STAND_IN, STAND_IN)):
        (source / name).write_text(name)
        os.chown(source / name, uid, gid)

    def task() -> tuple[dict[str, tuple[int, int]], str]:
        idmap = mounts.swap_ids(OWNER, GROUP, STAND_IN)
        mounts.attach(mounts.clone(str(source), read_only=False, idmap=idmap), str(target))
        seen = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in target.iterdir()}
        os.chdir(target)
        os.setgroups([])
        os.setresgid(*[STAND_IN] * 3)
        os.setresuid(*[STAND_IN] * 3)
        Path("mine").write_text("changed")
        Path("new").write_text("new")
        return seen, refusal(lambda: Path("theirs").write_text("no"))

    seen, refused = as_root(task)
    assert seen == {"mine": (STAND_IN, STAND_IN), "theirs": (STRANGER, OWNER), "back": (OWNER, GROUP)}
    assert refused == "EACCES"
    assert (source / "mine").read_text() == "changed"
    assert {(source / name).stat().st_uid for name in ("mine", "new")} == {OWNER}
    assert (source / "new").stat().st_gid == GROUP


@pytest.mark.root
@pytest.mark.parametrize(("read_only", "wanted"), [(True, "EROFS"), (False, "ok")])
def test_a_clone_can_be_read_only_with_all_below_it(tmp_path: Path, read_only: bool, wanted: str):
    source, other, target = directories(tmp_path, "source", "other", "target")
    (source / "below").mkdir()

    def task() -> tuple[str, str, int]:
        mounts.bind(str(other), str(source / "below"))
        mounts.attach(mounts.clone(str(source), read_only=read_only, idmap=None), str(target))
        return (
            refusal(lambda: (target / "file").write_text("")),
            refusal(lambda: (target / "below/file").write_text("")),
            os.statvfs(target / "below").f_flag & (os.ST_NOSUID | os.ST_NODEV),
        )

    assert as_root(task) == (wanted, wanted, os.ST_NOSUID | os.ST_NODEV)
    assert (other / "file").exists() is not read_only


@pytest.mark.root
@pytest.mark.parametrize(
    ("owner", "group", "stand_in"), [(0, 0, STAND_IN), (STAND_IN, 7, 5), (0, 2, 1), (0xFFFFFFFE, 0xFFFFFFFD, 0)]
)
def test_any_two_ids_can_be_swapped_and_nothing_is_left(owner: int, group: int, stand_in: int):
    before = sorted(os.listdir("/proc/self/fd"))
    descriptor = mounts.swap_ids(owner, group, stand_in)
    assert os.readlink(f"/proc/self/fd/{descriptor}").startswith("user:")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.root
def test_a_clone_that_cannot_be_mapped_leaves_no_descriptor(tmp_path: Path):
    with open("/dev/null") as no_namespace:
        before = sorted(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError) as caught:
            mounts.clone(str(tmp_path), read_only=True, idmap=no_namespace.fileno())
        assert caught.value.errno == errno.EINVAL
        assert sorted(os.listdir("/proc/self/fd")) == before
