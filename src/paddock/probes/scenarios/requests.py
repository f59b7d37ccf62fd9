"""Requests to an allowed service that a gateway must not pass on. Each is sent as it is; the service says what came.

The rule is one of ours, for TLS and HTTP, in the place of the person's own policy file. Without a sandbox the same
bytes go straight to the service, where all of them arrive.
"""

from __future__ import annotations

import base64
import ssl
import time
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.probes.planting.service import Service
from paddock.probes.scenarios import gateway, hellos
from paddock.probes.scenarios.gateway import HOST, LOOPBACK, PYTHON
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from paddock.probes.scenarios.scene import Findings, Scene

    Form = tuple[bytes, tuple[bytes, ...]]  # what is sent, and what it is known by

_FORMS = "forms.json"
# Sends each of the forms on a connection of its own, all at once. To the first and to the last there is an answer, or
# an end, however busy the machine is; to others there may be none, and they get a moment more.
_SENDER = """
import base64, json, select, socket, sys, time
with open(sys.argv[1]) as file:
    place, forms = json.load(file)
open_ones = []
for form in forms:
    try:
        ours = socket.create_connection(place, timeout=2)
        open_ones.append(ours)
        ours.sendall(base64.b64decode(form))
    except OSError: pass
for one in open_ones[:1] + open_ones[-1:]: select.select([one], [], [], 15)
waiting, until = list(open_ones), time.monotonic() + 0.5
while waiting and time.monotonic() < until:
    for one in select.select(waiting, [], [], 0.1)[0]:
        waiting.remove(one)
print("done")
"""
_BUDGET_BYTES, _HEADS_BYTES = 64 << 10, 4 << 10
_RANDOM = slice(11, 43)  # of a ClientHello in its record: no two have the same (RFC 8446, 4.1.2)
_MOST_OPEN, _RATE, _TRIED = 4, 1, 12
_CHUNKS = b"POST /chunks HTTP/1.1\r\nHost: AUTHORITY\r\nTransfer-Encoding: chunked\r\n\r\n"
_MALFORMED = {
    "two lengths": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length and chunks": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
    b"\r\n\r\n0\r\n\r\n",
    "chunks twice": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks misspelt": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nX: a\r\n b\r\n\r\n",
    "a space before the colon": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Length : 0\r\n\r\n",
    "a NUL in a header": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nX: a\0b\r\n\r\n",
    "a bare return in a header": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nX: a\rY: b\r\n\r\n",
    "a negative length": b"POST /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Length: -1\r\n\r\n",
    "HTTP/0.9": b"GET /MARK\r\n\r\n",
    "HTTP/2 without an upgrade": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n/MARK",
    "a fragment": b"GET /MARK#here HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "a method that shows a request to its sender": b"TRACE /MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /MARK HTTP/1.0\r\nHost: AUTHORITY\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Of these the head may arrive. The mark is behind what is wrong.
    "a chunk with another end": _CHUNKS + b"5\r\nhello--40\r\nMARK",
    "a NUL behind the chunks": _CHUNKS + b"0\r\nX: a\0b\r\nY: MARK\r\n\r\n",
    "fields without end behind the chunks": _CHUNKS + b"0\r\n" + b"X: %s\r\n" % (b"a" * 1000) * 40 + b"Y: MARK\r\n\r\n",
}
_MISNAMED = {
    "another Host": b"GET /MARK HTTP/1.1\r\nHost: other.example.test\r\n\r\n",
    "two Hosts": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nHost: other.example.test\r\n\r\n",
    "a target elsewhere": b"GET http://other.example.test/MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "a Host with a user": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY@other.example.test\r\n\r\n",
    "no Host": b"GET /MARK HTTP/1.1\r\n\r\n",
}
_UPGRADES = {
    "WebSocket": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n",
    "HTTP/2": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "TLS": b"OPTIONS /MARK HTTP/1.1\r\nHost: AUTHORITY\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
    "CONNECT": b"CONNECT AUTHORITY HTTP/1.1\r\nHost: AUTHORITY\r\nX-Upgrade: MARK\r\n\r\n",
}


_BEYOND = {
    "another method": b"POST /v1/MARK HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Length: 0\r\n\r\n",
    "a method in a header": b"GET /v1/MARK HTTP/1.1\r\nHost: AUTHORITY\r\nX-HTTP-Method-Override: DELETE\r\n\r\n",
    "a path in a header": b"GET /v1/MARK HTTP/1.1\r\nHost: AUTHORITY\r\nX-Original-URL: /other\r\n\r\n",
    "another path": b"GET /MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "a path in capitals": b"GET /V1/MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "dots": b"GET /v1/../MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "encoded dots": b"GET /v1/%2e%2e/MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "an encoded slash": b"GET /v1/..%2fMARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "a backslash": b"GET /v1/..\\MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "two slashes": b"GET //v1/MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
    "an encoded per cent": b"GET /v1/%252e%252e/MARK HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
}


class _Served:
    """An allowed service, by a rule of our own, and what was sent to it."""

    def __init__(self, scene: Scene, more: str = "raw = false", network: str = "") -> None:
        """Raises NotApplicable where there is no gateway."""
        if not scene.bare:
            gateway.require(scene)
        self._scene = scene
        self.service = Service()
        scene.ground.undo.callback(self.service.close)
        self.authority = f"{HOST}:{self.service.port}".encode()
        self.allowed = b"GET /allowed HTTP/1.1\r\nHost: %s\r\n\r\n" % self.authority
        rule = f'{{ host = "{HOST}", port = {self.service.port}, {more} }}'
        with open(f"{scene.ground.environ['XDG_CONFIG_HOME']}/paddock/policy.toml", "w", encoding="ascii") as file:
            file.write(f'[network]\nmode = "allow"\nallow = [{rule}]\n{network}')

    def send(self, forms: Iterable[bytes]) -> None:
        """Each on a connection of its own, from inside, and last a request that says nothing.

        Raises PaddockError where nothing was sent.
        """
        import json

        place = (LOOPBACK if self._scene.bare else HOST, self.service.port)
        encoded = [base64.b64encode(form).decode() for form in (*forms, self.allowed)]
        with open(f"{self._scene.ground.repo}/{_FORMS}", "w", encoding="ascii") as file:
            json.dump([place, encoded], file)
        done = self._scene.run(*PYTHON, _SENDER, _FORMS)
        gateway.check(done.status, done.stdout, done.stderr)

    def send_all(self, forms: Iterable[Form]) -> None:
        """Send the forms behind one request that is allowed. Raises PaddockError where not even that arrives."""
        sent = (form.replace(b"AUTHORITY", self.authority) for form, _ in forms)
        self.send((self.allowed, *sent))
        if not self.service.has_heard(b"GET /allowed"):
            raise PaddockError("what is allowed did not arrive")

    def has(self, form: Form) -> bool:
        """Whether that form came to the service: all that it is known by, on one connection."""
        return any(all(mark in one for mark in form[1]) for one in self.service.heard())

    def arrived(self, forms: Mapping[str, Form]) -> list[str]:
        """Which of the forms came to the service."""
        return [f"reached the service with {what}" for what, form in forms.items() if self.has(form)]


@scenario(
    "NW-17 host-header-mismatch",
    "NW-18 sni-mismatch",
    "NW-18 malformed-hello",
    "NW-18 records-without-end",
    "NW-32 http-smuggling",
    "NW-33 upgrades",
)
def requests(scene: Scene) -> Findings:
    """All of them in one run."""
    rows = {
        "NW-17 host-header-mismatch": _marked(_MISNAMED, "misnamed"),
        "NW-18 sni-mismatch": _beginnings(),
        "NW-18 malformed-hello": hellos.forms(HOST),
        "NW-18 records-without-end": hellos.endless(HOST),
        "NW-32 http-smuggling": _marked(_MALFORMED, "malformed"),
        "NW-33 upgrades": _marked(_UPGRADES, "tunnel", b"pgrade: "),
    }
    served = _Served(scene)
    known = (_beginning(HOST), hellos.well_formed(HOST))
    served.send_all([*(form for forms in rows.values() for form in forms.values()), *known])
    if not all(map(served.has, known)):
        raise PaddockError("the allowed name did not arrive by TLS")
    return {row: served.arrived(forms) for row, forms in rows.items()}


@scenario("NW-26 beyond-methods-and-paths")
def beyond(scene: Scene) -> Sequence[str]:
    """Requests that a rule with methods and paths does not let pass."""
    served = _Served(scene, 'raw = false, methods = ["GET"], paths = ["/allowed", "/v1/*"]')
    forms = _marked(_BEYOND, "beyond") | {"TLS that nobody reads": hellos.well_formed(HOST)}
    served.send_all(forms.values())
    return served.arrived(forms)


def _marked(forms: Mapping[str, bytes], word: str, *also: bytes) -> dict[str, Form]:
    """Each with a mark of its own. What must be there as well is `also`: an upgrade that was taken out is none."""
    known = {what: f"{word}-{number}-".encode() for number, what in enumerate(forms)}
    return {what: (form.replace(b"MARK", known[what]), (known[what], *also)) for what, form in forms.items()}


def _beginnings() -> dict[str, Form]:
    """TLS for another server: whoever gets its first words serves that name."""
    other = "other.example.test"
    known = f"{HOST}.".encode()
    without, (random,) = _beginning(f"{HOST}.{other}")
    return {
        "another server's name": _beginning(other),
        "no server's name": _beginning(""),
        "a NUL in the server's name": (without.replace(known, known[:-1] + b"\0"), (random,)),
        "words of HTTP before TLS": _behind(b"GET / HTTP/1.1\r\n", _beginning(other)),
    }


def _behind(words: bytes, form: Form) -> Form:
    return words + form[0], form[1]


def _beginning(server_name: str) -> Form:
    said = hello(server_name)
    return said, (said[_RANDOM],)


def hello(server_name: str) -> bytes:
    """The first words of a TLS client to that server; to nobody in particular where the name is empty."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(server_name)
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=server_name or None).do_handshake()
    return sent.read()


@scenario("NW-45 egress-volume")
def volume(scene: Scene) -> Sequence[str]:
    """In one request, in many, and in TLS that nobody reads."""
    served = _Served(scene, 'raw = false, upload = "64KiB"')
    head = b"POST /upload HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n"
    sizes = [_BUDGET_BYTES // 4, _BUDGET_BYTES * 8, *[_BUDGET_BYTES // 2] * 8]
    unread = hellos.followed(HOST, _BUDGET_BYTES * 8)
    served.send([*(head % (served.authority, size) + bytes(size) for size in sizes), unread])
    if not served.service.has_heard(b"/upload"):
        raise PaddockError("what is allowed did not arrive")
    sent = served.service.bytes_heard
    return [f"reached the service with {sent} bytes"] if sent > _BUDGET_BYTES + _HEADS_BYTES else []


@scenario("NW-45 open-connections")
def connections(scene: Scene) -> Sequence[str]:
    """More than the policy lets be open, all of which are kept open."""
    served = _Served(scene, network=f"connections = {_MOST_OPEN}\n")
    served.send([b"GET /kept HTTP/1.1\r\nHost: %s\r\n\r\n" % served.authority] * _TRIED)
    most = served.service.most_at_once
    if not most:
        raise PaddockError("what is allowed did not arrive")
    return [f"reached the service with {most} connections at once"] if most > _MOST_OPEN else []


@scenario("NW-45 connections-in-a-second")
def pace(scene: Scene) -> Sequence[str]:
    """Many at once, of both kinds, where the policy lets few be begun in a second."""
    served = _Served(scene, network=f"rate = {_RATE}\n")
    plain = [b"GET /begun HTTP/1.1\r\nHost: %s\r\n\r\n" % served.authority] * _TRIED
    begun_s = time.monotonic()
    served.send(plain + [hellos.well_formed(HOST)[0] for _ in plain])
    arrived = sum(1 for one in served.service.heard() if one)
    # What has rested may begin so many at once; then as many in each second, which all of this may have taken.
    allowed = _RATE * (1 + time.monotonic() - begun_s) + 1
    if not arrived:
        raise PaddockError("what is allowed did not arrive")
    return [f"reached the service with {arrived} connections where {allowed:.0f} are allowed"] * (arrived > allowed)
