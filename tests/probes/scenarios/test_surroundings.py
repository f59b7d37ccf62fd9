"""That the surroundings are what they say, for the command that is in them and for nobody else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from paddock.probes.scenarios import surroundings
from paddock.probes.scenarios.scene import Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from paddock.probes.planting.ground import Ground

pytestmark = needs("git")

_MOUNT = 'mkdir -p there && mount -t tmpfs none there && echo "$0" > there/seen;'
_FACTS = "cat there/seen; id -u; grep -h -e CapEff -e CapPrm -e CapAmb -e CapInh /proc/self/status"
_HOLD = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x44, 0x4, 0x40):
    libc.syscall(429, -1, b"", -1, b"", flags)
    print(errno.errorcode[ctypes.get_errno()])
"""


@needs("bubblewrap")
def test_a_command_sees_what_was_mounted_as_who_it_is_and_nobody_else_does(ground: Ground) -> None:
    scene = Scene(ground, ())
    said = scene.play(_FACTS, through=surroundings.with_mounts(scene, _MOUNT, "a word")).splitlines()
    assert said[:2] == ["a word", str(os.geteuid())]
    if os.geteuid():
        assert [int(line.split()[1], 16) for line in said[2:]] == [0, 0, 0, 0]
    assert os.listdir(f"{ground.repo}/there") == []


def test_a_script_that_fails_gives_no_surroundings(ground: Ground) -> None:
    assert surroundings.with_mounts(Scene(ground, ()), "mount -t tmpfs none nowhere;", "x") == ()


@needs("bubblewrap")
def test_behind_the_filter_nobody_mounts_on_a_place_that_is_open(ground: Ground) -> None:
    """With descriptors that are none: who may mount at all is told that."""
    owner = (surroundings._UNSHARE, "--mount", *(("--user", "--map-root-user") if os.geteuid() else ()))
    said, plain = (
        Scene(ground, ()).host(*owner, *words, sys.executable, "-I", "-c", _HOLD).stdout.decode().split()
        for words in (surroundings.without_holding(), ())
    )
    assert plain == ["EBADF", "ENOENT", "EBADF"]
    assert said == ["EPERM", "ENOENT", "EPERM"]
