"""Listeners of the host: on TCP, UDP, vsock, Unix paths and abstract names. A probe that reaches one says so to it."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress

from paddock.probes.inside import network
from paddock.probes.planting.attending import heard
from paddock.probes.planting.place import note
from paddock.probes.planting.service import Service, redirect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paddock.probes.planting.ground import Ground

_STREAM, _DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
_LOOPBACK = "127.0.0.1"
_PATIENCE_S = 5
_ANYWHERE = "0.0.0.0"  # noqa: S104 - reached from every interface on purpose
_INTERNET = (
    ("NW-01 host-loopback-tcp", _STREAM, _LOOPBACK),
    ("NW-02 host-any-iface", _STREAM, _ANYWHERE),
    ("NW-03 host-by-gateway", _STREAM, _ANYWHERE),
    ("NW-10 tcp-fastopen", _STREAM, _LOOPBACK),
    ("NW-10 udp-out", _DATAGRAM, _LOOPBACK),
    ("NW-10 udp-any-iface", _DATAGRAM, _ANYWHERE),
    ("NW-15 quic-to-the-allowed-place", _DATAGRAM, _ANYWHERE),
    ("NW-16 plain-http-by-name", _STREAM, _ANYWHERE),
    ("NW-24 ip-encodings", _STREAM, _LOOPBACK),
    (network.OTHER, _STREAM, _ANYWHERE),
    ("NW-29 relay-inside", _STREAM, _ANYWHERE),
)
# Where services of a person's session listen, below XDG_RUNTIME_DIR.
_SESSION = ("bus", "wayland-0", "docker.sock", "podman/podman.sock", "gnupg/S.gpg-agent", "pulse/native")
_EDITORS = ("vscode-ipc", "vscode-git", "vscode-remote-containers-ipc")
_AF_VSOCK, _LOCAL, _ANY = 40, 1, 0xFFFFFFFF  # <linux/vm_sockets.h>


class Listeners:
    """All of a ground's, with the probe that looks for each, its one service that answers, and where that one leads."""

    def __init__(self, service: Service, redirected: Service) -> None:
        self.planted: list[tuple[str, socket.socket]] = []
        self.service = service
        self.redirected = redirected

    def listen(self, ground: Ground, name: str, family: int, kind: int, address: Any) -> socket.socket:
        """A new one, closed when the ground goes. Raises OSError."""
        listener = socket.socket(family, kind)
        ground.undo.callback(listener.close)
        listener.bind(address)
        if kind == _STREAM:
            listener.listen()
        listener.settimeout(0)
        self.planted.append((name, listener))
        return listener


def plant(ground: Ground) -> None:
    """Listen everywhere. `given` gets the ports, paths and names."""
    redirected = Service()
    ground.undo.callback(redirected.close)
    service = Service({b"/redirect": redirect(f"http://localhost:{redirected.port}/reached")})
    ground.undo.callback(service.close)
    listeners = ground.listeners = Listeners(service, redirected)
    ports: dict[str, int] = {network.ALLOWED: service.port, network.REDIRECTED: redirected.port}
    for name, kind, place in _INTERNET:
        ports[name] = listeners.listen(ground, name, socket.AF_INET, kind, (place, 0)).getsockname()[1]
    with suppress(OSError):  # a machine without IPv6
        six = listeners.listen(ground, "NW-09 ipv6", socket.AF_INET6, _STREAM, ("::1", 0))
        ports["NW-09 ipv6"] = six.getsockname()[1]
    abstract = f"paddock-probe-{ground.mark}"
    listeners.listen(ground, "NW-37 abstract-socket", socket.AF_UNIX, _STREAM, b"\0" + abstract.encode())
    told = {"ports": ports, "abstract": abstract, "sockets": _plant_paths(ground)}
    ground.given |= {**told, "address": own_address(), "vsock": _plant_vsock(ground)}


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Which listeners heard a probe. Everything that was sent is in their queues by now."""
    for name, one in ground.listeners.planted:
        if heard(one, _PATIENCE_S):
            yield name, "it arrived at the host"
    service = ground.listeners.service
    if service.has_heard(b"GET /reached "):
        yield network.ALLOWED, "it arrived at the host"
    if service.has_heard(b"GET /past-the-gateway "):
        yield "NW-02 own-address-at-the-allowed-port", "it arrived at the host"
    if ground.listeners.redirected.has_heard(b"GET /reached "):
        yield network.REDIRECTED, "it arrived at the host"


def own_address() -> str:
    """An address of this machine that is not 127.0.0.1, where it has one."""
    with socket.socket(socket.AF_INET, _DATAGRAM) as ours:
        try:
            ours.connect(("192.0.2.1", 9))  # sends nothing
            return str(ours.getsockname()[0])
        except OSError:
            return "127.0.0.2"


def _plant_paths(ground: Ground) -> dict[str, list[str]]:
    tmp = [f"/tmp/{name}-{ground.mark}.sock" for name in ("paddock-probe", *_EDITORS)]  # noqa: S108 - on purpose
    note(ground.base, tmp)
    paths = {
        "NW-38 path-socket-home": [f"{ground.home}/agent.sock"],
        "NW-38 path-socket-repository": [f"{ground.repo}/s.sock"],
        "NW-38 path-socket-datagram": [f"{ground.repo}/d.sock"],
        "NW-38 session-sockets": [f"{ground.home}/runtime/{name}" for name in _SESSION],
        "NW-39 host-tmp-socket": tmp[:1],
        "NW-40 editor-sockets": tmp[1:],
    }
    for name, each in paths.items():
        for path in each:
            _listen_at(ground, name, path)
    for path in tmp:
        ground.undo.callback(os.unlink, path)
    return paths


@contextmanager
def short(path: str) -> Iterator[str]:
    """A name for a socket's path: sun_path holds 108 bytes, and the way to the ground may be longer."""
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{os.path.basename(path)}"
    finally:
        os.close(directory)


def _listen_at(ground: Ground, name: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    kind = _DATAGRAM if "datagram" in name else _STREAM
    with short(path) as address:
        ground.listeners.listen(ground, name, socket.AF_UNIX, kind, address)


def _plant_vsock(ground: Ground) -> int:
    """The port of a listener that this machine can reach itself; 0 where it has no such sockets, or no loopback."""
    try:
        listener = ground.listeners.listen(ground, "NW-43 vsock", _AF_VSOCK, _STREAM, (_ANY, _ANY))
        port: int = listener.getsockname()[1]
        with socket.socket(_AF_VSOCK, _STREAM) as ours:
            ours.settimeout(0.05)
            ours.connect((_LOCAL, port))
        listener.accept()[0].close()
    except OSError:
        return 0
    return port
