"""A network of the probe's own, in which a name server and a listener of ours are all that there is outside.

`python -m paddock.probes.scenarios.world WISHES` makes a network namespace that has the addresses of metadata services
and private networks on its loopback, lets the machine's resolver ask our name server, runs a command there, and prints
what was asked and what arrived. So a sandbox can be attacked by names that lead to such addresses, and nobody real is
asked or reached, whatever the sandbox lets through.

Root needs no user namespace for that; everybody else gets one, where the machine lets them.
"""

from __future__ import annotations

import os
import sys

from paddock import process
from paddock.frozen import frozen
from paddock.kernel import libc, mounts, netlink
from paddock.kernel.namespaces import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER
from paddock.probes.inside.effects import Skipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from paddock.probes.scenarios.scene import Scene

_FILES = {
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}
_UNABLE = 125
_ENGINES = frozenset(["podman", "gvisor"])


@frozen
class Found:
    """What was asked of our name server, what arrived at our listener, and how the command ended."""

    asked: tuple[str, ...]
    arrived: tuple[bytes, ...]
    status: int
    stdout: bytes
    stderr: bytes


def visit(scene: Scene, command: Sequence[str], names: Mapping[str, str], port: int) -> Found:
    """Run a command in such a network, as the made-up person. `names` lead to addresses, at which `port` is open.

    Raises Skipped where there can be none.
    """
    import base64
    import json

    _refuse_engine(scene)
    wishes = json.dumps({"command": command, "names": names, "port": port, "directory": scene.ground.base})
    done = scene.host(sys.executable, "-I", "-m", __name__, wishes, timeout_s=40)
    if done.status == _UNABLE:
        raise Skipped(done.stderr.decode(errors="replace").strip()[-200:])
    told = json.loads(done.stdout)
    arrived = tuple(base64.b64decode(one) for one in told["arrived"])
    said = (base64.b64decode(told[name]) for name in ("stdout", "stderr"))
    return Found(tuple(told["asked"]), arrived, told["status"], *said)


def _refuse_engine(scene: Scene) -> None:
    """An ordinary user's engine maps a range of ids, which newuidmap(1) does in the machine's own namespace only."""
    if scene.plan is None or os.geteuid() == 0:
        return
    choice = scene.plan.boundary
    if scene.plan.image or {choice.use, choice.minimum} & _ENGINES:
        raise Skipped("a container of an ordinary user's cannot be made in a network of the probe's own")


def main(text: str) -> None:
    """Be the network that the text wishes, run its command, print."""
    import base64
    import json

    from paddock.probes.scenarios.outside import Outside

    wishes: dict[str, Any] = json.loads(text)
    try:
        _enter(wishes["names"].values(), wishes["directory"])
        outside = Outside(wishes["names"], wishes["port"])
    except OSError as error:
        sys.stderr.write(f"no network of its own can be made here: {error}\n")
        sys.exit(_UNABLE)
    done = process.run(wishes["command"], environment=os.environ, cwd=os.getcwd(), timeout_s=30)
    asked, arrived = outside.end()
    told = {
        "asked": asked,
        "arrived": [base64.b64encode(one).decode() for one in arrived],
        "status": done.status,
        "stdout": base64.b64encode(done.stdout).decode(),
        "stderr": base64.b64encode(done.stderr).decode(),
    }
    print(json.dumps(told))  # noqa: T201 - a program of its own


def _enter(addresses: Iterable[str], directory: str) -> None:
    """Make the namespaces and what is in them. Raises OSError."""
    uid, gid = os.getuid(), os.getgid()
    libc.call("unshare", CLONE_NEWNET | CLONE_NEWNS | (CLONE_NEWUSER if uid else 0))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    mounts.make_private("/")
    for place, text in _FILES.items():
        own = f"{directory}/{os.path.basename(place)}"
        with open(own, "w", encoding="ascii") as file:
            file.write(text)
        if os.path.exists(place):
            mounts.bind(own, os.path.realpath(place))
    netlink.bring_up("lo")
    for address in addresses:
        netlink.add_address(address, "lo")


if __name__ == "__main__":
    main(sys.argv[1])
