"""Allowed names that lead where no name may lead, in a network where a name server of ours says so (`world`).

Behind an interface of that network is a listener at an address of every range that is no place on the internet, so that
each can be reached but for the gateway's judgement. And of one name the resolver's own library reads in a file where it
leads, if it is let: so it shows which files the gateway's process may read.
"""

from __future__ import annotations

import os
import secrets

from paddock.errors import PaddockError
from paddock.kernel import landlock
from paddock.probes.inside.effects import Skipped
from paddock.probes.planting.place import note
from paddock.probes.scenarios import gateway, own_policy, world
from paddock.probes.scenarios.gateway import PYTHON
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

_PORT = 8080
# AS112's anycast addresses: as public as any, and nobody's service.
_PUBLIC, _PUBLIC_TOO = "192.31.196.1", "192.175.48.1"
_NEIGHBOUR = "10.77.0.1"
_OURS = {
    "this machine": ("127.0.0.1", "0.0.0.0"),  # noqa: S104 - whoever connects to it is at home
    "this machine's public address": (_PUBLIC_TOO,),
    "this machine's private address": ("10.77.0.9",),
}
_NEIGHBOURS = {
    "a metadata service": ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
    "a private network": (_NEIGHBOUR, "172.16.77.1", "192.168.77.1", "100.64.77.1", "fd77::1"),
}
_NOWHERE = {
    "a link-local address": ("169.254.77.1", "fec0::77"),
    "an unspecified address": ("0.1.2.3",),
    "a network for tests": ("198.18.77.1", "2001:2::77"),
    "an address for documentation": ("192.0.2.77", "198.51.100.77", "203.0.113.77", "2001:db8::77", "3fff::77"),
    "a reserved address": (
        "192.0.0.77", "192.88.99.77", "240.0.0.77", "100::77", "64:ff9b:1::77", "5f00::77", "2001:1::77", "2001:4::77",
        "2001:8::77", "2001:10::77", "2001:20::77", "2001:40::77", "2001:80::77", "2001:100::77",
    ),
    "an address that nobody has": ("4000::77",),
    # Each has 10.77.0.1 in it: compatible, translated, NAT64, 6to4, Teredo.
    "a private network by a tunnel": (
        "::a4d:1", "::ffff:0:a4d:1", "64:ff9b::a4d:1", "2002:a4d:1::77", "2001::f5b2:fffe",
    ),
}  # fmt: skip
# Where no name leads, although its rule lets it lead to private networks.
_NEVER = {
    **{what: _NOWHERE[what] for what in ("a link-local address", "a network for tests", "a reserved address")},
    "a metadata service": (
        *_NEIGHBOURS["a metadata service"], "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fd00:a9fe:a9fe::1",
        "fd00:100::100:200",
    ),
    "a metadata service by a tunnel": (
        "::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::77", "2001::5601:5601",
    ),
}  # fmt: skip
_VISITS = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
port = int(sys.argv[2])
def visit(name):
    try:
        with socket.create_connection((name, port), timeout=20) as ours:
            ours.sendall(f"GET /{name} HTTP/1.1\\r\\nHost: {name}:{port}\\r\\n\\r\\n".encode())
            ours.recv(100)
    except OSError: pass
with ThreadPoolExecutor(8) as pool:
    list(pool.map(visit, json.loads(sys.argv[1])))
print("done")
"""
_ROWS = {
    "NW-25 dns-rebind": ("home", False, {**_OURS, **_NEIGHBOURS}),
    "NW-25 no-place-on-the-internet": ("nowhere", False, _NOWHERE),
    "NW-25 private-and-no-further": ("never", True, _NEVER),
}
# A name without a dot may have another one in the file that HOSTALIASES names (hostname(7)).
_READS, _SHORT, _IN_FILE = "NW-47 gateway-reads-no-files", "aliased", "found-in-a-file.example.test"


@scenario(*_ROWS, _READS)
def rebound(scene: Scene) -> Findings:
    """Each name is allowed, and leads where its rule did not say that it may."""
    import json

    if not scene.bare:
        gateway.require(scene)
    led = {name: (address, private) for _, name, _, address, private in _names()}
    led |= {"public.example.test": (_PUBLIC, False), "neighbour.example.test": (_NEIGHBOUR, True)}
    led[_SHORT] = ("", False)
    rules = (
        f'{{ host = "{name}", port = {_PORT}, raw = false, private = {str(private).lower()} }}'
        for name, (_, private) in led.items()
    )
    own_policy.put(scene, f'[network]\nmode = "allow"\nallow = [{", ".join(rules)}]\n')
    places = {name: address for name, (address, _) in led.items() if address}
    ours = {address for addresses in _OURS.values() for address in addresses}
    command = scene.under((*PYTHON, _VISITS, json.dumps(list(led)), str(_PORT)))
    told = ("/usr/bin/env", f"HOSTALIASES={_aliases(scene)}", *command)
    found = world.visit(scene, told, places, _PORT, set(places.values()) - ours)
    gateway.check(found.status, found.stdout, found.stderr)
    arrived = {one.split(b" ")[1][1:].decode() for one in found.arrived if one.startswith(b"GET /")}
    if not {"public.example.test", "neighbour.example.test"} <= arrived:
        raise PaddockError("what is allowed did not arrive")
    rows: dict[str, list[str]] = {row: [] for row in _ROWS}
    for row, name, what, address, _ in _names():
        rows[row] += [f"reached {what} at {address} by the name {name}"] if name in arrived else []
    return {**rows, _READS: _read(scene, found.asked)}


def _aliases(scene: Scene) -> str:
    """A file that says where one name leads. Everybody may read it, so that ids alone keep nobody from that."""
    path = f"/tmp/paddock-probe-{secrets.token_hex(8)}"  # noqa: S108 - the ground's own is closed to others
    note(scene.ground.base, [path])
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="ascii") as file:
        scene.ground.undo.callback(os.unlink, path)
        os.chmod(path, 0o644)  # whatever the umask says
        file.write(f"{_SHORT} {_IN_FILE}\n")
    return path


def _read(scene: Scene, asked: tuple[str, ...]) -> Finding:
    """Whether whoever asked for that name had read the file."""
    try:
        landlock.version()
    except OSError:
        if not scene.bare:
            return Skipped("this kernel has no Landlock, and the gateway reads what its ids let it read")
    if _IN_FILE in asked:
        return ["read a file that has nothing to do with names"]
    return [] if _SHORT in asked else Skipped("the name was not asked for")


def _names() -> Iterator[tuple[str, str, str, str, bool]]:
    """(row, name, what is there, its address, whether the rule lets the name lead to private networks)."""
    for row, (word, private, places) in _ROWS.items():
        pairs = ((what, address) for what, addresses in places.items() for address in addresses)
        for number, (what, address) in enumerate(pairs):
            yield row, f"{word}-{number}.example.test", what, address, private
