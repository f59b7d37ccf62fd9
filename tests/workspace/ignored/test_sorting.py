from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from paddock.workspace import store
from paddock.workspace.discard import discard_all
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground, install, write
from tests.workspace.overlays import inside

pytestmark = needs("overlay", "git")

HOST = {".gitignore", "src/main.py", "package.json"}
INSTALLED = {"node_modules/one/index.js", "node_modules/two/index.js", "node_modules/.bin/tool"}


def test_the_next_sandbox_finds_what_git_ignores_and_the_change_set_does_not_have_it(ground: Ground) -> None:
    def work(inside: Path) -> None:
        install(inside, "one", "two")
        write(inside / "src/main.py", "changed\n")
        write(inside / "src/main.pyc")

    ground.run(work)
    assert ground.changed() == {"src/main.py"}
    assert ground.fresh() == HOST | INSTALLED | {"src/main.pyc"}
    assert set(ground.seen(name="other")) == HOST | INSTALLED | {"src/main.pyc"}
    assert os.listdir(ground.path) == os.listdir(ground.path)
    assert not os.path.exists(f"{ground.path}/node_modules")
    discard_all(ground.lab.held)
    assert ground.fresh() == HOST | INSTALLED | {"src/main.pyc"}


def test_a_session_that_only_installs_holds_nothing(ground: Ground) -> None:
    ground.run(lambda inside: install(inside, "one", "two"))
    assert ground.lab.is_empty
    assert ground.fresh() == HOST | INSTALLED


def test_what_changes_in_it_later_changes_for_all(ground: Ground) -> None:
    ground.run(lambda inside: install(inside, "one", "two"))

    def later(inside: Path) -> None:
        write(inside / "node_modules/one/index.js", "newer")
        (inside / "node_modules/two/index.js").unlink()
        write(inside / "node_modules/three/index.js")

    ground.run(later, fresh=True)
    seen = ground.seen(fresh=True)
    assert set(seen) == HOST | (INSTALLED - {"node_modules/two/index.js"}) | {"node_modules/three/index.js"}
    assert ground.changed() == set()
    ground.run(lambda inside: shutil.rmtree(inside / "node_modules"))
    assert ground.fresh() == HOST
    ground.run(lambda inside: install(inside, "four"))
    assert ground.fresh() == HOST | {"node_modules/four/index.js", "node_modules/.bin/tool"}
    assert len(ground.layers()) == 1


def test_over_the_hosts_own_installation_only_the_difference_is_kept(ground: Ground) -> None:
    install(Path(ground.path), "one", "two")

    def work(inside: Path) -> None:
        write(inside / "node_modules/one/index.js", "patched")
        (inside / "node_modules/two/index.js").unlink()

    ground.run(work)
    assert ground.lab.is_empty
    assert ground.layers() == [{"node_modules/one/index.js", "node_modules/two/index.js"}], "one of them a mark"
    assert ground.fresh() == HOST | INSTALLED - {"node_modules/two/index.js"}
    assert Path(ground.path, "node_modules/two/index.js").read_text() == "two"


def test_the_sandboxs_own_rules_hide_nothing(ground: Ground) -> None:
    def hostile(inside: Path) -> None:
        write(inside / ".gitignore", "*\n")
        write(inside / "src/.gitignore", "*\n")
        write(inside / ".git/info/exclude", "*\n")
        with open(inside / ".git/config", "a") as config:
            config.write("[core]\n\texcludesFile = /dev/stdin\n\tfsmonitor = touch /tmp/never\n")
        write(inside / "src/evil.py")
        write(inside / "src/main.py", "evil\n")
        write(inside / "src/evil.pyc")

    ground.run(hostile)
    assert {".gitignore", "src/.gitignore", "src/evil.py", "src/main.py"} <= ground.changed()
    assert "src/evil.pyc" not in ground.changed()
    assert ground.fresh() == HOST | {"src/evil.pyc"}


def test_tracked_files_are_never_ignored(ground: Ground) -> None:
    write(Path(ground.path, "dist/kept.js"), "of the host")
    write(Path(ground.path, "src/tracked.pyc"), "of the host")
    ground.git("add", "--force", "dist/kept.js", "src/tracked.pyc")

    def work(inside: Path) -> None:
        write(inside / "dist/kept.js", "changed")
        write(inside / "dist/new.js")
        write(inside / "src/tracked.pyc", "changed")

    ground.run(work)
    assert ground.changed() == {"dist/kept.js", "src/tracked.pyc"}
    assert ground.fresh() == HOST | {"dist/kept.js", "dist/new.js", "src/tracked.pyc"}
    assert ground.seen(fresh=True)["dist/kept.js"] != ground.seen()["dist/kept.js"]


def test_a_directory_that_only_the_change_set_has_keeps_its_ignored_files_to_itself(ground: Ground) -> None:
    def work(inside: Path) -> None:
        write(inside / "pkg/mod.py")
        write(inside / "pkg/mod.pyc")
        install(inside, "one", where="pkg/node_modules")

    ground.run(work)
    ignored = {"pkg/mod.pyc", "pkg/node_modules/one/index.js", "pkg/node_modules/.bin/tool"}
    assert ground.changed() == {"pkg", "pkg/mod.py"}
    assert ground.fresh() == HOST, "an empty `pkg` would be there otherwise"
    assert set(ground.seen()) == HOST | {"pkg/mod.py"} | ignored
    assert ground.lab.apply().problems == ()
    assert ground.lab.is_empty
    assert ground.fresh() == HOST | {"pkg/mod.py"} | ignored


def test_a_directory_that_was_replaced_still_hides_what_it_hid(ground: Ground) -> None:
    """An opaque directory would hide the layer that its ignored files go to."""
    ground.lab.write(src__old="old", src__deep__file="x")
    ground.commit()
    ground.run(lambda inside: write(inside / "src/earlier.pyc"), name="earlier")

    def work(inside: Path) -> None:
        shutil.rmtree(inside / "src")
        write(inside / "src/new.py", "new")
        write(inside / "src/new.pyc")
        write(inside / "src/deep/other", "another")

    ground.run(work, name="a")
    assert ground.changed() == {"src/new.py", "src/main.py", "src/old", "src/deep/file", "src/deep/other"}
    assert ground.fresh() - {"src/earlier.pyc"} == HOST | {"src/old", "src/deep/file", "src/new.pyc"}
    for _ in range(2):
        own = {".gitignore", "package.json", "src/new.py", "src/new.pyc", "src/deep/other"}
        assert set(ground.seen(name="a")) == own
    assert ground.fresh() == HOST | {"src/old", "src/deep/file", "src/new.pyc"}, "it deleted the earlier one, for all"


def test_what_is_ignored_no_longer_comes_back_for_review(ground: Ground) -> None:
    ground.run(lambda inside: (install(inside, "one", "two"), write(inside / "dist/app.js")))
    assert ground.changed() == set()
    ground.lab.write(**{".gitignore": "node_modules/\n"})
    ground.run()
    assert ground.changed() == {"dist", "dist/app.js"}
    assert ground.fresh() == HOST | INSTALLED
    assert set(ground.seen()) == HOST | INSTALLED | {"dist/app.js"}


def test_what_the_host_has_itself_by_now_counts_and_the_layers_copy_goes(ground: Ground) -> None:
    ground.run(lambda inside: (write(inside / "dist/app.js", "agent"), write(inside / "dist/more.js")))
    ground.lab.write(dist__app_js="", **{"dist__app.js": "host"})
    ground.git("add", "--force", "dist/app.js")
    seen = ground.seen(name="a")
    assert ground.layers() == [{"dist/more.js"}]
    assert "dist/app.js" in seen
    assert seen["dist/app.js"] == ground.seen(name="b")["dist/app.js"]
    assert ground.lab.is_empty


@pytest.mark.parametrize("kind", ["file", "nothing"])
def test_a_place_that_the_host_has_no_more_gives_nothing_away(ground: Ground, kind: str) -> None:
    ground.run(lambda inside: write(inside / "src/main.pyc"))
    shutil.rmtree(f"{ground.path}/src")
    if kind == "file":
        ground.lab.write(src="a file now")
    ground.commit()
    assert set(ground.seen(name="a")) == HOST - {"src/main.py"} | ({"src"} if kind == "file" else {"src/main.pyc"})
    assert ground.fresh() == HOST - {"src/main.py"} | ({"src"} if kind == "file" else set())


def test_modes_of_ignored_directories_are_kept_on_every_way(ground: Ground) -> None:
    write(Path(ground.path, "dist/host"))

    def work(inside: Path) -> None:
        write(inside / "dist/app.js")
        (inside / "dist").chmod(0o555)
        write(inside / "pkg/mod.py")
        write(inside / "pkg/node_modules/x")
        (inside / "pkg/node_modules").chmod(0o500)

    ground.run(work, name="a")
    for _ in range(2):
        change_set = store.claim(ground.path, name="a")
        assert inside(change_set, modes) == b"555 500"
        store.release(change_set)


def modes(merged: str) -> bytes:
    return b" ".join(b"%o" % (os.stat(f"{merged}/{path}").st_mode & 0o777) for path in ("dist", "pkg/node_modules"))
