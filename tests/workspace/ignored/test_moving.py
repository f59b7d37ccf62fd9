"""Two layers become one without anybody seeing a difference, whatever is in them."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from paddock.kernel import mounts
from paddock.workspace import removal, shelf
from paddock.workspace.ignored.moving import merge, move_over, move_under, see_through
from paddock.workspace.ignored.tree import DIRECTORY, NOTHING, OPAQUE, Tree
from tests.capabilities import needs
from tests.workspace.ignored.ground import write
from tests.workspace.operations import SEQUENCES, STARTS, perform
from tests.workspace.overlays import apart, tree

pytestmark = needs("overlay")


class Stack:
    """Host, two layers, and what they show together."""

    def __init__(self, base: Path) -> None:
        self.base = base
        for name in ("host", "bottom", "top", "work", "merged", "scrap"):
            (base / name).mkdir()

    def fill(self, layer: str, lowers: tuple[str, ...], work) -> bytes:
        """Let `work` write through an overlay, into a layer."""

        def task() -> bytes:
            work_directory = f"{self.base}/work/{layer}"
            os.mkdir(work_directory)
            merged = f"{self.base}/merged"
            mounts.overlay([f"{self.base}/{name}" for name in lowers], f"{self.base}/{layer}", work_directory, merged)
            returned = work(Path(merged))
            return returned if isinstance(returned, bytes) else b""

        return apart(str(self.base), task)

    def seen(self, *lowers: str) -> dict[bytes, object]:
        (self.base / "scrap").rmdir()
        (self.base / "scrap").mkdir()

        def task() -> bytes:
            mounts.overlay(
                [f"{self.base}/{name}" for name in lowers],
                f"{self.base}/scrap",
                f"{self.base}/work",
                f"{self.base}/merged",
            )
            return pickle.dumps(tree(f"{self.base}/merged"))

        shown: dict[bytes, object] = pickle.loads(apart(str(self.base), task))
        self._open_up()
        return shown

    def _open_up(self) -> None:
        for name in os.listdir(self.base / "work"):
            os.chmod(self.base / "work" / name, 0o700)

    def trees(self) -> tuple[Tree, Tree]:
        top, bottom = (os.open(self.base / name, os.O_RDONLY | os.O_DIRECTORY) for name in ("top", "bottom"))
        return Tree(top), Tree(bottom)


@pytest.fixture
def stack(lab) -> Stack:
    return Stack(lab.base)


def merged(stack: Stack) -> None:
    top, bottom = stack.trees()
    merge(top, bottom)
    for one in (top, bottom):
        one.close()
        os.close(one.root)
    with shelf.opened(str(stack.base)) as place:
        removal.remove(place, "top")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=STARTS, first=SEQUENCES, second=SEQUENCES)
def test_a_merge_changes_nothing_that_can_be_seen(lab, start, first, second) -> None:
    base = lab.base / "round"
    with shelf.opened(str(lab.base)) as place:
        removal.remove(place, "round")
    base.mkdir()
    stack = Stack(base)
    apart(str(base), lambda: perform(start, base / "host"))
    stack.fill("bottom", ("host",), lambda inside: perform(first, inside))
    stack.fill("top", ("bottom", "host"), lambda inside: perform(second, inside))
    before = stack.seen("top", "bottom", "host")
    merged(stack)
    assert stack.seen("bottom", "host") == before


def test_what_is_deleted_is_not_listed_though_its_directory_is_in_one_layer_only(stack: Stack) -> None:
    """overlayfs looks for deletion marks only where it expects them."""
    stack.fill("bottom", ("host",), lambda inside: (write(inside / "a/b/gone"), write(inside / "a/b/kept")))
    stack.fill("top", ("bottom", "host"), lambda inside: (inside / "a/b/gone").unlink())
    merged(stack)
    assert set(stack.seen("bottom", "host")) == {b"a", b"a/b", b"a/b/kept"}


def test_modes_that_keep_their_owner_out_are_there_again_afterwards(stack: Stack) -> None:
    def first(inside: Path) -> None:
        write(inside / "shut/inner/a", "a")
        write(inside / "moved/deep/b", "b")
        for path in ("shut/inner", "shut", "moved/deep", "moved"):
            (inside / path).chmod(0o555)

    def second(inside: Path) -> None:
        (inside / "shut").chmod(0o755)
        (inside / "shut/inner").chmod(0o755)
        write(inside / "shut/inner/c", "c")
        (inside / "shut/inner").chmod(0o000)
        (inside / "shut").chmod(0o500)

    stack.fill("bottom", ("host",), first)
    stack.fill("top", ("bottom", "host"), second)
    merged(stack)
    assert stat.S_IMODE((stack.base / "bottom/shut").stat().st_mode) == 0o500
    assert stat.S_IMODE((stack.base / "bottom/moved").stat().st_mode) == 0o555
    (stack.base / "bottom/shut").chmod(0o700)
    assert stat.S_IMODE((stack.base / "bottom/shut/inner").stat().st_mode) == 0
    (stack.base / "bottom/shut/inner").chmod(0o700)
    assert sorted(os.listdir(stack.base / "bottom/shut/inner")) == ["a", "c"]
    assert (stack.base / "bottom/moved/deep/b").read_text() == "b"


def test_two_trees_too_deep_to_be_opened_are_merged_as_far_as_they_can_be(stack: Stack) -> None:
    for name in ("top", "bottom"):
        place = os.open(stack.base / name, os.O_RDONLY)
        for _ in range(2500):
            os.mkdir("d", dir_fd=place)
            inner = os.open("d", os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
        os.close(place)
    write(stack.base / "top/d/d/file", "x")
    merged(stack)
    assert (stack.base / "bottom/d/d/file").read_text() == "x"


def test_a_path_moves_down_and_both_together_show_the_same(stack: Stack) -> None:
    stack.fill(
        "bottom", ("host",), lambda inside: (write(inside / "a/b/low", "low"), write(inside / "a/b/both", "low"))
    )
    stack.fill(
        "top", ("bottom", "host"), lambda inside: (write(inside / "a/b/both", "top"), write(inside / "a/b/top", "t"))
    )
    before = stack.seen("top", "bottom", "host")
    top, bottom = stack.trees()
    move_over(top, bottom, "a/b", top.root)
    assert stack.seen("top", "bottom", "host") == before
    assert sorted(os.listdir(stack.base / "bottom/a/b")) == ["both", "low", "top"]
    assert os.listdir(stack.base / "top/a") == []
    for one in (top, bottom):
        one.close()
        os.close(one.root)


def test_a_file_moves_up_unless_there_is_one_already(stack: Stack) -> None:
    stack.fill("bottom", ("host",), lambda inside: (write(inside / "a/low", "low"), write(inside / "a/both", "low")))
    stack.fill("top", ("bottom", "host"), lambda inside: write(inside / "a/both", "top"))
    before = stack.seen("top", "bottom", "host")
    top, bottom = stack.trees()
    for path in ("a/low", "a/both"):
        move_under(bottom, top, path, bottom.root)
    assert stack.seen("top", "bottom", "host") == before
    assert sorted(os.listdir(stack.base / "top/a")) == ["both", "low"]
    assert os.listdir(stack.base / "bottom/a") == []
    for one in (top, bottom):
        os.close(one.root)


def test_what_was_hidden_does_not_come_back(stack: Stack) -> None:
    stack.fill("bottom", ("host",), lambda inside: (write(inside / "a/file"), write(inside / "gone/file")))

    def second(inside: Path) -> None:
        shutil.rmtree(inside / "a")
        (inside / "a").mkdir()
        shutil.rmtree(inside / "gone")

    stack.fill("top", ("bottom", "host"), second)
    top, bottom = stack.trees()
    for path in ("a/file", "gone/file"):
        move_under(bottom, top, path, bottom.root)
        assert bottom.kind(path) == NOTHING
    assert os.listdir(stack.base / "top/a") == []
    for one in (top, bottom):
        os.close(one.root)


def test_to_see_through_a_directory_all_that_it_hid_is_marked(stack: Stack) -> None:
    host = stack.base / "host"
    for path in ("a/old", "a/both/old", "a/b/c/old"):
        write(host / path)

    def work(inside: Path) -> None:
        shutil.rmtree(inside / "a")
        write(inside / "a/both/new")
        write(inside / "a/b/c/x.pyc")

    stack.fill("top", ("host",), work)
    before = stack.seen("top", "host")
    top, bottom = stack.trees()
    lower = os.open(host, os.O_RDONLY)
    see_through(top, "a/b/c/x.pyc", [lower, bottom.root])
    assert stack.seen("top", "host") == before
    assert [top.kind(path) for path in ("a", "a/b", "a/b/c", "a/both")] == [DIRECTORY, DIRECTORY, DIRECTORY, OPAQUE]
    for descriptor in (top.root, bottom.root, lower):
        os.close(descriptor)
