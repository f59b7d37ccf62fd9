"""What the gateway costs beside other ways out: `python benchmarks/gateway.py [--rounds N]`.

The same client and the same server on loopback, in turns, medians divided by those of a direct connection, so that
a busy machine disturbs all rows alike:

    squid    a proxy on this host, asked by CONNECT for TLS and plainly for HTTP; nothing isolates the client
    bridge   sandbox-runtime's way out: a network of its own, socat inside, a UNIX socket, socat outside, the proxy
             (squid stands in for sandbox-runtime's own one, which is the slower of the two)
    ours     a network of its own and the gateway, without any setting in the client
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
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

NAME = "bench.example.test"

SERVER = r"""
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
block = bytes(1 << 18)
def reply(connection, line):
    size = int(line.split(b"/")[1].split(b" ")[0])
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    while size > 0:
        connection.sendall(block[:size]); size -= len(block)
def serve(connection, tls):
    try:
        if tls: connection = context.wrap_socket(connection, server_side=True)
        data = b""
        while more := connection.recv(65536):
            data += more
            while b"\r\n\r\n" in data:
                head, _, data = data.partition(b"\r\n\r\n")
                reply(connection, head.split(b"\r\n")[0])
    except OSError: pass
    finally: connection.close()
def listen(listener, tls):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, tls), daemon=True).start()
http, tls = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2))
print(http.getsockname()[1], tls.getsockname()[1], sep="\n", flush=True)
threading.Thread(target=listen, args=(http, False), daemon=True).start()
listen(tls, True)
"""

# One line of JSON in, one out: {"what": …, "tls": [host, port], "http": [host, port], "proxy": …, "count": …}
CLIENT = r"""
import json, socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
def open_to(job, which):
    s = socket.create_connection(job["proxy"] or job[which])
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s
def open_tls(job):
    s = open_to(job, "tls")
    if job["proxy"]:
        s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n" % (job["tls"][0].encode(), job["tls"][1]))
        data = b""
        while b"\r\n\r\n" not in data: data += s.recv(65536)
    return context.wrap_socket(s, server_hostname="NAME")
def head(job, size):
    where = b"http://%s:%d" % (job["http"][0].encode(), job["http"][1]) if job["proxy"] else b""
    host = where[7:] or b"NAME"
    return b"GET %s/%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n" % (where, size, host)
def ask(s, head, size):
    s.sendall(head)
    data = s.recv(65536)
    while b"\r\n\r\n" not in data: data += s.recv(65536)
    left = size - len(data.partition(b"\r\n\r\n")[2])
    while left: left -= s.recv_into(buffer, min(left, len(buffer)))
buffer = bytearray(1 << 18)
inner = b"GET /%d HTTP/1.1\r\nHost: NAME\r\n\r\n"
def stream(job):
    s = open_tls(job); ask(s, inner % job["count"], job["count"]); s.close()
def http_stream(job):
    s = open_to(job, "http"); ask(s, head(job, job["count"]), job["count"]); s.close()
def tls_requests(job):
    s = open_tls(job)
    for _ in range(job["count"]): ask(s, inner % 100, 100)
    s.close()
def http_requests(job):
    s = open_to(job, "http")
    for _ in range(job["count"]): ask(s, head(job, 100), 100)
    s.close()
def tls_connections(job):
    for _ in range(job["count"]):
        s = open_tls(job); ask(s, inner % 100, 100); s.close()
def connections(job):
    for _ in range(job["count"]):
        s = open_to(job, "http"); ask(s, head(job, 100), 100); s.close()
held = []
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
def idle(job):
    for _ in range(job["count"]): held.append(open_to(job, "http")); ask(held[-1], head(job, 1), 1)
print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    began = time.monotonic(); globals()[job["what"]](job)
    print(time.monotonic() - began, flush=True)
""".replace("NAME", NAME)


class Client:
    """The client as a process, on the host or inside."""

    def __init__(self, *before: str, **more: Any) -> None:
        argv = [*before, sys.executable, "-I", "-S", "-c", CLIENT]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def run(self, what: str, way: Way, count: int) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        job = {"what": what, "tls": way.tls, "http": way.http, "proxy": way.proxy, "count": count}
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


class Way(NamedTuple):
    """How a client reaches the server."""

    tls: tuple[str, int]
    http: tuple[str, int]
    proxy: tuple[str, int] | None = None


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
    STARTED.append(client.process)
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


def bridge(directory: str, port: int) -> Client:
    """A client in a network of its own, with two socats between it and a proxy's port."""
    path = f"{directory}/bridge"
    listen = ["socat", f"UNIX-LISTEN:{path},fork,reuseaddr,mode=666", f"TCP:127.0.0.1:{port},nodelay"]
    STARTED.append(subprocess.Popen(listen))
    _wait_for(lambda: os.stat(path))
    script = f'socat TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,nodelay UNIX-CONNECT:{path} & exec "$@"'
    client, _ = inside(directory, "sh", "-c", script, "sh")
    _wait_for(lambda: client.run("http_requests", Way(("", 0), ("127.0.0.1", port), ("127.0.0.1", 3128)), 0))
    return client


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
            *("-days", "2", "-subj", f"/CN={NAME}", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    argv = [sys.executable, "-I", "-S", "-c", SERVER, certificate, key]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    http, tls = int(process.stdout.readline()), int(process.stdout.readline())
    STARTED.append(process)
    return tls, http


STARTED: list[subprocess.Popen[Any]] = []
ROWS = (
    ("one TLS stream (256 MiB)", "stream", 256 << 20),
    ("one HTTP stream (256 MiB)", "http_stream", 256 << 20),
    ("TLS requests on one connection", "tls_requests", 2000),
    ("HTTP requests on one connection", "http_requests", 2000),
    ("new TLS connections", "tls_connections", 200),
    ("new HTTP connections", "connections", 300),
)
IDLE = 1000


def memory_mib(pid: int, kind: str) -> float:
    """Of the process, in the kernel's words: "Rss", or "Pss", where shared pages are shared out."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(kind + ":")) / 1024


def compare(rounds: int, directory: str) -> None:
    tls, http = serve(directory)
    outside = Client()
    within, namespaces = inside(directory)
    STARTED.append(outside.process)
    rules = tuple(
        Rule(NAME, port, BUILT_IN, private=True, upstream=f"127.0.0.1:{to}") for port, to in ((443, tls), (80, http))
    )
    network = Network("allow", rules, BUILT_IN)

    def start() -> server.Gateway:
        return server.start(network, namespaces, record_path=f"{directory}/record", drop_to=None)

    starts = []
    for _ in range(rounds):
        began = time.monotonic()
        gateway = start()
        starts.append(time.monotonic() - began)
        gateway.stop()
    print(f"{'start in the parent':<34} {statistics.median(starts) * 1000:8.1f} ms")
    gateway = start()
    here = Way(("127.0.0.1", tls), ("127.0.0.1", http))
    ours = Way((NAME, 443), (NAME, 80))
    within.run("http_requests", ours, 10)
    print(f"{'idle gateway, shared pages shared':<34} {memory_mib(gateway.pid, 'Pss'):8.1f} MiB")
    ways = {"direct": (outside, here), "ours": (within, ours), **others(directory, here)}
    print(f"{'':<34}" + "".join(f"{name:>10}" for name in ways if name != "direct"), " of direct; µs more each")
    for label, what, count in ROWS:
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (client, way) in ways.items():
                taken[name].append(client.run(what, way, count))
        medians = {name: statistics.median(times) for name, times in taken.items()}
        ratios = [f"{medians['direct'] / medians[name]:10.2f}" for name in ways if name != "direct"]
        more = (medians["ours"] - medians["direct"]) / count * 1e6
        print(f"{label:<34}" + "".join(ratios) + (f" {more:10.0f}" if count < 1 << 20 else ""), flush=True)
    before = memory_mib(gateway.pid, "Rss")
    within.run("idle", ours, IDLE)
    print(f"{f'{IDLE:,} idle HTTP connections':<34} {memory_mib(gateway.pid, 'Rss') - before:8.1f} MiB")
    gateway.stop()


def others(directory: str, here: Way) -> dict[str, tuple[Client, Way]]:
    """The ways that there are programs for."""
    found: dict[str, tuple[Client, Way]] = {}
    if not shutil.which("squid", path=os.environ["PATH"] + ":/usr/sbin"):
        return found
    port = squid(directory)
    client = Client()
    STARTED.append(client.process)
    found["squid"] = (client, here._replace(proxy=("127.0.0.1", port)))
    if shutil.which("socat"):
        found["bridge"] = (bridge(directory, port), here._replace(proxy=("127.0.0.1", 3128)))
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
