"""The last proof of each policy under each boundary. Damaged ones count for nothing, and the oldest go first."""

from __future__ import annotations

import os
from contextlib import suppress

from paddock import state
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.proofs import files, key
from paddock.proofs.envelope import LARGEST_BYTES, verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.probes.proof import Proof

MOST = 64
_ENDING = ".json"


@frozen
class Kept:
    """One that is kept: the proof, or why it counts for nothing."""

    path: str
    proof: Proof | None
    why: str = ""


def keep(sealed: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> str:
    """Keep a signed proof in place of the one before it; its path. Raises PaddockError."""
    import json

    subject = sealed["proof"]["subject"]
    folder = state.make_private(key.directory(environ))
    name = _name(subject["policy_hash"], subject["boundary"])
    try:
        state.write_durably(folder, name, json.dumps(sealed).encode("ascii"))
        _drop_oldest(folder)
    except OSError as error:
        raise PaddockError(f"the proof cannot be kept in {folder}", why=error.strerror or str(error)) from error
    return f"{folder}/{name}"


def last(policy_hash: str, boundary: str, environ: Mapping[str, str] = os.environ) -> Kept | None:
    """The last proof of a policy under a boundary, signed by this machine; None where there is none."""
    path = f"{key.directory(environ)}/{_name(policy_hash, boundary)}"
    return _read(path, environ) if os.path.lexists(path) else None


def newest(environ: Mapping[str, str] = os.environ) -> Proof | None:
    """The newest good one of all, whatever it is about."""
    folder = key.directory(environ)
    for _, name in sorted(_dated(folder), reverse=True):
        found = _read(f"{folder}/{name}", environ).proof
        if found:
            return found
    return None


def _name(policy_hash: str, boundary: str) -> str:
    """Neither of the two comes from outside, and neither may lead elsewhere."""
    if not (policy_hash.isalnum() and boundary.isalnum()):
        raise ValueError(policy_hash, boundary)
    return f"{policy_hash}-{boundary}{_ENDING}"


def _read(path: str, environ: Mapping[str, str]) -> Kept:
    try:
        _, raw = files.content(path, LARGEST_BYTES + 1)
    except OSError as error:
        return Kept(path, None, error.strerror or str(error))
    try:
        own = key.public_key(environ)
        found = verify(raw, [own] if own else []).proof
    except PaddockError as error:
        return Kept(path, None, f"{error.what}: {error.why}")
    subject = found.subject
    if os.path.basename(path) != f"{subject.policy_hash}-{subject.boundary}{_ENDING}":
        return Kept(path, None, "it is about something else than its name says")
    return Kept(path, found)


def _dated(folder: str) -> list[tuple[int, str]]:
    """When each was written, and its name."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(_ENDING) and not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for name in names:
        with suppress(FileNotFoundError):  # dropped meanwhile, by another proof
            found.append((os.lstat(f"{folder}/{name}").st_mtime_ns, name))
    return found


def _drop_oldest(folder: str) -> None:
    for _, name in sorted(_dated(folder))[:-MOST]:
        with suppress(FileNotFoundError):  # two that end at the same time drop the same
            os.unlink(f"{folder}/{name}")
