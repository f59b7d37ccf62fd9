"""What the gateway costs, as ratios to direct loopback: `python benchmarks/gateway.py [--rounds N]`.

A TLS server and the same client twice: once on the host, once in a network of its own behind the gateway.
Measured in turns, medians divided, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from paddock.gateway import server
from paddock.kernel.namespaces import Namespaces, namespaces_of
from paddock.plan.etc import resolver
from paddock.plan.model import Network, Rule
from paddock.policy.model import BUILT_IN

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

# One line of JSON in, one out: {"what": …, "tls": [host, port], "http": [host, port], "count": …}
CLIENT = r"""
import json, socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
head = b"GET /%d HTTP/1.1\r\nHost: NAME\r\n\r\n"
def open_tls(where):
    return context.wrap_socket(socket.create_connection(where), server_hostname="NAME")
def ask(s, size):
    s.sendall(head % size)
    data = s.recv(65536)
    while b"\r\n\r\n" not in data: data += s.recv(65536)
    left = size - len(data.partition(b"\r\n\r\n")[2])
    buffer = bytearray(1 << 18)
    while left: left -= s.recv_into(buffer, min(left, len(buffer)))
def stream(job):
    s = open_tls(job["tls"]); ask(s, job["count"]); s.close()
def tls_requests(job):
    s = open_tls(job["tls"])
    for _ in range(job["count"]): ask(s, 100)
    s.close()
def http_requests(job):
    s = socket.create_connection(job["http"])
    for _ in range(job["count"]): ask(s, 100)
    s.close()
def connections(job):
    for _ in range(job["count"]):
        s = socket.create_connection(job["http"]); ask(s, 100); s.close()
held = []
def idle(job):
    for _ in range(job["count"]): held.append(socket.create_connection(job["http"])); ask(held[-1], 1)
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

    def run(self, what: str, tls: tuple[str, int], http: tuple[str, int], count: int) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"what": what, "tls": tls, "http": http, "count": count}), file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def inside(directory: str) -> tuple[Client, Namespaces]:
    """A client in a network of its own."""
    with open(f"{directory}/resolv.conf", "w", encoding="ascii") as file:
        file.write(resolver(network=True))
    status, tell = os.pipe()
    client = Client(
        *("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--ro-bind", f"{directory}/resolv.conf", os.path.realpath("/etc/resolv.conf"), "--die-with-parent"),
        *("--json-status-fd", str(tell), "--"),
        pass_fds=[tell],
    )
    os.close(tell)
    return client, namespaces_of(json.loads(os.read(status, 4096).split(b"\n")[0])["child-pid"])


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


STARTED: list[subprocess.Popen[str]] = []
ROWS = (
    ("one TLS stream (256 MiB)", "stream", 256 << 20),
    ("TLS requests on one connection", "tls_requests", 2000),
    ("HTTP requests on one connection", "http_requests", 1000),
    ("new HTTP connections", "connections", 300),
)


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def compare(rounds: int, directory: str) -> None:
    tls, http = serve(directory)
    outside = Client()
    within, namespaces = inside(directory)
    STARTED.extend((outside.process, within.process))
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
    print(f"{'start in the parent':<40} {statistics.median(starts) * 1000:8.1f} ms")
    gateway = start()
    direct, ours = (("127.0.0.1", tls), ("127.0.0.1", http)), ((NAME, 443), (NAME, 80))
    within.run("http_requests", *ours, 10)
    print(f"{'resident memory, shared pages included':<40} {resident_mib(gateway.pid):8.1f} MiB")
    for label, what, count in ROWS:
        pairs = [(outside.run(what, *direct, count), within.run(what, *ours, count)) for _ in range(rounds)]
        direct_s, ours_s = (statistics.median(side) for side in zip(*pairs, strict=True))
        each = f"{(ours_s - direct_s) / count * 1e6:7.0f} µs more each" if count < 1 << 20 else ""
        print(f"{label:<40} {direct_s / ours_s:8.2f} of direct {each}")
    before = resident_mib(gateway.pid)
    within.run("idle", *ours, 1000)
    print(f"{'1,000 idle HTTP connections':<40} {resident_mib(gateway.pid) - before:8.1f} MiB")
    gateway.stop()


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
