"""Listeners of the host: on TCP, UDP, Unix paths and abstract names. A probe that reaches one says so to it."""

from __future__ import annotations

import os
import socket

from paddock.probes.inside import network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paddock.probes.planting.ground import Ground

_STREAM, _DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
_ANYWHERE = "0.0.0.0"  # noqa: S104 - reached from every interface on purpose
_INTERNET = (
    ("NW-01 host-loopback-tcp", _STREAM, "127.0.0.1"),
    ("NW-02 host-any-iface", _STREAM, _ANYWHERE),
    ("NW-10 tcp-fastopen", _STREAM, "127.0.0.1"),
    ("NW-10 udp-out", _DATAGRAM, "127.0.0.1"),
    ("NW-10 udp-any-iface", _DATAGRAM, _ANYWHERE),
    (network.ALLOWED, _STREAM, "127.0.0.1"),
    (network.OTHER, _STREAM, _ANYWHERE),
    ("NW-24 ip-encodings", _STREAM, "127.0.0.1"),
    ("NW-15 quic-to-the-allowed-place", _DATAGRAM, _ANYWHERE),
)


class Listeners:
    """All of a ground's, by the probe that looks for each."""

    def __init__(self) -> None:
        self.by_name: dict[str, socket.socket] = {}

    def listen(self, ground: Ground, name: str, family: int, kind: int, address: Any) -> socket.socket:
        """A new one, closed when the ground goes."""
        listener = socket.socket(family, kind)
        ground.undo.callback(listener.close)
        listener.bind(address)
        if kind == _STREAM:
            listener.listen()
        listener.settimeout(0)
        self.by_name[name] = listener
        return listener


def plant(ground: Ground) -> None:
    """Listen everywhere. `given` gets the ports, paths and names."""
    listeners = ground.listeners = Listeners()
    ports: dict[str, int] = {}
    for name, kind, place in _INTERNET:
        ports[name] = listeners.listen(ground, name, socket.AF_INET, kind, (place, 0)).getsockname()[1]
    try:
        six = listeners.listen(ground, "NW-09 ipv6", socket.AF_INET6, _STREAM, ("::1", 0))
        ports["NW-09 ipv6"] = six.getsockname()[1]
    except OSError:  # a machine without IPv6
        listeners.by_name.pop("NW-09 ipv6", None)
    abstract = f"paddock-probe-{ground.mark}"
    listeners.listen(ground, "NW-37 abstract-socket", socket.AF_UNIX, _STREAM, b"\0" + abstract.encode())
    tmp = f"/tmp/paddock-probe-{ground.mark}.sock"  # noqa: S108 - planted there on purpose
    paths = {
        "NW-38 path-socket-home": f"{ground.home}/agent.sock",
        "NW-38 path-socket-repository": f"{ground.repo}/s.sock",
        "NW-38 path-socket-datagram": f"{ground.repo}/d.sock",
        "NW-39 host-tmp-socket": tmp,
    }
    for name, path in paths.items():
        _listen_at(ground, name, path)
    ground.undo.callback(os.unlink, tmp)
    paths["NW-38 path-socket-repository"], paths["NW-38 path-socket-datagram"] = "s.sock", "d.sock"
    ground.given |= {"ports": ports, "abstract": abstract, "sockets": paths, "address": _own_address()}


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Which listeners heard a probe. Everything that was sent is in their queues by now."""
    return ((name, "it arrived at the host") for name, one in ground.listeners.by_name.items() if _heard(one))


def _listen_at(ground: Ground, name: str, path: str) -> None:
    """sun_path holds 108 bytes, and the way to the ground may be longer: bound through the directory's descriptor."""
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        short = f"/proc/self/fd/{directory}/{os.path.basename(path)}"
        kind = _DATAGRAM if "datagram" in name else _STREAM
        ground.listeners.listen(ground, name, socket.AF_UNIX, kind, short)
    finally:
        os.close(directory)


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == _DATAGRAM:
            return b"reached" in listener.recv(100)
        with listener.accept()[0] as connection:
            connection.settimeout(5)
            return b"reached" in connection.recv(100)
    except (BlockingIOError, ConnectionError, TimeoutError):
        return False


def _own_address() -> str:
    """An address of this machine that is not 127.0.0.1, where it has one."""
    with socket.socket(socket.AF_INET, _DATAGRAM) as ours:
        try:
            ours.connect(("192.0.2.1", 9))  # sends nothing
            return str(ours.getsockname()[0])
        except OSError:
            return "127.0.0.2"
