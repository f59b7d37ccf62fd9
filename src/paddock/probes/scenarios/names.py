"""Names that are looked up, in a network where a name server of ours says what was asked (`world`)."""

from __future__ import annotations

import secrets

from paddock.probes.scenarios import gateway, world
from paddock.probes.scenarios.gateway import PYTHON
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Findings, Scene

_PORT = 8080
_ELSEWHERE = "192.0.2.53"
_SERVERS = ("127.0.0.1", "127.0.0.11", "127.0.0.53", _ELSEWHERE)
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


@scenario("NW-12 dns-resolver", "NW-13 dns-by-hand")
def asked(scene: Scene) -> Findings:
    """With the system's own resolver, and by questions of our own making. A secret would be in the first label."""
    rows = {row: f"{secrets.token_hex(8)}.example.test" for row in ("NW-13 dns-by-hand", "NW-12 dns-resolver")}
    command = scene.under((*PYTHON, _ASKS, *rows.values(), *_SERVERS))
    found = world.visit(scene, command, {"known.example.test": _ELSEWHERE}, _PORT)
    gateway.check(found.status, found.stdout, found.stderr)
    return {row: ["reached a name server outside"] if name in found.asked else [] for row, name in rows.items()}
