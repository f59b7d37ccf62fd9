"""The services of the tests' own internet, run as a process in a network of their own: see `internet.py`.

    services.py CERTIFICATE KEY REPOSITORIES SEEN

Serves HTTP/1.1 on port 80 and over TLS on 443 for every name, and says "ready". Each request is one JSON line in SEEN.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE, KEY, REPOSITORIES, SEEN = sys.argv[1:] if __name__ == "__main__" else [""] * 4
GIT = ("git", "http-backend")
BIG = bytes(range(256)) * 16384  # 4 MiB in which every place is known


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        pass

    def note(self) -> None:
        line = {
            "name": self.headers.get("Host", "").partition(":")[0],
            "request": self.requestline,
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "connection": self.client_address[1],
            "tls": isinstance(self.connection, ssl.SSLSocket),
        }
        with open(SEEN, "a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.note()
        kind, _, rest = self.path[1:].partition("/")
        if kind == "to":
            name, _, more = rest.partition("/")
            self.reply(b"over there\n", 302, Location=f"https://{name}/{more}")
        elif kind == "big":
            self.big()
        elif kind == "git":
            self.git(rest, b"")
        elif kind == "files":
            self.file(rest)
        else:
            self.reply(f"hello from {self.headers['Host']}\n".encode())

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.note()
        body = b"".join(self.body())
        kind, _, rest = self.path[1:].partition("/")
        if kind == "git":
            self.git(rest, body)
        else:
            self.reply(f"{len(body)} {hashlib.sha256(body).hexdigest()}\n".encode())

    def body(self) -> Iterator[bytes]:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            yield self.rfile.read(int(self.headers.get("Content-Length", "0")))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() != b"\r\n":
            pass

    def big(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            self.reply(BIG, Accept_Ranges="bytes")
            return
        first, last = int(asked[1]), int(asked[2] or len(BIG) - 1)
        self.reply(BIG[first : last + 1], 206, Content_Range=f"bytes {first}-{last}/{len(BIG)}")

    def file(self, rest: str) -> None:
        try:
            with open(os.path.join(REPOSITORIES, "files", os.path.basename(rest)), "rb") as file:
                self.reply(file.read())
        except OSError:
            self.reply(b"no such file\n", 404)

    def git(self, rest: str, body: bytes) -> None:
        """What git itself serves repositories with (git-http-backend(1)), over CGI (RFC 3875)."""
        path, _, query = rest.partition("?")
        variables = {
            "GIT_PROJECT_ROOT": REPOSITORIES,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",  # the tests, which made them, may be another user here
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PATH_INFO": f"/{path}",
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(GIT, input=body, env=variables, stdout=subprocess.PIPE, check=False).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n") if line)
        status = int(headers.pop("Status", "200").split()[0])
        self.reply(content, status, **{name.replace("-", "_"): value for name, value in headers.items()})


class Services(ThreadingHTTPServer):
    address_family: int = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass  # clients that go away are part of the tests


class Secure(Services):
    """The handshake is done in the connection's own thread, so that nobody who is slow keeps others waiting."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__(("::", port), Handler)

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        try:
            secure = self.context.wrap_socket(request, server_side=True)
        except OSError:
            request.close()
            return
        super().process_request_thread(secure, client_address)


def main() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["http/1.1"])
    plain, secure = Services(("::", 80), Handler), Secure(443, context)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    print("ready", flush=True)
    secure.serve_forever()


if __name__ == "__main__":
    main()
