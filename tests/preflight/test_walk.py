from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.preflight import walk
from paddock.preflight.findings import Collection
from paddock.preflight.walk import Walk
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path


def walked(root: Path, **how: float) -> tuple[Walk, dict[str, list[tuple[str, str]]]]:
    """The walk over a tree, and (path, detail) of what it found, by kind."""
    collection = Collection()
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        one = Walk(descriptor, os.path.realpath(root), collection, **how)
        one.run()
    finally:
        os.close(descriptor)
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in collection.findings():
        found.setdefault(finding.kind, []).append((finding.path, finding.detail))
    return one, found


def paths(one: Walk) -> list[str]:
    return sorted(path for path, _, _ in one.files)


def test_each_shape_is_found_where_it_is(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / "in/inner/.git").mkdir(parents=True)
    (root / "bare/objects").mkdir(parents=True)
    (root / "bare/refs").mkdir()
    (root / "bare/HEAD").write_text("x")
    (root / "in/program").write_text("x")
    (root / "in/program").chmod(0o4755)
    (root / "in/open").write_text("x")
    (root / "in/open").chmod(0o666)
    (root / "in/drop").mkdir()
    (root / "in/drop").chmod(0o1777)  # as /tmp is: fine
    (tmp_path / "elsewhere").write_text("x")
    os.link(tmp_path / "elsewhere", root / "in/hard")
    (root / "in/away").symlink_to("../../elsewhere")
    (root / "in/near").symlink_to("program")
    os.mkfifo(root / "in/fifo")
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(root / "in/socket"))
    _, found = walked(root)
    assert found == {
        "hard-link": [("in/hard", "1 name outside")],
        "link-out": [("in/away", "../../elsewhere")],
        "socket": [("in/socket", "")],
        "fifo": [("in/fifo", "")],
        "set-uid": [("in/program", "-rwsr-xr-x")],
        "world-writable": [("in/open", "-rw-rw-rw-")],
        "nested-repository": [("in/inner", "")],
        "bare-repository": [("bare", "")],
    }


def test_the_repositorys_own_git_is_no_finding_and_its_store_is_not_walked(tmp_path: Path) -> None:
    for part in ("objects/ab", "refs", "modules/sub/objects", "modules/sub/refs"):
        (tmp_path / ".git" / part).mkdir(parents=True)
    for name in ("HEAD", "config", "objects/ab/cd", "modules/sub/HEAD"):
        (tmp_path / ".git" / name).write_text("x")
    one, found = walked(tmp_path)
    assert found == {}
    assert paths(one) == [".git/HEAD", ".git/config", ".git/modules/sub/HEAD"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "file").write_text("x")
    one, found = walked(tmp_path)
    assert (paths(one), found) == (["file"], {})


@pytest.mark.user
def test_what_cannot_be_entered_is_said_and_the_rest_is_walked(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "seen").mkdir(mode=0o400)
    (tmp_path / "open").mkdir()
    (tmp_path / "open/file").write_text("x")
    one, _ = walked(tmp_path)
    assert paths(one) == ["open/file"]
    assert one.notes == ["could not be read: closed and 1 more"]
    assert one.complete


@pytest.mark.root
@needs("unshare")
def test_another_file_system_is_said_and_left_out(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "mounted").mkdir()
    (tmp_path / "file").write_text("x")
    look = (
        "import os, sys; sys.path[:0] = sys.argv[2:]; "
        "from tests.preflight.test_walk import walked, paths; one, _ = walked(sys.argv[1]); print(paths(one), one.notes)"
    )
    script = 'mount -t tmpfs none "$1/mounted" && touch "$1/mounted/x" && shift && exec "$@"'
    source = [path for path in sys.path if path]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", tmp_path, sys.executable, "-c", look, tmp_path, *source],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "['file'] ['another file system: mounted']"


def test_deeper_than_any_path_is_said(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(40):
            os.mkdir("x" * 200, dir_fd=descriptor)
            below = os.open("x" * 200, os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        one, _ = walked(tmp_path)
        assert len(one.notes) == 1
        assert one.notes[0].startswith("deeper than any path can name: below xxx")
        assert one.complete
    finally:
        os.close(descriptor)
        shutil.rmtree(tmp_path)


def test_so_many_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_FILES", 10)
    for number in range(20):
        (tmp_path / str(number)).write_text("x")
    one, _ = walked(tmp_path)
    assert len(one.files) == 10
    assert one.notes == ["more than 10 files: the rest was not looked at"]
    assert not one.complete


def test_a_walk_without_time_says_that_it_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, _ = walked(tmp_path, deadline=0.0)
    assert not one.complete


def test_a_directory_that_moves_away_during_the_walk_ends_it(tmp_path: Path) -> None:
    (tmp_path / "repo/a/b").mkdir(parents=True)
    (tmp_path / "repo/a/b/file").write_text("x")
    moved = False

    def tick(_: int) -> None:
        nonlocal moved
        if not moved and os.path.exists(tmp_path / "repo/a/b"):
            moved = True
            os.rename(tmp_path / "repo/a", tmp_path / "away")

    descriptor = os.open(tmp_path / "repo", os.O_RDONLY)
    try:
        one = Walk(descriptor, str(tmp_path / "repo"), Collection())
        one.run(tick)
    finally:
        os.close(descriptor)
    assert not one.complete
    assert one.notes == ["a directory was moved while it was being read: the scan stopped there"]


def test_an_identity_goes_with_the_path_and_with_every_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    first = walk.identity("file", os.lstat(file))
    assert walk.identity("file", os.lstat(file)) == first
    assert walk.identity("other", os.lstat(file)) != first
    times = os.lstat(file)
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert walk.identity("file", os.lstat(file)) != first


NAMES = st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_")).filter(
    lambda raw: raw not in (b".", b"..")
)  # fmt: skip


@given(st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=8))
def test_every_file_of_any_tree_is_met_once_whatever_it_is_called(
    tmp_path_factory: pytest.TempPathFactory, trees: list[list[bytes]]
) -> None:
    root = os.fsencode(tmp_path_factory.mktemp("names"))
    made = set()
    for parts in trees:
        path = os.path.join(root, *parts)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(b"x")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        made.add(os.fsdecode(b"/".join(parts)))
    one, _ = walked(os.fsdecode(root))  # type: ignore[arg-type]
    inside_git = {path for path in made if ".git" in path.split("/")}
    assert set(paths(one)) | inside_git == made
    assert len(paths(one)) == len(set(paths(one)))
