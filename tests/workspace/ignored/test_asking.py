from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import store
from paddock.workspace.ignored import layers
from paddock.workspace.ignored.asking import gather
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground, install, write
from tests.workspace.overlays import fingerprint, tree

pytestmark = needs("overlay", "git")


def files(root: str) -> set[str]:
    return {os.fsdecode(path) for path, node in tree(root).items() if node.kind != "directory"}


def test_what_is_asked_for_is_a_change_set_as_any_other(ground: Ground) -> None:
    ground.run(lambda inside: (install(inside, "one", "two"), write(inside / "dist/app.js", "app")))
    before = fingerprint(ground.home)
    asked = gather(ground.path, ["node_modules/one", "dist"])
    assert ground.changed() == {"node_modules", "node_modules/one", "node_modules/one/index.js", "dist", "dist/app.js"}
    assert ground.lab.held == asked
    assert ground.lab.apply().problems == ()
    assert files(ground.path) >= {"node_modules/one/index.js", "dist/app.js"}
    assert "node_modules/two/index.js" not in files(ground.path)
    assert fingerprint(ground.home) == before, "nobody writes in a layer"
    assert ground.lab.is_empty


def test_it_stays_for_review_until_somebody_decides(ground: Ground) -> None:
    """A change set that a person asked for is not emptied again because git ignores what is in it."""
    ground.run(lambda inside: install(inside, "one"))
    asked = gather(ground.path, ["node_modules"], name="asked")
    store.recover(asked)
    store.unlock(store.lock(asked))
    assert "node_modules/one/index.js" in ground.changed()


def test_deletions_are_asked_for_too_and_hidden_files_with_them(ground: Ground) -> None:
    install(Path(ground.path), "host", "old")
    before = {"node_modules/host/index.js", "node_modules/old/index.js", "node_modules/.bin/tool"}
    ground.run(lambda inside: (inside / "node_modules/old/index.js").unlink(), name="a")
    gather(ground.path, ["node_modules/old"], name="b")
    assert {change.path: change.kind for change in ground.lab.changes()} == {"node_modules/old/index.js": "deleted"}
    assert before <= files(ground.path)
    ground.run(lambda inside: install(inside, "new"), name="c")
    gather(ground.path, ["node_modules"], name="d")
    kinds = {
        change.path: change.kind
        for change in ground.lab.changes()
        if not stat.S_ISDIR(change.new_mode or change.old_mode)
    }
    assert kinds["node_modules/new/index.js"] in ("added", "renamed")
    assert {path for path, kind in kinds.items() if kind == "deleted"} | set(before) >= {"node_modules/host/index.js"}


def test_several_layers_are_seen_as_one(ground: Ground) -> None:
    ground.run(lambda inside: (install(inside, "one", "two"), write(inside / "dist/a/old")))
    held = layers.hold(ground.path, os.stat(ground.path))
    assert held, "as a sandbox would, that has them mounted"

    def later(inside: Path) -> None:
        write(inside / "node_modules/one/index.js", "newer")
        (inside / "node_modules/two/index.js").unlink()
        shutil.rmtree(inside / "dist/a")
        write(inside / "dist/a/new")
        (inside / "dist/a/new").chmod(0o000)
        (inside / "dist/a").chmod(0o555)

    ground.run(later)
    assert len(ground.layers()) == 2
    before = fingerprint(ground.home)
    asked = gather(ground.path, ["node_modules", "dist/a"], name="asked")
    held.close()
    assert files(asked.upper) == {
        "node_modules/one/index.js", "node_modules/two/index.js", "node_modules/.bin/tool", "dist/a/new"
    }  # fmt: skip
    assert stat.S_ISCHR(os.lstat(f"{asked.upper}/node_modules/two/index.js").st_mode)
    assert Path(asked.upper, "node_modules/one/index.js").read_text() == "newer"
    assert stat.S_IMODE(os.lstat(f"{asked.upper}/dist/a/new").st_mode) == 0
    assert fingerprint(ground.home) == before


def test_links_come_as_links(ground: Ground) -> None:
    def work(inside: Path) -> None:
        (inside / "dist").symlink_to("/etc")

    ground.run(work)
    gather(ground.path, ["dist"])
    (change,) = ground.lab.changes()
    assert (change.path, change.held) == ("dist", "link")
    assert files(ground.home) == {"00000001/dist", "meta"} | ({"rules"} & files(ground.home))


@pytest.mark.parametrize(
    "path", ["src/main.py", "missing", "node_modules/one/index.js/x", "../node_modules", "node_modules/.."]
)
def test_what_is_not_kept_cannot_be_asked_for(ground: Ground, path: str) -> None:
    with pytest.raises(WorkspaceError, match="no ignored files are kept"):
        gather(ground.path, [path])
    ground.run(lambda inside: install(inside, "one"))
    with pytest.raises(WorkspaceError, match="no ignored file is kept at"):
        gather(ground.path, ["node_modules", path])
    assert ground.lab.is_empty, "all or nothing"
