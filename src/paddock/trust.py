"""Which repositories' files a person trusts: the exact bytes of one file at one place.

A pin is a small JSON file in the state directory, named after the path, holding path and SHA-256. Any
change of the content and any other path voids it (CVE-2026-33068, CVE-2026-40068; probes PE-21, PE-22). A
pin that is damaged, or that somebody else could have written, counts for nothing.
"""

from __future__ import annotations

import os
import stat

from paddock import state
from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.sources import Document

_LARGEST_BYTES = 65536
_ENDING = ".json"


@frozen
class Pin:
    """Trust in one content of one file. `since` is UTC, as in 2026-01-31T12:00:00Z."""

    path: str
    sha256: str
    since: str


def digest(raw: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    import hashlib

    return hashlib.sha256(raw).hexdigest()


def is_trusted(document: Document | None, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether exactly these bytes at exactly this path are trusted."""
    if document is None or document.doubt:
        return False
    pin = _read(f"{_directory(environ)}/{_name(document.path)}")
    return pin is not None and pin.path == document.path and pin.sha256 == digest(document.raw)


def trust(document: Document, environ: Mapping[str, str] = os.environ) -> Pin:
    """Pin a file as it was read. Raises PaddockError when there is doubt about it or it cannot be kept."""
    if document.doubt:
        raise PaddockError(f"{document.path} cannot be trusted", why=document.doubt, code="trust")
    import json
    import time

    pin = Pin(document.path, digest(document.raw), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    state.make_private(state.state_directory(environ))
    folder = state.make_private(_directory(environ))
    data = {"schema": 1, "path": pin.path, "sha256": pin.sha256, "since": pin.since}
    try:
        state.write_durably(folder, _name(pin.path), json.dumps(data).encode("ascii") + b"\n")
    except OSError as error:
        raise PaddockError(f"trust cannot be kept in {folder}", why=error.strerror or str(error)) from error
    return pin


def revoke(path: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Forget the pin of a path; whether there was one."""
    try:
        os.unlink(f"{_directory(environ)}/{_name(path)}")
    except FileNotFoundError:
        return False
    return True


def pins(environ: Mapping[str, str] = os.environ) -> tuple[Pin, ...]:
    """All valid pins, by path."""
    folder = _directory(environ)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    found = [_read(f"{folder}/{name}") for name in names if name.endswith(_ENDING)]
    return tuple(sorted((pin for pin in found if pin), key=lambda pin: pin.path))


def _directory(environ: Mapping[str, str]) -> str:
    return f"{state.state_directory(environ)}/trust"


def _name(path: str) -> str:
    return state.repository_key(path) + _ENDING


def _read(path: str) -> Pin | None:
    try:
        if not _private(os.lstat(os.path.dirname(path))):
            return None
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    import json

    with open(opened, "rb") as file:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or not _private(found):
            return None
        try:
            data = json.loads(file.read(_LARGEST_BYTES))
        except (OSError, ValueError, RecursionError):
            return None
    values = [data.get(name) for name in ("path", "sha256", "since")] if isinstance(data, dict) else []
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(Pin.__annotations__) or data.get("schema") != 1:
        return None
    pin = Pin(*texts)
    return pin if os.path.basename(path) == _name(pin.path) else None


def _private(found: os.stat_result) -> bool:
    """Whether nobody but the caller could have written it."""
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
