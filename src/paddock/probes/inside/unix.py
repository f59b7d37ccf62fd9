"""Sockets of the host that are names and files: abstract ones, those in directories, and those that were left open."""

from __future__ import annotations

import os
import socket

from paddock.probes.inside.effects import Given, row

_TOPS = ("/run", "/var/run", "/tmp", "/var/tmp")


def _send(kind: int, address: str | bytes) -> list[str]:
    """The host counts what arrives; a connection alone proves nothing."""
    with socket.socket(socket.AF_UNIX, kind) as ours:
        ours.settimeout(2)
        ours.connect(address)
        ours.send(b"reached")
    return []


def _each(paths: list[str]) -> list[str]:
    """By directory: sun_path holds 108 bytes, and a path may be longer."""
    for path in paths:
        try:
            os.chdir(os.path.dirname(path))
            _send(socket.SOCK_STREAM, os.path.basename(path))
        except OSError:
            continue
    return []


def answering(*tops: str) -> list[str]:
    """Which sockets below these directories somebody listens at. Nothing is sent to them."""
    found = []
    for top in tops:
        for directory, _, names in os.walk(top):
            for name in names:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
                    if ours.connect_ex(f"{directory}/{name}"[:107]) == 0:
                        found.append(f"reached {directory}/{name}")
    return found


@row("NW-37 abstract-socket")
def abstract(given: Given) -> list[str]:
    return _send(socket.SOCK_STREAM, b"\0" + given["abstract"].encode())


@row("NW-38 path-socket-home")
def home(given: Given) -> list[str]:
    return _each(given["sockets"]["NW-38 path-socket-home"])


@row("NW-38 session-sockets")
def session(given: Given) -> list[str]:
    return _each(given["sockets"]["NW-38 session-sockets"])


@row("NW-38 path-socket-repository")
def repository(given: Given) -> list[str]:
    return _send(socket.SOCK_STREAM, "s.sock")


@row("NW-38 path-socket-datagram")
def datagram(given: Given) -> list[str]:
    return _send(socket.SOCK_DGRAM, "d.sock")


@row("NW-38 any-socket")
def any_socket(given: Given) -> list[str]:
    """Whatever sockets are in the file system outside the repository, none answers."""
    return answering(*_TOPS, given.home)


@row("NW-39 host-tmp-socket")
def tmp(given: Given) -> list[str]:
    return _each(given["sockets"]["NW-39 host-tmp-socket"])


@row("NW-40 editor-sockets")
def editors(given: Given) -> list[str]:
    return _each(given["sockets"]["NW-40 editor-sockets"])


@row("NW-41 inherited-socket-fd")
def inherited(given: Given) -> list[str]:
    return [f"saw {word}" for word in given["at start"] if "socket:" in word]
