"""What the gateway costs beside other ways out: `python benchmarks/gateway.py [--rounds N]`.

The same client and the same server on loopback, in turns; medians of a direct connection's time divided by each way's,
so that a busy machine disturbs all alike:

    ours     a network of its own and the gateway, without any setting in the client, which looks the name up
    ends     the same where a rule has methods, so that TLS ends in the gateway, and begins anew behind it
    relay    a process that copies bytes by asyncio and judges nothing, asked by its address: what the means cost
    squid    a proxy on this host, asked by CONNECT for TLS and plainly for HTTP; nothing isolates the client. It keeps
             its connections to the server, so a new one to it is none behind it
    bridge   sandbox-runtime's way with squid for its proxy: a network of its own, socat, a UNIX socket, socat, squid
    srt      sandbox-runtime itself, where PADDOCK_BENCH_SRT names its program
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from paddock.gateway import server
from paddock.kernel.namespaces import Namespaces, namespaces_of
from paddock.plan.etc import resolver
from paddock.plan.model import Network, Rule
from paddock.policy.model import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable

NAME, ENDS = "bench.example.test", "ends.example.test"

PROGRAMS = f"{os.path.dirname(os.path.abspath(__file__))}/programs"
SRT = "PADDOCK_BENCH_SRT"


class Client:
    """The client as a process, on the host or inside."""

    def __init__(self, *before: str, wrap: Callable[[list[str]], list[str]] = list, **more: Any) -> None:
        argv = wrap([*before, sys.executable, "-I", "-S", f"{PROGRAMS}/client.py"])
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
        STARTED.append(self.process)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def run(self, what: str, way: Way, count: int, *, secure: bool = False) -> float:
        """The seconds that it took, NaN where it failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"what": what, "count": count, "secure": secure, **way._asdict()}), file=self.process.stdin)
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Way(NamedTuple):
    """How a client reaches the server. Without `http` it is for TLS only; the proxy "env" is the environment's."""

    tls: tuple[str, int]
    http: tuple[str, int] | None
    proxy: tuple[str, int] | str | None = None
    name: str = NAME


def inside(directory: str, *before: str) -> tuple[Client, Namespaces]:
    """A client in a network of its own."""
    with open(f"{directory}/resolv.conf", "w", encoding="ascii") as file:
        file.write(resolver(network=True))
    status, tell = os.pipe()
    client = Client(
        *("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--ro-bind", directory, directory),  # where it is below a directory that --dev or --proc hides
        *("--ro-bind", f"{directory}/resolv.conf", os.path.realpath("/etc/resolv.conf"), "--die-with-parent"),
        *("--json-status-fd", str(tell), "--", *before),
        pass_fds=[tell],
    )
    os.close(tell)
    return client, namespaces_of(json.loads(os.read(status, 4096).split(b"\n")[0])["child-pid"])


def squid(directory: str) -> int:
    """Start squid; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with open(f"{directory}/squid.conf", "w", encoding="ascii") as file:
        file.write(
            f"http_port 127.0.0.1:{port}\nhttp_access allow all\ncache deny all\naccess_log none\n"
            f"cache_log {directory}/squid.log\npid_filename none\nshutdown_lifetime 0 seconds\n"
            "cache_effective_user proxy\nworkers 1\npinger_enable off\nmax_filedescriptors 8192\n"
        )
    with open(f"{directory}/squid.log", "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o666)
    program = shutil.which("squid", path=os.environ["PATH"] + ":/usr/sbin") or "squid"
    STARTED.append(subprocess.Popen([program, "-N", "-f", f"{directory}/squid.conf"], stderr=subprocess.DEVNULL))
    _wait_for(lambda: socket.create_connection(("127.0.0.1", port)).close())
    return port


def bridge(directory: str, port: int, here: Way) -> Client:
    """A client in a network of its own, with two socats between it and a proxy's port."""
    path = f"{directory}/bridge"
    listen = ["socat", f"UNIX-LISTEN:{path},fork,reuseaddr,mode=666", f"TCP:127.0.0.1:{port},nodelay"]
    STARTED.append(subprocess.Popen(listen))
    _wait_for(lambda: os.stat(path))
    script = f'socat TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,nodelay UNIX-CONNECT:{path} & exec "$@"'
    client, _ = inside(directory, "sh", "-c", script, "sh")
    _wait_for(lambda: _once(client, here._replace(proxy=("127.0.0.1", 3128))))
    return client


def sandbox_runtime(directory: str, program: str) -> Client:
    """A client in sandbox-runtime."""
    settings = {
        "network": {"allowedDomains": ["127.0.0.1"], "deniedDomains": []},
        "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []},
    }
    with open(f"{directory}/srt.json", "w", encoding="ascii") as file:
        json.dump(settings, file)
    return Client(wrap=lambda argv: [program, "-s", f"{directory}/srt.json", "-c", shlex.join(argv)])


def relay(*ports: int) -> list[int]:
    """Start the relay; its ports."""
    argv = [sys.executable, "-I", "-S", f"{PROGRAMS}/relay.py", *map(str, ports)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    STARTED.append(process)
    assert process.stdout is not None
    return [int(process.stdout.readline()) for _ in ports]


def _once(client: Client, way: Way) -> None:
    if math.isnan(client.run("requests", way, 1)):
        raise ConnectionError


def _wait_for(action: Callable[[], object]) -> None:
    for _ in range(100):
        try:
            action()
        except (OSError, ValueError):
            time.sleep(0.1)
        else:
            return
    message = "what was just started does not answer"
    raise SystemExit(message)


def serve(directory: str) -> tuple[int, int]:
    """Start the server; its TLS and its plain port."""
    certificate, key = f"{directory}/certificate.pem", f"{directory}/key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:{ENDS}"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    os.environ["SSL_CERT_FILE"] = certificate  # the gateway verifies whom it speaks TLS with
    argv = [sys.executable, "-I", "-S", f"{PROGRAMS}/server.py", certificate, key]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    http, tls = int(process.stdout.readline()), int(process.stdout.readline())
    STARTED.append(process)
    return tls, http


STARTED: list[subprocess.Popen[Any]] = []
ROWS = (  # label, job, how many or how many bytes, over TLS
    ("one TLS stream (256 MiB)", "stream", 256 << 20, True),
    ("one HTTP stream (256 MiB)", "stream", 256 << 20, False),
    ("TLS requests on one connection", "requests", 2000, True),
    ("HTTP requests on one connection", "requests", 2000, False),
    ("new TLS connections", "connections", 200, True),
    ("new HTTP connections", "connections", 300, False),
)
IDLE = 1000
MANY = 20


def memory_mib(pid: int, kind: str) -> float:
    """Of the process, in the kernel's words: "Rss", or "Pss", where shared pages are shared out."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(kind + ":")) / 1024


def compare(rounds: int, directory: str) -> None:
    tls, http = serve(directory)
    here = Way(("127.0.0.1", tls), ("127.0.0.1", http))
    outside = Client()
    within, namespaces = inside(directory)
    rules = (
        Rule(NAME, 443, BUILT_IN, private=True, upstream=f"127.0.0.1:{tls}"),
        Rule(NAME, 80, BUILT_IN, private=True, upstream=f"127.0.0.1:{http}"),
    )
    ends = Rule(ENDS, 443, BUILT_IN, private=True, upstream=f"127.0.0.1:{tls}", methods=("GET",))
    starts = []
    for number in range(rounds):
        began = time.monotonic()
        gateway = start(rules, namespaces, f"{directory}/{number}")
        starts.append(time.monotonic() - began)
        gateway.stop()
    print(f"{'start in the parent':<34} {statistics.median(starts) * 1000:8.1f} ms")
    side_by_side(rules, directory)
    gateway = start(rules, namespaces, f"{directory}/idle")
    ours = Way((NAME, 443), (NAME, 80))
    within.run("requests", ours, 10)
    print(f"{'idle gateway, shared pages shared':<34} {memory_mib(gateway.pid, 'Pss'):8.1f} MiB")
    gateway.stop()
    gateway = start((*rules, ends), namespaces, f"{directory}/record", directory)
    ways = {"direct": (outside, here), "ours": (within, ours), "ends": (within, Way((ENDS, 443), None, name=ENDS))}
    table(rounds, {**ways, **others(directory, here)})
    before = memory_mib(gateway.pid, "Rss")
    within.run("idle", ours, IDLE)
    print(f"{f'{IDLE:,} idle HTTP connections':<34} {memory_mib(gateway.pid, 'Rss') - before:8.1f} MiB")
    gateway.stop()


def side_by_side(rules: tuple[Rule, ...], directory: str) -> None:
    """Many sandboxes that have used their network, each with a gateway of its own, and all with one for all."""
    os.environ["XDG_RUNTIME_DIR"] = f"{directory}/runtime"
    sandboxes = [inside(directory) for _ in range(MANY)]
    shared: list[int] = []
    for label in ("of their own", "one for all"):
        shared = [] if label == "of their own" else serving()
        starts, gateways = [], []
        for number, (client, namespaces) in enumerate(sandboxes):
            began = time.monotonic()
            gateways.append(start(rules, namespaces, f"{directory}/{label[:3]}-{number}"))
            starts.append(time.monotonic() - began)
            client.run("requests", Way((NAME, 443), (NAME, 80)), 10)
        pids = [*shared, *(pid for gateway in gateways for pid in (gateway.pid, *children(gateway.pid)))]
        each = sum(memory_mib(pid, "Pss") for pid in pids) / MANY
        print(f"{f'{MANY} gateways, {label}':<34} {each:8.1f} MiB each", end=", ")
        print(f"{len(pids)} processes, start {statistics.median(starts) * 1000:.1f} ms")
        for gateway in gateways:
            gateway.stop()
    for pid in shared[:1]:
        os.kill(pid, signal.SIGTERM)
    for client, _ in sandboxes:
        client.process.kill()


def serving() -> list[int]:
    """Start `paddock gateway`; its process, and the one that serves."""
    argv = [sys.executable, "-m", "paddock", "gateway"]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    STARTED.append(process)
    assert process.stderr is not None
    process.stderr.readline()
    return [process.pid, *children(process.pid)]


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def start(rules: tuple[Rule, ...], namespaces: Namespaces, record: str, authority: str = "") -> server.Gateway:
    """A gateway; in the directory `authority` it writes whom to trust where it ends TLS."""
    network, entrusted = Network("allow", rules, BUILT_IN), server.Entrusted(directory=authority)
    return server.start(network, namespaces, record_path=f"{record}.jsonl", drop_to=None, entrusted=entrusted)


def table(rounds: int, ways: dict[str, tuple[Client, Way]]) -> None:
    print(f"{'':<34}" + "".join(f"{name:>8}" for name in ways if name != "direct"), " of direct; ours: µs more each")
    for label, what, count, secure in ROWS:
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (client, way) in ways.items():
                seconds = client.run(what, way, count, secure=secure) if secure or way.http else math.nan
                taken[name].append(seconds)
        medians = {name: statistics.median(times) for name, times in taken.items()}
        ratios = (medians["direct"] / medians[name] for name in ways if name != "direct")
        shown = "".join(f"{'-':>8}" if math.isnan(ratio) else f"{ratio:8.2f}" for ratio in ratios)
        more = (medians["ours"] - medians["direct"]) / count * 1e6
        print(f"{label:<34}{shown}" + (f" {more:10.0f}" if count < 1 << 20 else ""), flush=True)


def others(directory: str, here: Way) -> dict[str, tuple[Client, Way]]:
    """The ways that there are programs for."""
    tls, http = relay(here.tls[1], here.http[1] if here.http else 0)
    found = {"relay": (Client(), Way(("127.0.0.1", tls), ("127.0.0.1", http)))}
    if shutil.which("squid", path=os.environ["PATH"] + ":/usr/sbin"):
        port = squid(directory)
        found["squid"] = (Client(), here._replace(proxy=("127.0.0.1", port)))
        if shutil.which("socat"):
            found["bridge"] = (bridge(directory, port, here), here._replace(proxy=("127.0.0.1", 3128)))
    else:
        print("no squid here: left out, and the bridge to it")
    program = os.environ.get(SRT, "")
    if program:
        found["srt"] = (sandbox_runtime(directory, program), here._replace(proxy="env"))
    else:
        print(f"{SRT} is not set: sandbox-runtime itself is left out")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        try:
            compare(options.rounds, directory)
        finally:
            for process in STARTED:
                process.kill()
                process.communicate()


if __name__ == "__main__":
    main()
