"""The network of whole sandboxes: when its gateway dies, towards each other, from this machine, and on record."""

from __future__ import annotations

import os
import random
import signal
import socket
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.probes.planting.service import Service
from paddock.probes.planting.sockets import own_address
from paddock.probes.scenarios import gateway, own_policy
from paddock.probes.scenarios.gateway import HOST, LOOPBACK, PYTHON
from paddock.probes.scenarios.processes import status
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddock.probes.scenarios.scene import Findings, Scene
    from paddock.process import Started

DOOR = "gateway"  # the name of the gateway's socket in a live sandbox's directory (`gateway/control`)
_READY = "ready"
# Talks to the service until the connection ends, and then tries every way to it once more.
_AFTERWARDS = """
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
ours = socket.create_connection((host, port), timeout=20)
ours.sendall(b"GET /before HTTP/1.1\\r\\n\\r\\n")
print("ready" if ours.recv(100) else "", flush=True)
try:
    while ours.recv(100): pass
except OSError: pass
for place in (host, "127.0.0.1", "198.18.1.1", sys.argv[3]):
    try:
        with socket.create_connection((place, port), timeout=2) as again:
            again.sendall(b"GET /afterwards HTTP/1.1\\r\\n\\r\\n")
            again.recv(1)
    except OSError: pass
print("done", flush=True)
"""
# Listens at ports of all addresses and by an abstract name, and says a word to whoever comes.
_LISTENS = """
import select, socket, sys
open_ones = []
try:
    open_ones += [socket.create_server(("0.0.0.0", int(port))) for port in sys.argv[2:]]
    open_ones.append(socket.socket(socket.AF_UNIX))
    open_ones[-1].bind(b"\\0" + sys.argv[1].encode())
    open_ones[-1].listen()
except OSError: pass  # where nobody can listen, nobody is reached
print("ready", flush=True)
while ready := select.select(open_ones, [], [], 300)[0]:  # not for ever, where who attacks was killed
    for one in ready:
        with one.accept()[0] as client: client.sendall(sys.argv[1].encode())
"""
_CONNECTS = """
import socket, sys
word, port, *addresses = sys.argv[1:]
places = [(socket.AF_INET, (address, int(port))) for address in addresses]
for family, place in [*places, (socket.AF_UNIX, b"\\0" + word.encode())]:
    try:
        with socket.socket(family) as ours:
            ours.settimeout(2)
            ours.connect(place)
            if ours.recv(100) == word.encode(): print("reached", place, flush=True)
    except OSError: pass
print("done", flush=True)
"""
# Asks for one more rule, in the words of `paddock net allow`.
_ASKS = """
import os, socket, sys
for root in ("", "/proc/1/root", "/proc/self/root"):
    try:
        os.chdir(root + sys.argv[1])
        with socket.socket(socket.AF_UNIX) as ours:
            ours.settimeout(2)
            ours.connect(sys.argv[2])
            ours.sendall(sys.argv[3].encode() + b"\\n")
            if ours.recv(1000): print("answered", flush=True)
    except OSError: pass
print("done", flush=True)
"""
_REQUESTS = """
import socket, sys
port, times, owner = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for _ in range(times):
    with socket.create_connection(("host", port), timeout=20) as ours:
        ours.sendall(b"GET /counted HTTP/1.1\\r\\n\\r\\n")
        ours.recv(100)
for number in range(times):
    try: socket.gethostbyname("refused-%d.%s" % (number, owner))
    except OSError: pass
print("done", flush=True)
"""
_TIMES = 5
_FIRST_PORT, _TRIED_PORTS = 1024, 100
_TRIED = "tried.toml"


@scenario("NW-06 without-the-gateway")
def without_the_gateway(scene: Scene) -> Sequence[str]:
    """The gateway is killed while it serves."""
    gateway.require(scene)
    service = _serve(scene)
    started = scene.start(
        *PYTHON, _AFTERWARDS, HOST, str(service.port), own_address(),
        word=_READY, flags=("--allow", f"{HOST}:{service.port}"),
    )  # fmt: skip
    os.kill(gateway_of(started.pid), signal.SIGKILL)
    if b"done" not in _rest(started):
        raise PaddockError("the sandbox ended before anything was tried")
    return ["reached the service without a gateway"] if service.has_heard(b"/afterwards") else []


@scenario("NW-31 grants-from-inside")
def grants_from_inside(scene: Scene) -> Sequence[str]:
    """The sandbox asks its own gateway for a change, and the host asks the same way."""
    gateway.require(scene)
    name = f"probe-{scene.ground.mark}"
    place = f"{scene.ground.environ['XDG_RUNTIME_DIR']}/paddock/live/{name}"
    scene.start(
        *PYTHON, f"{_ASKS}sys.stdin.read()", place, DOOR, wish("inside.example.test"),
        word="done", flags=("--name", name, "--allow", f"{HOST}:9"),
    )  # fmt: skip
    scene.host(*PYTHON, _ASKS, place, DOOR, wish("outside.example.test"))
    denied = [one["host"] for one in scene.ask("net", "show", name)["denied"]]
    if "outside.example.test" not in denied:
        raise PaddockError("the gateway did not hear the host either")
    return ["wrote a rule of its own"] if "inside.example.test" in denied else []


@scenario("NW-34 sibling-sandbox", "NW-44 inbound-exposure")
def unpublished(scene: Scene) -> Findings:
    """One listens at a port that nobody published; another connects, and so does this machine."""
    word, port = f"probe-{scene.ground.mark}", free_port()
    scene.start(*PYTHON, _LISTENS, word, str(port), word=_READY)
    inbound = [f"reached {place}" for place in (LOOPBACK, own_address()) if _answers(place, port, word)]
    addresses = (LOOPBACK, own_address(), "198.18.0.1", "198.18.1.1")
    done = scene.run(*PYTHON, _CONNECTS, word, str(port), *addresses)
    gateway.check(done.status, done.stdout, done.stderr)
    sibling = done.stdout.decode(errors="replace").splitlines()[:-1]
    return {"NW-34 sibling-sandbox": sibling, "NW-44 inbound-exposure": inbound}


@scenario("NW-44 published-on-loopback-only")
def published_on_loopback(scene: Scene) -> Sequence[str]:
    """From this machine's own address to a port that was published."""
    if scene.plan and scene.plan.boundary.use == "landlock":
        raise NotApplicable("Landlock publishes no ports")
    word, port = f"probe-{scene.ground.mark}", free_port()
    flags = () if scene.bare else ("--publish", str(port))
    scene.start(*PYTHON, _LISTENS, word, str(port), word=_READY, flags=flags)
    if not _answers(LOOPBACK, port, word):
        raise PaddockError("the published port does not answer")
    return [f"reached {own_address()}"] if _answers(own_address(), port, word) else []


@scenario("NW-44 published-ports")
def published(scene: Scene) -> Sequence[str]:
    """What the policy itself publishes."""
    ports = scene.plan.network.published if scene.plan else ()
    if not ports:
        raise NotApplicable("no policy publishes a port here")
    word = f"probe-{scene.ground.mark}"
    flags = [flag for one in ports for flag in ("--publish", f"{one.outside}:{one.inside}")]
    inside = sorted({str(one.inside) for one in ports})
    scene.start(*PYTHON, _LISTENS, word, *inside, word=_READY, flags=flags)
    return [f"reached {LOOPBACK}:{one.outside}" for one in ports if _answers(LOOPBACK, one.outside, word)]


@scenario("NW-46 network-record-complete")
def recorded(scene: Scene) -> Sequence[str]:
    """So many lines as there were events, each with its verdict; and the chain of them is whole."""
    gateway.require(scene)
    service, name = _serve(scene), f"probe-{scene.ground.mark}"
    owner = gateway.nobodys(scene)
    flags = ("--name", name, "--allow", f"{HOST}:{service.port}")
    done = scene.run(*PYTHON, _REQUESTS, str(service.port), str(_TIMES), owner, flags=flags)
    gateway.check(done.status, done.stdout, done.stderr)
    events = scene.ask("log", "show", name)["events"]
    allowed = [
        it for it in events if (it["kind"], it.get("verdict"), it.get("port")) == ("connect", "allowed", service.port)
    ]
    refused = {it["name"] for it in events if (it["kind"], it.get("verdict")) == ("dns", "refused")}
    asked = {f"refused-{number}.{owner}" for number in range(_TIMES)}
    found = [] if len(allowed) == _TIMES else [f"{len(allowed)} lines for {_TIMES} connections"]
    found += [f"no line for {missing}" for missing in sorted(asked - refused)]
    found += [] if all(it.get("rule") for it in allowed) else ["lines without their rule"]
    return found + ([] if scene.call("log", "verify", name).status == 0 else ["the chain of the record is broken"])


@scenario("NW-22 broad-wildcard")
def broad(scene: Scene) -> Sequence[str]:
    """Each in a line of its own, which must be named; but not that of one that is in order."""
    entries = (
        "example.com",
        "*",
        "*.com",
        "*.github.io",
        "*.*.example.com",
        "a.*.example.com",
        "example.com:0",
        "0177.0.0.1",
        "https://example.com",
    )
    before = ["[network]", 'mode = "allow"', "allow = ["]
    with open(f"{scene.ground.repo}/{_TRIED}", "w", encoding="ascii") as file:
        file.write("\n".join([*before, *(f'"{entry}",' for entry in entries), "]\n"]))
    done = scene.call("policy", "check", _TRIED)
    named = {
        entry
        for number, entry in enumerate(entries, len(before) + 1)
        if done.status and f"{_TRIED}:{number}: ".encode() in done.stderr
    }
    if "example.com" in named or (done.status and not named):
        raise PaddockError("a rule that is in order was refused as well")
    accepted = [entry for entry in entries if entry not in named]
    return [*(f"wrote a rule for {entry}" for entry in accepted[1:]), *_kept_although_nobody_can(scene)]


def _kept_although_nobody_can(scene: Scene) -> Sequence[str]:
    """Rules that a policy may have, and no gateway can keep: with them nothing runs."""
    if scene.plan and scene.plan.boundary.use == "landlock":
        return []  # which has no gateway at all
    found = []
    for host in ("192.0.2.7", "198.18.0.7", "2001:db8::7"):
        rule = f'{{ host = "{host}", port = 80, private = true }}'
        own_policy.put(scene, f'[network]\nmode = "allow"\nallow = [{rule}]\n')
        found += [host] if scene.run("/bin/sh", "-c", ":").status == 0 else []
    if found[:1] != ["192.0.2.7"]:
        raise PaddockError("with a rule that is in order nothing ran either")
    return [f"ran with a rule for {host}" for host in found[1:]]


def _serve(scene: Scene) -> Service:
    service = Service()
    scene.ground.undo.callback(service.close)
    return service


def free_port() -> int:
    """One that stays free for a while: if possible below those that the kernel gives to who asks for any (ip(7))."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        above = int(file.read().split()[0])
    below = range(max(_FIRST_PORT, above // 2), above)
    for port in random.sample(below, min(len(below), _TRIED_PORTS)):
        with suppress(OSError), socket.create_server(("", port)):
            return port
    with socket.create_server(("", 0)) as found:
        return int(found.getsockname()[1])


def _answers(place: str, port: int, word: str) -> bool:
    """Whether the very server that we started is there."""
    with suppress(OSError), socket.create_connection((place, port), timeout=20) as ours:
        return ours.recv(100) == word.encode()
    return False


def wish(host: str) -> str:
    """For the gateway, as `paddock net deny` says it."""
    import json

    return json.dumps({"do": "deny", "author": "probe", "why": "", "for_s": None, "place": {"host": host, "port": 0}})


def _rest(started: Started, timeout_s: float = 60) -> bytes:
    """What a command says until its end."""
    status = started.wait(timeout_s)
    return started.read_waiting() if status is not None else b""


def gateway_of(pid: int) -> int:
    """Paddock's child that has a child with Paddock's own command line: the maker. Raises PaddockError.

    What joins a sandbox may have such a child too, but that is in a namespace of processes below.
    """
    own = _command_line(pid), _depth(pid)
    for child in _children(pid):
        if any((_command_line(below), _depth(below)) == own for below in _children(child)):
            return child
    raise PaddockError("the gateway's process was not found")


def _depth(pid: int) -> int:
    """In how many namespaces of processes it is (proc(5), NSpid)."""
    return len(status(pid)["NSpid"].split())


def _children(pid: int) -> Iterable[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def _command_line(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()
