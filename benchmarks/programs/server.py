"""The service that the benchmark asks: `server.py CERTIFICATE KEY`. `GET /SIZE` is answered with so many bytes.

Prints its plain port and its TLS port.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import suppress

BLOCK = bytes(1 << 18)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def reply(connection: socket.socket, line: bytes) -> None:
    size = int(line.split(b"/")[1].split(b" ")[0])
    connection.sendall(HEAD % size)
    while size > 0:
        connection.sendall(BLOCK[:size])
        size -= len(BLOCK)


def serve(connection: socket.socket, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        spoken = context.wrap_socket(connection, server_side=True) if context else connection
        with spoken:
            data = b""
            while more := spoken.recv(65536):
                data += more
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    reply(spoken, head.split(b"\r\n")[0])


def listen(listener: socket.socket, context: ssl.SSLContext | None = None) -> None:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], context), daemon=True).start()


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    plain, secure = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2))
    print(plain.getsockname()[1], secure.getsockname()[1], sep="\n", flush=True)
    threading.Thread(target=listen, args=(plain,), daemon=True).start()
    listen(secure, context)


main()
