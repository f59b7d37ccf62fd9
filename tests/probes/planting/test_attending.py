"""Clients come one after the other; one that is rude or silent does not keep the next one waiting for long."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from paddock.probes.planting.attending import Attending, heard

LOCAL = ("127.0.0.1", 0)
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing is a reset


def test_who_is_silent_or_gone_is_given_up_and_the_next_one_answered() -> None:
    listener = socket.create_server(LOCAL)
    address = listener.getsockname()
    all_came = threading.Event()

    def echo(client: socket.socket) -> None:
        all_came.wait()  # the third has spoken before its patience begins
        client.sendall(client.recv(10))

    attending = Attending(listener, echo, 0.1)
    with socket.create_connection(address), socket.create_connection(address) as gone:
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        gone.close()
        with socket.create_connection(address, timeout=60) as ours:
            ours.sendall(b"hello")
            all_came.set()
            assert ours.recv(10) == b"hello"
    attending.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def listening(kind: int = socket.SOCK_STREAM) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind(LOCAL)
    if kind == socket.SOCK_STREAM:
        made.listen()
    made.settimeout(0)
    return made


@pytest.mark.parametrize("patience_s", [0, 0.05])
def test_only_a_probes_word_is_heard_whoever_came_before(patience_s: float) -> None:
    with listening() as listener:
        assert not heard(listener, patience_s)
        for words in (b"", b"hello", b"reached"):
            with socket.create_connection(listener.getsockname()) as ours:
                ours.sendall(words)
                if not words:
                    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        assert heard(listener, patience_s)
        assert not heard(listener, patience_s)


@pytest.mark.parametrize("patience_s", [0, 0.05])
def test_who_stays_and_says_nothing_hides_nobody(patience_s: float) -> None:
    with listening() as listener, socket.create_connection(listener.getsockname()):
        with socket.create_connection(listener.getsockname()) as ours:
            ours.sendall(b"reached")
        assert heard(listener, patience_s)


def test_so_with_datagrams() -> None:
    with listening(socket.SOCK_DGRAM) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        for words in (b"", b"hello", b"reached"):
            ours.sendto(words, listener.getsockname())
        assert heard(listener, 0)
        assert not heard(listener, 0)
