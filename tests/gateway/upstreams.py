"""Services for the gateway's tests, run as a process of its own: `upstreams.py CERTIFICATE KEY`.

Prints its ports as JSON and serves until it is killed: plain HTTP with all shapes of responses, the same over
TLS, an echo that answers after the client's end, a flood, and a raw service that answers what its path says.
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        pass

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
        kind, _, rest = self.path[1:].partition("/")
        getattr(self, f"get_{kind}", self.get_seen)(rest)

    def get_seen(self, _: str) -> None:
        seen = {"line": self.requestline, "headers": self.headers.items(), "port": self.client_address[1]}
        self.reply(json.dumps(seen).encode(), Content_Type="application/json")

    def get_big(self, size: str) -> None:
        self.reply(b"x" * int(size))

    def get_chunked(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Trailer", "X-Sum")
        self.end_headers()
        self.wfile.write(b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n")

    def get_close(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"until the end")
        self.close_connection = True

    def get_cut(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def get_torn(self, _: str) -> None:
        """A response without a length that ends with a reset: nobody may take it for complete."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"half of it")
        self.wfile.flush()
        GO.acquire(timeout=20)  # the client says when
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True

    def get_events(self, _: str) -> None:
        """Each event waits until the client has read the one before: it says so on a second connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(3):
            event = b"data: %d\n\n" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            GO.acquire(timeout=20)
        self.wfile.write(b"0\r\n\r\n")

    def get_go(self, _: str) -> None:
        GO.release()
        self.reply(b"")

    def get_hints(self, _: str) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        self.reply(b"after the hints")

    def get_204(self, _: str) -> None:
        self.send_response(204)
        self.end_headers()

    def get_304(self, _: str) -> None:
        self.send_response(304)
        self.send_header("ETag", '"1"')
        self.end_headers()

    def get_rubbish(self, _: str) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True

    def get_nothing(self, _: str) -> None:
        self.close_connection = True

    def do_POST(self) -> None:
        length = self.headers["Content-Length"]
        if length is None:
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() != b"\r\n":
                pass
        else:
            body = self.rfile.read(int(length))
        self.reply(body)


GO = threading.Semaphore(0)


class Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # without an orderly end first: `torn` wants a reset


class Tls(Http):
    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        return CONTEXT.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


class Echo(socketserver.BaseRequestHandler):
    """Reads to the end, skipping what is a ClientHello to the gateway, and only then answers with all of it."""

    def handle(self) -> None:
        data = bytearray()
        while more := self.request.recv(65536):
            data += more
        self.request.sendall(data)


class Flood(socketserver.BaseRequestHandler):
    """Sends without end, and does not read."""

    def handle(self) -> None:
        try:
            while True:
                self.request.sendall(bytes(65536))
        except OSError:
            pass


class Raw(socketserver.BaseRequestHandler):
    """Answers with the same, whenever anything comes; with a reset, where that is what comes."""

    def handle(self) -> None:
        while data := self.request.recv(65536):
            if data == b"reset":
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)


if __name__ == "__main__":
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(sys.argv[1], sys.argv[2])
    here = ("127.0.0.1", 0)
    servers = {
        "http": Http(here, Handler),
        "tls": Tls(here, Handler),
        "echo": Server(here, Echo),
        "flood": Server(here, Flood),
        "raw": Server(here, Raw),
    }
    for each in servers.values():
        threading.Thread(target=each.serve_forever, daemon=True).start()
    print(json.dumps({name: each.server_address[1] for name, each in servers.items()}), flush=True)
    sys.stdin.read()
