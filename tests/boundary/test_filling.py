"""A private home with what an image has there, whatever whoever made the image put there."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.boundary.filling import fill
from paddock.kernel import libc, mounts
from tests.capabilities import needs
from tests.kernel.test_mounts import privately

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = needs("userns")
_BIND = 0x1000


def in_a_root(root: Path, task: Callable[[], object]) -> object:
    """With `root` as the root, in a mount namespace of one's own, and a file system in memory over /home/ann."""

    def inside() -> object:
        libc.call("mount", os.fsencode(root), os.fsencode(root), None, _BIND, None)
        os.chroot(root)
        os.chdir("/")
        libc.call("mount", b"tmpfs", b"/home/ann", b"tmpfs", 0, b"size=64k")
        return task()

    return privately(inside)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "home/ann").mkdir(parents=True)
    return made


def test_files_directories_and_links_are_copied_without_privileges(root: Path) -> None:
    home = root / "home/ann"
    (home / "deep/er").mkdir(parents=True)
    (home / "deep/er/text").write_text("text")
    (home / "tool").write_text("tool")
    (home / "tool").chmod(0o4755)
    (home / "away").symlink_to("/etc/shadow")
    os.mkfifo(home / "queue")

    def look() -> object:
        fill("/home/ann", os.geteuid())
        with open("/home/ann/deep/er/text") as file:
            text = file.read()
        mode = stat.S_IMODE(os.stat("/home/ann/tool").st_mode)
        return text, mode, os.readlink("/home/ann/away"), sorted(os.listdir("/home/ann"))

    assert in_a_root(root, look) == ("text", 0o755, "/etc/shadow", ["away", "deep", "tool"])


def test_a_home_that_is_a_link_leads_nowhere_but_into_the_image(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    (root / "home/ann/link").symlink_to(tmp_path / "outside")

    def look() -> object:
        fill("/home/ann", os.geteuid())
        return os.path.islink("/home/ann/link"), os.path.exists("/home/ann/link/secret")

    assert in_a_root(root, look) == (True, False)


def test_a_home_that_leads_to_the_stage_is_refused(root: Path) -> None:
    """There are the layers of the change set, beside what Paddock keeps of it; images choose what their home is called."""
    (root / "run/paddock-stage/0-layers").mkdir(parents=True)
    (root / "homes").symlink_to("/run/paddock-stage")
    (root / "home/ann/planted").write_text("x")

    def look() -> object:
        try:
            fill("/homes/0-layers", os.geteuid())
        except OSError as error:
            return error.strerror
        return ""

    assert "a link in the image" in str(in_a_root(root, look))
    assert list((root / "run/paddock-stage/0-layers").iterdir()) == []


def test_nothing_is_written_into_what_is_mounted_in_the_home(root: Path) -> None:
    """A directory of this machine's may be: the state of an agent."""
    (root / "home/ann/state").mkdir()
    (root / "home/ann/state/of-the-image").write_text("x")
    (root / "kept").mkdir()

    def look() -> object:
        os.mkdir("/home/ann/state")
        mounts.bind("/kept", "/home/ann/state")
        fill("/home/ann", os.geteuid())
        return os.listdir("/home/ann/state")

    assert in_a_root(root, look) == []
    assert list((root / "kept").iterdir()) == []


def test_more_than_fits_is_an_error(root: Path) -> None:
    with (root / "home/ann/huge").open("wb") as file:
        file.truncate(1 << 30)

    def look() -> object:
        try:
            fill("/home/ann", os.geteuid())
        except OSError as error:
            return error.errno
        return 0

    assert in_a_root(root, look) == 28  # ENOSPC
