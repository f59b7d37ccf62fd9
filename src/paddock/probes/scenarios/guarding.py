"""The gateway while it serves: how much it lets be said by names, what its process has given up, whom it outlives.

It reads all that a sandbox sends. Whoever gets hold of it from inside should have got hold of little.
"""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.probes.scenarios import gateway, living
from paddock.probes.scenarios.gateway import PYTHON
from paddock.probes.scenarios.network import gateway_of
from paddock.probes.scenarios.processes import GROUPS, status, with_groups
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.scenarios.scene import Findings, Scene

_WILDCARD = "*.wild.example.test"
_MOST, _TRIED = 256, 300  # names of one wildcard in a session
_ASKS = """
import socket, sys
for name in sys.argv[1:]:
    try: print("found", socket.gethostbyname(name) and name)
    except OSError: pass
print("done", flush=True)
"""
_FILTERED, _BOUND = "2", "1"  # proc(5), Seccomp and NoNewPrivs


@scenario("NW-14 names-like-data", "NW-14 names-without-end")
def wildcards(scene: Scene) -> Findings:
    """Whoever owns a domain hears each of its names that is looked up: a secret in pieces, one in each."""
    gateway.require(scene)
    ordinary = [f"n{number}{_WILDCARD[1:]}" for number in range(_TRIED)]
    like_data = [f"{secrets.token_hex(20)}{_WILDCARD[1:]}", f"{'.'.join(secrets.token_hex(30))}{_WILDCARD[1:]}"]
    done = scene.run(*PYTHON, _ASKS, *like_data, *ordinary, flags=("--allow", f"{_WILDCARD}:443"))
    gateway.check(done.status, done.stdout, done.stderr)
    found = {line.removeprefix("found ") for line in done.stdout.decode().splitlines()}
    if ordinary[0] not in found:
        raise PaddockError("a name that is allowed was not found")
    known = found.intersection(ordinary)
    return {
        "NW-14 names-like-data": [f"reached {name}" for name in like_data if name in found],
        "NW-14 names-without-end": [f"reached {len(known)} names of one wildcard"] if len(known) > _MOST else [],
    }


@scenario("NW-47 gateway-has-given-up", "NW-47 gateway-ends-with-paddock")
def process(scene: Scene) -> Findings:
    """The host looks at it, and kills the Paddock that it belongs to."""
    gateway.require(scene)
    # An answer shows that it serves: until then it has its own modules to read.
    asks = (*PYTHON, f"{_ASKS}sys.stdin.read()", "asked.example.test")
    started = scene.start(*asks, word="done", through=with_groups())
    serving = gateway_of(started.pid)
    kept = list(_kept(serving, started.pid))
    helpers = living.below(serving)
    for helper in helpers:
        scene.ground.undo.callback(_end, os.pidfd_open(helper))
    os.kill(started.pid, signal.SIGKILL)
    started.wait(5)
    return {"NW-47 gateway-has-given-up": kept, "NW-47 gateway-ends-with-paddock": living.gone(scene, helpers)}


def _end(helper: int) -> None:
    """One that lives on was judged for that, and goes."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(helper, signal.SIGKILL)
    os.close(helper)


def _kept(pid: int, paddock: int) -> Iterator[str]:
    """What the gateway still has of what it needs no more."""
    facts = status(pid)
    uid = int(facts["Uid"].split()[0])
    if os.geteuid() == 0:
        yield from (f"{name} {facts[name]}" for name in ("Uid", "Gid") if "0" in facts[name].split())
        yield from ["the caller's groups"] if set(GROUPS).intersection(facts["Groups"].split()) else []
        yield from ["the caller's directory"] if os.readlink(f"/proc/{pid}/cwd") != "/" else []
    yield from (f"{name} {facts[name]}" for name in ("CapPrm", "CapEff") if int(facts[name], 16))
    yield from [] if facts["NoNewPrivs"] == _BOUND else ["set-user-ID programs"]
    yield from [] if facts["Seccomp"] == _FILTERED else ["all system calls"]
    yield from ["the caller's session"] if os.getsid(pid) == os.getsid(paddock) else []
    # What may be read by others of the same user belongs to that user (proc(5), /proc/PID).
    yield from ["memory that the person's other programs can read"] if os.stat(f"/proc/{pid}/mem").st_uid == uid else []
