"""The pack through a pipe, for a sandbox that is there already: no file of ours has a place in it.

Python reads all of it from its standard input into memory files (memfd_create(2)) and starts from there. It is the
system's own Python by its absolute path: an agent may have put another one on PATH. In an image a shell looks for it.
"""

from __future__ import annotations

import os

from paddock.probes.pack import INSIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PYTHONS = ("/usr/bin", "/usr/local/bin", "/bin")
# Both memory files have the name under which the runner knows its own.
_BOOT = """\
import os, sys
paths = []
for size in sys.stdin.buffer.readline().split():
    content = sys.stdin.buffer.read(int(size))
    held = os.memfd_create("probes")
    with open(held, "wb", closefd=False) as file:
        file.write(content)
    paths.append("/proc/self/fd/%d" % held)
sys.argv[:] = paths
sys.path.insert(0, paths[0])
from paddock.probes.inside import runner
runner.main()
"""


def argv(python: str) -> tuple[str, ...]:
    """The program to start inside. `python` is its absolute path there."""
    return (python, "-I", "-S", "-B", "-c", _BOOT)


def argv_of_image() -> tuple[str, ...]:
    """The same where the programs are an image's own: its Python may be elsewhere than on this machine, or nowhere."""
    tries = "".join(f'[ -x {place}/python3 ] && exec {place}/python3 "$@"\n' for place in PYTHONS)
    return ("/bin/sh", "-c", f"{tries}echo 'there is no Python inside' >&2", "sh", *argv("")[1:])


def stream(packed: bytes, given: Mapping[str, object]) -> bytes:
    """What it is to read. Not to the end of a pipe, which in a broken sandbox the attacker itself may hold open."""
    import json

    told = json.dumps(given).encode()
    return b"%d %d\n" % (len(packed), len(told)) + packed + told


def modules(names: Iterable[str]) -> list[str]:
    """Those of the pack that hold these probes: the others, which are most, would only take time to compile."""
    wanted = [f'@row("{name}")'.encode() for name in names]
    found = []
    for file in sorted(os.listdir(INSIDE)):
        if file.endswith(".py"):
            with open(f"{INSIDE}/{file}", "rb") as opened:
                source = opened.read()
            found += [file.removesuffix(".py")] if any(row in source for row in wanted) else []
    return found
