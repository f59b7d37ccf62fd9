"""What a change set remembers about itself, in one small JSON file beside its upper directory.

Written by hand and read with `json` only where one exists: the import costs more than the rest of `claim`.
"""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import as_data, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    State = Literal["open", "held"]

SCHEMA = 1
NAME = "meta"
_BOOT = "/proc/sys/kernel/random/boot_id"


@frozen
class Meta:
    """`begun_ns` is when its last session began, by the file system's clock, which stamps the host's files too.

    `state` is "open" from claim to release; finding that without a lock means that Paddock was killed.
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
        with open(_BOOT, encoding="ascii") as file:
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
    import json

    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return Meta(repository)
    with open(descriptor, encoding="ascii", errors="replace") as file:
        text = file.read(1 << 16)
    try:
        data = json.loads(text)
    except ValueError:
        return Meta(repository)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise WorkspaceError(
            "a change set was written by another version of Paddock",
            why=f"this one knows schema {SCHEMA}",
            next_step="use that version to apply or discard it",
        )
    return Meta(**{key: data[key] for key in data if key in Meta.__annotations__})


def write(directory: int, meta: Meta, *, durable: bool = False) -> None:
    """Replace the meta file in one step; `durable` waits for the disk."""
    descriptor = _fresh(directory)
    try:
        os.write(descriptor, _json(meta))
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


def _json(meta: Meta) -> bytes:
    pairs = (f'"{key}": {value if isinstance(value, int) else _string(value)}' for key, value in as_data(meta).items())
    return ("{" + ", ".join(pairs) + "}\n").encode("ascii")


def _string(text: str) -> str:
    """JSON (RFC 8259, section 7), bytes that are not UTF-8 as the lone surrogates that stand for them."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character.isascii() and character.isprintable() and character not in '"\\':
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place] << 8 | units[place + 1]:04x}" for place in range(0, len(units), 2))
