"""Whether a path is still held in a sandbox is asked of the kernel, also after the sandbox has ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import libc, mounts
from paddock.kernel.namespaces import CLONE_NEWNS, CLONE_NEWUSER
from paddock.workspace.live.mounted import Mounted, mount_point
from tests.capabilities import needs
from tests.workspace.live.trees import write

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD = ("sub/.envrc", ".vscode")


@pytest.fixture
def sandbox(repository: Path) -> Iterator[Mounted]:
    """A namespace in which HELD is mounted on itself, and of which nobody is left."""
    write(repository / "sub/.envrc")
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            uid, gid = os.geteuid(), os.getegid()
            libc.call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
            for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
                Path(f"/proc/self/{name}").write_text(text)
            root = os.open(repository, os.O_PATH | os.O_DIRECTORY)
            for path in HELD:
                mounts.cover(root, path, read_only=True)
            os.write(there, b"!")
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(here, 1) == b"!"
    made = Mounted(str(repository), HELD)
    opened = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("mnt", "user")]
    made.know(*opened)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    yield made
    for descriptor in (here, there, *opened):
        os.close(descriptor)


pytestmark = needs("userns")


def test_what_is_mounted_and_all_below_it_is_held(sandbox: Mounted) -> None:
    for path in ("sub/.envrc", ".vscode", ".vscode/settings.json", ".vscode/a/b"):
        assert sandbox.holds(path, ended=True), path
    for path in ("sub", "sub/other", "src/main.py", ".vscode2/x", ".envrc"):
        assert not sandbox.holds(path, ended=True), path


def test_a_file_that_the_host_replaced_is_held_no_more(sandbox: Mounted, repository: Path) -> None:
    write(repository / "sub/.envrc.new")
    (repository / "sub/.envrc.new").rename(repository / "sub/.envrc")
    assert not sandbox.holds("sub/.envrc", ended=True)
    assert sandbox.holds(".vscode/settings.json", ended=True)


def test_a_directory_that_the_host_made_again_is_held_no_more(sandbox: Mounted, repository: Path) -> None:
    for name in os.listdir(repository / ".vscode"):
        (repository / ".vscode" / name).unlink()
    (repository / ".vscode").rmdir()
    (repository / ".vscode").mkdir()
    assert not sandbox.holds(".vscode/settings.json", ended=True)


def test_what_takes_the_place_of_a_renamed_parent_is_not_held(sandbox: Mounted, repository: Path) -> None:
    (repository / "sub").rename(repository / "sub2")
    write(repository / "sub/.envrc")
    assert not sandbox.holds("sub/.envrc", ended=True)


def test_nothing_is_held_by_a_sandbox_that_is_not_known(repository: Path) -> None:
    made = Mounted(str(repository), HELD)
    assert not made.holds(".vscode/settings.json", ended=True)
    assert made.holds(".vscode/settings.json", ended=False)  # that is found out when it is over
    assert not made.holds("src/main.py", ended=False)


def test_nothing_is_held_where_the_kernel_does_not_answer(repository: Path) -> None:
    made = Mounted(str(repository), HELD)
    with open("/dev/null") as null:
        made.know(null.fileno(), null.fileno())
        assert not made.holds(".vscode/settings.json", ended=True)


def test_mount_points_are_read_as_the_kernel_writes_them() -> None:
    line = rb"36 35 98:0 /r /a\040b\134c\012d rw - ext4 /dev/x rw"
    assert mount_point(line) == b"/a b\\c\nd"
