"""A network of the probe's own, in which a name server and a listener of ours are all that there is outside.

`python -m paddock.probes.scenarios.world WISHES` makes a network namespace with the addresses on its loopback that are
to be this machine's own, and one behind a veth pair, where metadata services, private networks and all others are. It
lets the machine's resolver ask our name server, runs a command there, and prints what was asked and what arrived. So a
sandbox can be attacked by names that lead to such addresses, and nobody real is asked or reached, whatever passes.

Root needs no user namespace for that; everybody else gets one, where the machine lets them.
"""

from __future__ import annotations

import os
import socket
import sys

from paddock import process
from paddock.frozen import frozen
from paddock.kernel import libc, mounts, netlink
from paddock.kernel.namespaces import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import by_engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from paddock.probes.scenarios.scene import Scene

_FILES = {
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:10 attempts:1\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}
_UNABLE = 125
# The interfaces to what is beyond this machine, and the machine's addresses there.
_HERE, _BEYOND = "here", "beyond"
_OUR_ADDRESSES = ("192.0.2.2", "2001:db8::2")


@frozen
class Found:
    """What was asked of our name server, what arrived at our listener, and how the command ended."""

    asked: tuple[str, ...]
    arrived: tuple[bytes, ...]
    status: int
    stdout: bytes
    stderr: bytes


def visit(
    scene: Scene, command: Sequence[str], names: Mapping[str, str], port: int, beyond: Iterable[str] = ()
) -> Found:
    """Run a command in such a network, as the made-up person. `names` lead to addresses, at which `port` is open.

    Those `beyond` are not the machine's own, and lie on the other side of a network interface of its. Raises Skipped
    where there can be none.
    """
    import base64
    import json

    _refuse_engine(scene)
    places = {"names": names, "port": port, "beyond": list(beyond)}
    wishes = json.dumps({**places, "command": command, "directory": scene.ground.base})
    done = scene.host(sys.executable, "-I", "-m", __name__, wishes, timeout_s=90)
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
    if by_engine(scene.plan):
        raise Skipped("a container of an ordinary user's cannot be made in a network of the probe's own")


def main(text: str) -> None:
    """Be the network that the text wishes, run its command, print."""
    import base64
    import json

    from paddock.probes.scenarios.outside import Outside

    wishes: dict[str, Any] = json.loads(text)
    try:
        _enter(wishes["directory"])
        listeners = [*_behind(wishes["beyond"], wishes["port"]), socket.create_server(("", wishes["port"]))]
        for address in set(wishes["names"].values()).difference(wishes["beyond"]):
            netlink.add_address(address, "lo")
        outside = Outside(wishes["names"], listeners)
    except OSError as error:
        sys.stderr.write(f"no network of its own can be made here: {error}\n")
        sys.exit(_UNABLE)
    done = process.run(wishes["command"], environment=os.environ, cwd=os.getcwd(), timeout_s=80)
    asked, arrived = outside.end()
    told = {
        "asked": asked,
        "arrived": [base64.b64encode(one).decode() for one in arrived],
        "status": done.status,
        "stdout": base64.b64encode(done.stdout).decode(),
        "stderr": base64.b64encode(done.stderr).decode(),
    }
    print(json.dumps(told))  # noqa: T201 - a program of its own


def _enter(directory: str) -> None:
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


def _behind(addresses: Sequence[str], port: int) -> Iterator[socket.socket]:
    """Put addresses into a network behind this one, and listen there. Raises OSError."""
    if not addresses:
        return
    # A socket belongs to the namespace that it was made in, whoever holds it.
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    libc.call("unshare", CLONE_NEWNET)
    netlink.add_pair(_BEYOND, _HERE, here)
    _connect(_BEYOND, addresses)
    yield socket.create_server(("", port), family=_families()[-1], dualstack_ipv6=len(_families()) > 1)
    libc.call("setns", here, CLONE_NEWNET)
    os.close(here)
    _connect(_HERE, _OUR_ADDRESSES)


def _connect(interface: str, addresses: Iterable[str]) -> None:
    netlink.bring_up(interface)
    for address in addresses:
        if ":" not in address or socket.AF_INET6 in _families():
            netlink.add_address(address, interface)
    for family in _families():
        netlink.add_default_route(family, interface)


def _families() -> list[socket.AddressFamily]:
    """A kernel may be without IPv6: then the names that lead there lead nowhere."""
    return [socket.AF_INET, *([socket.AF_INET6] if os.path.exists("/proc/net/if_inet6") else [])]


if __name__ == "__main__":
    main(sys.argv[1])
