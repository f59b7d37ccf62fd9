"""The files of a repository that a person chose to mask after a scan: a layer of the policy that can only tighten.

It is the person's own, beside their policy, and lies in the state: no file of the repository is changed, and no
sandbox can reach it. Paths and not patterns, each ended by a NUL, so that any name can be written.
"""

from __future__ import annotations

import fcntl
import os

from paddock.errors import PolicyError
from paddock.policy.model import Layer, Origin, Setting, Text
from paddock.preflight import place
from paddock.state import preflight_directory, write_durably

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NAME = "masks"
WHERE = "paddock scan"
MOST = 1000  # as many as a plan takes
_HEAD = b"paddock masks 1\n"
_LARGEST_BYTES = 8 << 20
_ORIGIN = Origin("person", WHERE)


def layer(repository: str, environ: Mapping[str, str] = os.environ) -> Layer | None:
    """The masks as a layer of the policy, or None. A damaged file raises PolicyError: no masks would show more."""
    paths = read(repository, environ)
    if not paths:
        return None
    entries = tuple(Text(pattern(path), _ORIGIN) for path in paths)
    return Layer("person", WHERE, (Setting("workspace.mask", entries, _ORIGIN),))


def read(repository: str, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The masked paths, relative to the repository. Raises PolicyError."""
    file = _file(repository, environ)
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _damaged(file, error.strerror or str(error)) from None
    try:
        with open(opened, "rb", closefd=False) as source:
            raw = source.read(_LARGEST_BYTES + 1)
    except OSError as error:  # a directory, perhaps
        raise _damaged(file, error.strerror or str(error)) from None
    finally:
        os.close(opened)
    if not raw.startswith(_HEAD) or len(raw) > _LARGEST_BYTES or not raw.endswith((b"\0", _HEAD)):
        raise _damaged(file, "it is not as Paddock writes it")
    return tuple(map(os.fsdecode, raw[len(_HEAD) :].split(b"\0")[:-1]))


def write(repository: str, paths: Iterable[str], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Have exactly these paths be masked, in one step; returns them in order. Raises PaddockError, OSError."""
    chosen = tuple(sorted(set(paths)))
    if len(chosen) > MOST:
        raise PolicyError(
            f"{len(chosen)} masked files are more than {MOST}",
            why="each of them is a mount",
            next_step='mask their directories: [workspace] mask = ["config/secrets"] in paddock.toml',
        )
    content = _HEAD + b"".join(os.fsencode(path) + b"\0" for path in chosen)
    write_durably(place.make(repository, environ), NAME, content)
    return chosen


def change(
    repository: str, others: Callable[[tuple[str, ...]], Iterable[str]], environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Have what `others` makes of the masks that there are; two who change them at once do it one after the other.

    Raises what `others`, `read` and `write` do.
    """
    held = os.open(place.make(repository, environ), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        return write(repository, others(read(repository, environ)), environ)
    finally:
        os.close(held)


def pattern(path: str) -> str:
    """A pattern that matches exactly this path of the repository."""
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in path)
    return f"./{escaped}" if escaped.startswith("~") else escaped


def _file(repository: str, environ: Mapping[str, str]) -> str:
    return f"{preflight_directory(repository, environ)}/{NAME}"


def _damaged(file: str, why: str) -> PolicyError:
    return PolicyError(
        "the masks that were chosen after a scan cannot be read",
        why=f"{file}: {why}",
        next_step=f"rm {file} && paddock scan --mask",
    )
