"""The client of the benchmark: a job for each line that comes in, and the seconds that it took for each that goes out.

A job is a JSON object: "what" (of JOBS), "count" (how many, or how many bytes), "secure" (over TLS), "name" (to ask
for), "tls" and "http" (where), "proxy" (where, or "env" for the one that HTTP_PROXY names, or null).
"""

from __future__ import annotations

import base64
import json
import os
import resource
import socket
import ssl
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

BUFFER = bytearray(1 << 18)
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE
PROXY = urlsplit(os.environ.get("HTTP_PROXY", ""))
PROOF = b""
if PROXY.password:
    pair = f"{PROXY.username}:{PROXY.password}".encode()
    PROOF = b"Proxy-Authorization: Basic %s\r\n" % base64.b64encode(pair)
held: list[socket.socket] = []


def open_to(job: dict[str, Any], which: str) -> socket.socket:
    where = (PROXY.hostname, PROXY.port) if job["proxy"] == "env" else job["proxy"] or job[which]
    connection = socket.create_connection(where)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def open_plain(job: dict[str, Any]) -> tuple[socket.socket, bytes]:
    """A connection, and a request for so many bytes with a place for their number."""
    where = b"http://%s:%d" % (job["http"][0].encode(), job["http"][1]) if job["proxy"] else b""
    host = where[7:] or job["name"].encode()
    head = b"GET %s/%%d HTTP/1.1\r\nHost: %s\r\n%sUser-Agent: x\r\nAccept: */*\r\n\r\n" % (where, host, PROOF)
    return open_to(job, "http"), head


def open_tls(job: dict[str, Any]) -> tuple[socket.socket, bytes]:
    connection = open_to(job, "tls")
    if job["proxy"]:
        place = b"%s:%d" % (job["tls"][0].encode(), job["tls"][1])
        connection.sendall(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (place, place, PROOF))
        head(connection)
    head_of_request = b"GET /%%d HTTP/1.1\r\nHost: %s\r\n\r\n" % job["name"].encode()
    return CONTEXT.wrap_socket(connection, server_hostname=job["name"]), head_of_request


def head(connection: socket.socket) -> bytes:
    """Read an answer's head; what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        data += more
    return data.partition(b"\r\n\r\n")[2]


def ask(connection: socket.socket, request: bytes, size: int) -> None:
    connection.sendall(request % size)
    left = size - len(head(connection))
    while left:
        count = connection.recv_into(BUFFER, min(left, len(BUFFER)))
        if not count:
            raise EOFError
        left -= count


def stream(job: dict[str, Any], opened: Callable[[dict[str, Any]], tuple[socket.socket, bytes]]) -> None:
    connection, request = opened(job)
    with connection:
        ask(connection, request, job["count"])


def requests(job: dict[str, Any], opened: Callable[[dict[str, Any]], tuple[socket.socket, bytes]]) -> None:
    connection, request = opened(job)
    with connection:
        for _ in range(job["count"]):
            ask(connection, request, 100)


def connections(job: dict[str, Any], opened: Callable[[dict[str, Any]], tuple[socket.socket, bytes]]) -> None:
    for _ in range(job["count"]):
        connection, request = opened(job)
        with connection:
            ask(connection, request, 100)


def idle(job: dict[str, Any], opened: Callable[[dict[str, Any]], tuple[socket.socket, bytes]]) -> None:
    for _ in range(job["count"]):
        connection, request = opened(job)
        held.append(connection)
        ask(connection, request, 1)


JOBS = {each.__name__: each for each in (stream, requests, connections, idle)}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        began = time.monotonic()
        try:
            JOBS[job["what"]](job, open_tls if job["secure"] else open_plain)
        except (OSError, EOFError) as error:
            print(f"{job['what']}: {error!r}", file=sys.stderr)
            print("nan", flush=True)
        else:
            print(time.monotonic() - began, flush=True)


main()
