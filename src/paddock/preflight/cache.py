"""What earlier scans know of files that have not changed since. Damaged or of another detector, it counts for nothing.

One file: a line that names the format, the detector and the SHA-256 of the rest; the secrets found, as JSON; then
the identities, 16 bytes each, of the files in which there was nothing, and of those that are no text. No secret
and no part of one is in it, and no path.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock.frozen import frozen, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.preflight.findings import Certainty

NAME = "cache"
LARGEST_BYTES = 64 << 20
_FORMAT = "paddock-preflight-2"
_IDENTITY_BYTES = 16


@frozen
class Secret:
    """Something that the detector takes for a secret, without the secret."""

    line: int
    rule: str
    length: int
    certainty: Certainty


@frozen
class Seen:
    """What was learnt of one file: its secrets, or that it is no text."""

    secrets: tuple[Secret, ...] = ()
    binary: bool = False


NOTHING = Seen()
BINARY = Seen(binary=True)


def load(directory: str, detector: str) -> dict[bytes, Seen]:
    """What is known, by identity; empty where there is no cache of this detector's, or it is damaged."""
    import hashlib
    import json

    raw = _read(f"{directory}/{NAME}")
    head, _, body = raw.partition(b"\n")
    if head != _head(detector, hashlib.sha256(body).hexdigest()):
        return {}
    try:
        text, _, rest = body.partition(b"\n")
        data = json.loads(text)
        clean = data["clean"] * _IDENTITY_BYTES
        known: dict[bytes, Seen] = {
            bytes.fromhex(key): Seen(tuple(Secret(*row) for row in rows)) for key, rows in data["found"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    known |= dict.fromkeys(_pieces(rest[:clean]), NOTHING)
    known |= dict.fromkeys(_pieces(rest[clean:]), BINARY)
    return known


def save(directory: str, detector: str, known: Mapping[bytes, Seen]) -> None:
    """Replace the cache in one step. Raises OSError; the old one then stays."""
    import hashlib
    import json

    found = {key.hex(): [values_of(one) for one in seen.secrets] for key, seen in known.items() if seen.secrets}
    clean = [key for key, seen in known.items() if not seen.secrets and not seen.binary]
    binary = [key for key, seen in known.items() if seen.binary]
    body = json.dumps({"clean": len(clean), "found": found}).encode() + b"\n" + b"".join((*clean, *binary))
    temporary = f"{directory}/.{NAME}.{os.getpid()}"
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with open(opened, "wb") as file:
            file.write(_head(detector, hashlib.sha256(body).hexdigest()) + b"\n" + body)
        os.rename(temporary, f"{directory}/{NAME}")
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _head(detector: str, digest: str) -> bytes:
    return f"{_FORMAT} {detector} {digest}".encode()


def _pieces(identities: bytes) -> list[bytes]:
    return [identities[at : at + _IDENTITY_BYTES] for at in range(0, len(identities), _IDENTITY_BYTES)]


def _read(path: str) -> bytes:
    """All of a file that is nobody else's; nothing where there is none, or one that no scan of ours would write."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        found = os.fstat(opened)
        others = found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(found.st_mode) or others or found.st_size > LARGEST_BYTES:
            return b""
        with open(opened, "rb", closefd=False) as file:
            return file.read(LARGEST_BYTES)
    except OSError:
        return b""
    finally:
        os.close(opened)
