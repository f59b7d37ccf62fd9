from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.descent import DIRECTORY, open_beneath
from paddock.workspace.git.merged import Merged
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.workspace.laboratory import Laboratory

pytestmark = needs("overlay")
PATHS = ("top", "d/one", "d/two", "d/deep/three", "other/four", "new/five")


def seen(lab: Laboratory, work: Callable[[Path], object]) -> dict[str, bytes | None]:
    """What a merged look gives for every path, which must be what a sandbox sees."""
    lab.write(
        g__top="host\n", g__d__one="host\n", g__d__two="host\n", g__d__deep__three="host\n", g__other__four="host\n"
    )
    truth: dict[str, bytes | None] = {}
    lab.run(lambda inside: work(inside / "g"))

    def look(inside: Path) -> bytes:
        return b"\0".join(_content(inside / "g" / path) or b"-" for path in PATHS)

    from tests.workspace.overlays import inside as within

    def read(merged: str) -> bytes:
        from pathlib import Path

        return look(Path(merged))

    truth = dict(zip(PATHS, within(lab.held, read).split(b"\0"), strict=True))
    with lab.trees() as (upper, lower):
        ours = open_beneath(upper, "g", DIRECTORY)
        theirs = open_beneath(lower, "g", DIRECTORY)
        merged = Merged(ours, theirs)
        found = {path: merged.read(path, 100) for path in PATHS}
        os.close(ours)
        os.close(theirs)
    assert {path: value or b"-" for path, value in found.items()} == truth
    return found


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def test_what_was_written_hides_what_the_host_has(lab: Laboratory) -> None:
    def work(git: Path) -> None:
        (git / "d/one").write_text("inside\n")
        (git / "new").mkdir()
        (git / "new/five").write_text("new\n")

    found = seen(lab, work)
    assert (found["d/one"], found["d/two"], found["new/five"]) == (b"inside\n", b"host\n", b"new\n")


def test_what_was_deleted_is_gone(lab: Laboratory) -> None:
    def work(git: Path) -> None:
        (git / "top").unlink()
        shutil.rmtree(git / "d/deep")

    found = seen(lab, work)
    assert (found["top"], found["d/deep/three"], found["d/one"]) == (None, None, b"host\n")


def test_a_directory_that_was_made_anew_hides_all_of_the_hosts(lab: Laboratory) -> None:
    def work(git: Path) -> None:
        shutil.rmtree(git / "d")
        (git / "d/deep").mkdir(parents=True)
        (git / "d/one").write_text("inside\n")

    found = seen(lab, work)
    assert (found["d/one"], found["d/two"], found["d/deep/three"]) == (b"inside\n", None, None)


def test_a_file_in_the_place_of_a_directory_hides_it(lab: Laboratory) -> None:
    def work(git: Path) -> None:
        shutil.rmtree(git / "d")
        (git / "d").write_text("a file now\n")

    assert seen(lab, work)["d/one"] is None


def test_links_and_large_files_are_refused_by_name(lab: Laboratory, tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for place in (upper, lower):
        place.mkdir()
    (upper / "link").symlink_to("/etc/passwd")
    (upper / "way").symlink_to("/etc")
    (upper / "large").write_text("x" * 101)
    with shelf.opened(str(upper)) as ours, shelf.opened(str(lower)) as theirs:
        merged = Merged(ours, theirs)
        assert merged.read("way/passwd", 10_000) is None
        for path in ("link", "large"):
            with pytest.raises(WorkspaceError, match="cannot be read"):
                merged.read(path, 100)
