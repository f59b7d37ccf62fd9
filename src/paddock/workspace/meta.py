"""What a change set remembers about itself, in one small file beside its upper directory.

Names and values in turn, each ended by a NUL byte, which no path holds: `json` would cost every start more to
import than the rest of `claim`.
"""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import as_data, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    State = Literal["open", "filled", "held"]

SCHEMA = 1
NAME = "meta"
_LAST = "end"  # a file without it is torn
_LIMIT_BYTES = 1 << 16
_BOOT = "/proc/sys/kernel/random/boot_id"


@frozen
class Meta:
    """`begun_ns` is when its last session began, by the file system's clock, which stamps the host's files too.

    `state` is "open" from claim to release, "filled" where no sandbox writes in it but Paddock itself; finding either
    without a lock means that Paddock was killed.
    Device numbers hold until the next boot only, so `boot` is kept with them.
    """

    repository: str
    device: int = 0
    inode: int = 0
    boot: str = ""
    created_ns: int = 0
    begun_ns: int = 0
    used_ns: int = 0
    state: State = "open"
    schema: int = SCHEMA


def boot_id() -> str:
    """The running kernel's boot, or nothing where /proc does not say."""
    try:
        with open(_BOOT, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def belongs(meta: Meta, root: os.stat_result) -> bool:
    """Whether a repository's root is the directory that the change set was made over."""
    if not meta.inode:
        return True  # its meta was lost with the power; the path is all we have
    if meta.inode != root.st_ino:
        return False
    return meta.boot != boot_id() or meta.device == root.st_dev


def read(directory: int, repository: str = "") -> Meta:
    """The meta of a change set. A lost or torn one gives a `Meta` that knows no time, so every doubt is a conflict.

    Raises WorkspaceError for a later schema than ours.
    """
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return Meta(repository)
    try:
        content = os.read(descriptor, _LIMIT_BYTES)
    finally:
        os.close(descriptor)
    *parts, rest = [os.fsdecode(part) for part in content.split(b"\0")]
    given = dict(zip(parts[::2], parts[1::2], strict=False))
    if rest or len(parts) % 2 or given.get(_LAST) != "":
        return Meta(repository)  # torn, or nothing of ours
    if given.get("schema") != str(SCHEMA):
        raise WorkspaceError(
            "a change set was written by another version of Paddock",
            why=f"this one knows schema {SCHEMA}",
            next_step="use that version to apply or discard it",
        )
    try:
        return Meta(**{name: type(value)(given[name]) for name, value in as_data(Meta(repository)).items()})
    except (KeyError, ValueError):
        return Meta(repository)


def write(directory: int, meta: Meta, *, durable: bool = False) -> None:
    """Replace the meta file in one step; `durable` waits for the disk."""
    descriptor = _fresh(directory)
    try:
        os.write(descriptor, b"".join(os.fsencode(part) + b"\0" for part in (*_pairs(meta), _LAST, "")))
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(f".{NAME}", NAME, src_dir_fd=directory, dst_dir_fd=directory)


def now_ns(directory: int) -> int:
    """The time as the file system's stamps have it: what is written later is stamped this or more.

    Kernels from 6.13 on hand out finer stamps to files that somebody looked at (multigrain timestamps); the
    second change, after the look, is the one that no earlier stamp can equal.
    """
    descriptor = _fresh(directory)
    try:
        os.fstat(descriptor)
        os.fchmod(descriptor, 0o600)
        return os.fstat(descriptor).st_ctime_ns
    finally:
        os.close(descriptor)


def _fresh(directory: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(f".{NAME}", flags, 0o600, dir_fd=directory)
    os.fchmod(descriptor, 0o600)  # whatever the umask is
    return descriptor


def _pairs(meta: Meta) -> Iterator[str]:
    for name, value in as_data(meta).items():
        yield from (name, str(value))
