from __future__ import annotations

import os
import shutil
from pathlib import Path

from paddock.workspace import overlaps, store
from tests.capabilities import needs

pytestmark = needs("overlay")


def write(path: Path, text: str = "changed") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def after(lab, *paths: str) -> dict[str, tuple[str, ...]]:
    return {found.name: found.paths for found in overlaps.after(store.find(str(lab.repository), "applied"), paths)}


def test_others_that_touch_the_same_paths_are_named(lab) -> None:
    lab.write(
        same="1",
        other="1",
        gone="1",
        dir__a="1",
        dir__b="1",
        deleted__x="1",
        anew__x="1",
        link__x="1",
    )
    lab.run(lambda inside: write(inside / "same"), name="applied")
    lab.run(lambda inside: (write(inside / "same"), write(inside / "dir/new")), name="both")
    lab.run(lambda inside: write(inside / "other"), name="none")

    def work(inside: Path) -> None:
        (inside / "gone").unlink()
        shutil.rmtree(inside / "deleted")
        shutil.rmtree(inside / "anew")
        write(inside / "anew/y")
        shutil.rmtree(inside / "link")
        (inside / "link").symlink_to("/etc")

    lab.run(work, name="radical")
    assert after(lab, "same") == {"both": ("same",)}
    assert after(lab, "dir", "dir/a", "dir/new") == {"both": ("dir/new",)}, (
        "two that add to a directory are in nobody's way"
    )
    radical = ("gone", "deleted", "deleted/x", "anew", "anew/x", "anew/new", "link/passwd")
    assert after(lab, *radical) == {"radical": radical}
    assert after(lab) == {}
    assert after(lab, "missing", "x" * 300, "a/" * 3000 + "a") == {}


def test_an_applied_deletion_of_a_directory_meets_those_who_changed_something_in_it(lab) -> None:
    lab.write(dir__a="1")
    lab.run(lambda inside: write(inside / "x"), name="applied")
    lab.run(lambda inside: write(inside / "dir/a"), name="other")
    assert after(lab, "dir") == {}
    shutil.rmtree(lab.repository / "dir")
    assert after(lab, "dir", "dir/a") == {"other": ("dir", "dir/a")}


def test_one_in_use_is_told_as_such_and_a_lost_one_is_left_out(lab) -> None:
    lab.write(same="1")
    for name in ("applied", "used", "lost"):
        lab.run(lambda inside: write(inside / "same"), name=name)
    used = store.claim(str(lab.repository), name="used")
    shutil.rmtree(store.find(str(lab.repository), "lost").upper)
    (found,) = overlaps.after(store.find(str(lab.repository), "applied"), ["same"])
    assert (found.name, found.paths, found.in_use) == ("used", ("same",), True)
    store.unlock(used)


def test_no_descriptor_is_left(lab) -> None:
    lab.write(same="1")
    for name in ("applied", "other"):
        lab.run(lambda inside: write(inside / "same"), name=name)
    before = os.listdir("/proc/self/fd")
    assert after(lab, "same", "missing/x") == {"other": ("same",)}
    assert os.listdir("/proc/self/fd") == before
