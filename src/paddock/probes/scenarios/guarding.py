"""The gateway while it serves: how much it lets be said by names, what its process has given up, how much memory a
sandbox can make it take, what it lets pass once that is denied, whom it outlives.

It reads all that a sandbox sends. Whoever gets hold of it from inside should have got hold of little.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.probes.planting.attending import Attending
from paddock.probes.planting.sockets import own_address
from paddock.probes.scenarios import gateway, living, own_policy
from paddock.probes.scenarios.gateway import HOST, PYTHON
from paddock.probes.scenarios.network import DOOR, gateway_of, wish
from paddock.probes.scenarios.processes import GROUPS, status, with_groups
from paddock.probes.scenarios.scene import by_engine, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.scenarios.scene import Findings, Scene
    from paddock.process import Started

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
# The service by the word for this machine, and by an address of its: of that one the rule alone says where it leads.
_POLICY = """
[network]
mode = "allow"
allow = [
  {{ host = "{host}", port = {port}, raw = false }},
  {{ host = "{address}", port = {port}, raw = false, private = true }},
]
"""
# Asks once, since a gateway that answers has read all of its own. Then sends what each line says, until it is cut off.
_SENDS = """
import socket, sys
host, address, port, size, piece = *sys.argv[1:3], *map(int, sys.argv[3:]), b"a" * 65536
chunks = "Transfer-Encoding: chunked\\r\\n"
endless = {"size": chunks, "fields": chunks + "\\r\\n0"}
def connect(place): open_ones.append(socket.create_connection((place, port), timeout=5))
def ask(ours, word, place=host):
    method = "POST" if word in endless else "GET"
    said = "%s /%s HTTP/1.1\\r\\nHost: %s:%d\\r\\n%s\\r\\n" % (method, word, place, port, endless.get(word, ""))
    ours.sendall(said.encode())
open_ones = []
connect(host)
ask(open_ones[0], "begin")
open_ones[0].recv(1)
print("serves", flush=True)
for word in map(str.strip, sys.stdin):
    was_sent = False
    try:
        place = address if word == "again" else host
        if word != "kept": connect(place)
        ours = open_ones[0 if word == "kept" else -1]
        ask(ours, word, place)
        was_sent = True
        for _ in range(0, size if word in endless else 0, len(piece)): ours.sendall(piece)
        ours.settimeout(1)
        while ours.recv(65536): pass
    except OSError: pass
    print("sent" if was_sent else "not sent", flush=True)
"""
_ENDLESS = {"size": "a chunk's size", "fields": "the fields behind chunks", "head": "the head of an answer"}
_AFTER = {"kept": "a connection from before", "again": "a new one"}
_SENT, _MOST_GROWN = 4 << 20, 2 << 20  # bytes
_PATIENCE_S = 5
_LONG_S = 60  # for the gateway's answer, on a busy machine
# Whoever makes a user namespace has all rights over it (user_namespaces(7)), and may look there into a process that is
# closed to them elsewhere. A mount shows whether these are given: Ubuntu gives them to few programs.
_OWN = """
unshare --user --map-current-user --mount true 2>/dev/null && exec unshare --user --map-current-user "$@"
exec "$@"
"""


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


@scenario(
    "NW-31 denied-meanwhile", "NW-47 gateway-has-given-up", "NW-47 gateway-memory", "NW-47 gateway-ends-with-paddock"
)
def process(scene: Scene) -> Findings:
    """The host looks at it, lets it be sent what has no end, denies its service, and kills its Paddock."""
    gateway.require(scene)
    with _Service() as service:
        address, name = own_address(), f"probe-{scene.ground.mark}"
        own_policy.put(scene, _POLICY.format(host=HOST, address=address, port=service.port))
        sends = (*PYTHON, _SENDS, HOST, address, str(service.port), str(_SENT))
        started = scene.start(*sends, word="serves", flags=("--name", name), through=_within_sight(scene))
        serving = gateway_of(started.pid)
        kept = list(_kept(serving, started.pid))
        grown = list(_grown(started, serving))
        for host in (HOST, address):
            _deny(scene, name, host)
        for word in _AFTER:
            _send(started, word)
        passed = [f"reached the service by {way}" for word, way in _AFTER.items() if service.has_heard(word)]
    helpers = living.below(serving)
    for helper in helpers:
        scene.ground.undo.callback(_end, os.pidfd_open(helper))
    os.kill(started.pid, signal.SIGKILL)
    started.wait(5)
    return {
        "NW-31 denied-meanwhile": passed,
        "NW-47 gateway-has-given-up": kept,
        "NW-47 gateway-memory": grown,
        "NW-47 gateway-ends-with-paddock": living.gone(scene, helpers),
    }


class _Service:
    """Answers `/begin`, and `/head` with a head that does not end; to others it listens, until the end of `with`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("", 0))
        self._open: list[socket.socket] = []
        self._heard = b""
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> _Service:  # noqa: PYI034 - typing.Self would have to be imported
        self._attending = Attending(self._listener, self._attend, _PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._attending.close()
        for one in self._open:
            one.close()

    def has_heard(self, word: str) -> bool:
        """Whether somebody has asked for that until now, on whatever connection."""
        for one in self._open:
            with suppress(OSError):
                self._heard += one.recv(1 << 16, socket.MSG_DONTWAIT)
        return b"GET /%s " % word.encode() in self._heard

    def _attend(self, client: socket.socket) -> None:
        self._open.append(client.dup())
        asked, piece = client.recv(1 << 16), b"a" * (1 << 16)
        self._heard += asked
        if asked.startswith(b"GET /begin"):
            client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif asked.startswith(b"GET /head"):
            client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(0, _SENT, len(piece)):
                client.sendall(piece)


def _within_sight(scene: Scene) -> tuple[str, ...]:
    """Words before a command whose processes are to be looked at."""
    # The ids of a rootless container come by newuidmap(1), which knows the machine's own user namespace only.
    is_fixed = scene.plan is not None and by_engine(scene.plan)
    return with_groups() if os.geteuid() == 0 or is_fixed else ("/bin/sh", "-c", _OWN, "sh")


def _deny(scene: Scene, name: str, host: str) -> None:
    """Deny a host in a live sandbox, as `paddock net deny` does. Raises PaddockError where that is not heard."""
    directory = os.open(f"{scene.ground.environ['XDG_RUNTIME_DIR']}/paddock/live/{name}", os.O_PATH | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX) as ours:
            ours.settimeout(_LONG_S)
            ours.connect(f"/proc/self/fd/{directory}/{DOOR}")  # its own path may be too long for sun_path (unix(7))
            ours.sendall(wish(host).encode() + b"\n")
            said = ours.recv(1 << 16)
    finally:
        os.close(directory)
    if not said.startswith(b'{"schema"'):
        raise PaddockError(f"the gateway did not do what it was asked: {said[:300].decode(errors='replace')}")


def _grown(started: Started, pid: int) -> Iterator[str]:
    """How much memory the gateway took for what has no end. Its part of a file that others have too is not counted."""
    for word, what in _ENDLESS.items():
        before = _memory(pid)
        if not _send(started, word):
            raise PaddockError(f"the sandbox could not send {what}")
        grown = _memory(pid) - before
        yield from [f"took {grown >> 10} KiB of memory for {what}"] if grown > _MOST_GROWN else []


def _send(started: Started, word: str) -> bool:
    """Whether it was sent, and perhaps cut off then. Raises PaddockError where nobody is there to send it."""
    started.write(f"{word}\n".encode())
    said = started.read_line()
    if not said:
        raise PaddockError("the sandbox has ended before it was sent all of this")
    return said == b"sent\n"


def _memory(pid: int) -> int:
    """In bytes."""
    return int(status(pid)["RssAnon"].split()[0]) << 10


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
    with suppress(PermissionError):  # where it is closed to us, as it should be to all others
        yield from ["the caller's directory"] if os.readlink(f"/proc/{pid}/cwd") != "/" else []
    yield from (f"{name} {facts[name]}" for name in ("CapPrm", "CapEff") if int(facts[name], 16))
    yield from [] if facts["NoNewPrivs"] == _BOUND else ["set-user-ID programs"]
    yield from [] if facts["Seccomp"] == _FILTERED else ["all system calls"]
    yield from ["the caller's session"] if os.getsid(pid) == os.getsid(paddock) else []
    # What may be read by others of the same user belongs to that user (proc(5), /proc/PID).
    yield from ["memory that the person's other programs can read"] if os.stat(f"/proc/{pid}/mem").st_uid == uid else []
