"""A second process of the host, which the probes try to see, read, signal and change."""

from __future__ import annotations

import os
import sys

from paddock import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.planting.ground import Ground

_LOWERED = 77  # what a probe sets its limit on open files to
_SLOWED = 19  # and its priority
_HEARD = {"PK-03 signal-host": b"USR1", "PK-03 signal-by-descriptor": b"USR2"}


def plant(ground: Ground) -> None:
    """Start it. It holds the home open, as an editor would; and canaries wherever a process can."""
    import json
    import secrets

    from paddock.probes.pack import pack

    ground.pack = f"{ground.base}/victim.pack"
    with open(ground.pack, "wb") as file:
        file.write(pack())
    told = {
        "shm key": secrets.randbelow(1 << 30) + 1,
        "queue": f"/paddock-probe-{ground.mark}",
        "key name": f"paddock-probe-{ground.mark}",
    }
    wanted = {**told, "numbers": ground.given["numbers"], "canary": ground.canary(), "memory": ground.canary()}
    directory = os.open(ground.home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        started = process.start(
            (sys.executable, "-I", "-S", ground.pack, "--victim", ground.canary()),
            environment={"CANARY": ground.canary()},
            passed=(directory,),
        )
    finally:
        os.close(directory)
    ground.undo.callback(started.end)
    started.write(json.dumps(wanted).encode() + b"\n")
    said = json.loads(started.read_line())
    ground.victim = started
    about = {"planted": said["planted"], "key number": said["key number"]}
    ground.given |= told | about | {"victim": started.pid, "victim address": said["address"]}


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Whether it was signalled, limited or slowed."""
    heard = ground.victim.read_waiting().split()
    for name, word in _HEARD.items():
        if word in heard:
            yield name, "the host's process heard it"
    if os.getpriority(os.PRIO_PROCESS, ground.victim.pid) == _SLOWED:
        yield "RS-16 priority-of-host", "the host's process is slower"
    if _soft_limit(ground.victim.pid) == _LOWERED:
        yield "PK-03 prlimit-host", "the host's process is limited"


def _soft_limit(pid: int) -> int:
    import resource

    return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
