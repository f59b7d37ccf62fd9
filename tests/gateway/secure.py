"""Services with TLS on the host's loopback, and an authority of the tests' own that vouches for them."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import json
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Certificates:
    """An authority; `path` is its certificate."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = directory / "authority.pem"
        self._own = self._sign("Tests", "Tests", self._key, days=2, ca=True)
        self.path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))
        self.path.chmod(0o644)

    def _sign(
        self,
        subject: str,
        issuer: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: int,
        ca: bool = False,
        names: Any = (),
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
            issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=30),
            not_valid_after=now + dt.timedelta(days=days),
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def server(self, *names: str, days: int = 2) -> ssl.SSLContext:
        """A server's context with a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign("service", "Tests", key, days=days, names=names)
        path = self.directory / f"{names[0]}.{days}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


class Handler(http.server.BaseHTTPRequestHandler):
    """Tells what came, and answers with what a test has asked for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Service  # type: ignore[mutable-override] # of this kind only

    def log_message(self, *args: object) -> None:
        pass

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def answer(self) -> None:
        body = self._read()
        self.server.seen.append((self.requestline, list(self.headers.items()), body))
        said = json.dumps({"line": self.requestline, "headers": self.headers.items(), "body": body.decode("latin-1")})
        echo = self.server.echo or said.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(echo)))
        self.send_header("X-Echo", self.headers.get("Authorization", ""))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(echo)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815 - the standard library's names


class Service(http.server.ThreadingHTTPServer):
    """A service; `seen` is what reached it: request line, headers, body.

    With it end its connections and their threads: the next test may count what this process has open.
    """

    daemon_threads = False  # so that server_close() waits for them
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, list[tuple[str, str]], bytes]] = []
        self.echo = b""
        self._context = context
        self._held: dict[socket.socket, socket.socket] = {}  # each one's connection also when TLS has taken it over
        self.port: int = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._held[request] = request.dup()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._held.pop(request).close()
        super().shutdown_request(request)

    def server_close(self) -> None:
        for held in tuple(self._held.values()):
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the connection's own thread: a handshake must not keep others waiting.
        with contextlib.suppress(OSError):
            if self._context is None:
                super().finish_request(request, client_address)
                return
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
                with contextlib.suppress(OSError, ValueError):
                    secured.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def headers(self, number: int = -1) -> dict[str, str]:
        """The headers of a request that came, names in small letters."""
        return {name.lower(): value for name, value in self.seen[number][1]}


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[Service]:
    """A service while the block lasts."""
    made = Service(context)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
