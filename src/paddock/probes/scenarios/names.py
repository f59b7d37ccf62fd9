"""Names that are looked up, in a network where a name server of ours says what was asked (`world`)."""

from __future__ import annotations

import secrets

from paddock.errors import PaddockError
from paddock.probes.scenarios import gateway, world
from paddock.probes.scenarios.gateway import HOST, PYTHON
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.probes.scenarios.scene import Findings, Scene
    from paddock.probes.scenarios.world import Found

_PORT = 8080
_ELSEWHERE = "192.0.2.53"
_SERVERS = ("127.0.0.1", "127.0.0.11", "127.0.0.53", _ELSEWHERE)
# Where an allowed name must not lead, and what is there. The listener is at all of them.
_PLACES = {
    "this machine": "127.0.0.1",
    "a metadata service": "169.254.169.254",
    "another metadata service": "100.100.100.200",
    "a private network": "10.77.0.1",
    "another private network": "192.168.77.1",
    "a carrier's network": "100.64.0.1",
}
_ASKS = """
import socket, struct, sys
name, looked_up, servers = sys.argv[1], sys.argv[2], set(sys.argv[3:])
try: socket.getaddrinfo(looked_up, 80)
except OSError: pass
try:
    with open("/etc/resolv.conf") as file:
        servers |= {line.split()[1] for line in file if line.startswith("nameserver ")}
except OSError: pass
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\\0" + struct.pack("!2H", 16, 1)
for server in sorted(servers):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            with socket.socket(socket.AF_INET, kind) as ours:
                ours.settimeout(0.5)
                ours.connect((server, 53))
                ours.sendall((b"" if kind == socket.SOCK_DGRAM else len(query).to_bytes(2, "big")) + query)
                ours.recv(100)
        except OSError: pass
print("done")
"""
_VISITS = """
import json, socket, sys
for name, port in json.loads(sys.argv[1]):
    try:
        with socket.create_connection((name, port), timeout=3) as ours:
            ours.sendall(b"GET /%s HTTP/1.1\\r\\nHost: %s:%d\\r\\n\\r\\n" % (name.encode(), name.encode(), port))
            ours.recv(100)
    except OSError: pass
print("done")
"""


@scenario("NW-12 dns-resolver", "NW-13 dns-by-hand")
def asked(scene: Scene) -> Findings:
    """With the system's own resolver, and by questions of our own making. A secret would be in the first label."""
    rows = {row: f"{secrets.token_hex(8)}.example.test" for row in ("NW-13 dns-by-hand", "NW-12 dns-resolver")}
    found = _visit(scene, [_ASKS, *rows.values(), *_SERVERS], {"known.example.test": _ELSEWHERE})
    return {row: ["reached a name server outside"] if name in found.asked else [] for row, name in rows.items()}


@scenario("NW-25 dns-rebind")
def rebound(scene: Scene) -> Sequence[str]:
    """Each name is allowed, and leads where the rule did not say that it may."""
    import json

    if not scene.bare:
        gateway.require(scene)
    names = {f"rebound-{number}.example.test": place for number, place in enumerate(_PLACES.values())}
    known = "localhost" if scene.bare else HOST  # of which nobody need be asked: it shows that something arrives
    places = [(known, _PORT), *((name, _PORT) for name in names)]
    flags = [word for name, port in places for word in ("--allow", f"{name}:{port}")]
    found = _visit(scene, [_VISITS, json.dumps(places)], names, () if scene.bare else flags)
    if not any(one.startswith(f"GET /{known} ".encode()) for one in found.arrived):
        raise PaddockError("what is allowed did not arrive")
    return [
        f"reached {what} by the name {name}"
        for what, name in zip(_PLACES, names, strict=True)
        if any(f"GET /{name} ".encode() in one for one in found.arrived)
    ]


def _visit(scene: Scene, words: Sequence[str], names: Mapping[str, str], flags: Sequence[str] = ()) -> Found:
    """Run a script under the sandbox in such a network. Raises PaddockError where it did not run."""
    found = world.visit(scene, scene.under((*PYTHON, *words), flags), names, _PORT)
    gateway.check(found.status, found.stdout, found.stderr)
    return found
