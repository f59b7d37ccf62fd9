"""Files out of an image: through a container that is made of it, never runs, and goes again.

A guard sees to that, also when Paddock is killed meanwhile; with the volumes that an image asks for, which an engine
makes for each of its containers and does not remove by itself.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager

from paddock.boundary import engine
from paddock.boundary.guard import Commands, Guard
from paddock.errors import PaddockError
from paddock.process import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.boundary.engine import Engine

_TIMEOUT_S = 60.0
_LONGEST = 1 << 20
_TAR_BLOCKS = 1 << 14  # headers around one file (tar(5))
_LOCK = "taking"
_NONE_THERE = ("could not be found", "no such file", "Could not find the file")  # the last is Docker's


def text(identifier: str, path: str) -> str:
    """A small file of an image, or nothing."""
    import tarfile

    found = engine.find_engine()
    with _still(found, identifier) as name:
        content = _first_bytes((*engine.words(found), "cp", f"{name}:{path}", "-"))
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isreg() and member.size <= _LONGEST else None
                return opened.read().decode("utf-8", "replace") if opened else ""
    except tarfile.TarError:  # an image for one program has no such file; or what is there has no end
        return ""
    return ""


def copy(identifier: str, source: str, target: str) -> None:
    """Copy what is in a directory of an image to `target`, which is there; nothing where the image has none.

    The files belong to the caller there, who is the person inside.
    """
    found = engine.find_engine()
    with _still(found, identifier) as name:
        words = (*engine.words(found), "cp", f"{name}:{source}/.", target)
        done = run(words, environment=engine.environment(engine.settings()), timeout_s=_TIMEOUT_S)
    said = done.stderr.decode("utf-8", "replace")
    if done.status and not any(none in said for none in _NONE_THERE):
        raise engine.failure(said, found)


@contextmanager
def _still(found: Engine, identifier: str) -> Iterator[str]:
    """The name of a container of an image, for as long as it is needed. Raises PaddockError."""
    from paddock.state import make_private, state_directory

    name = f"paddock-take-{os.urandom(8).hex()}"
    place = make_private(f"{state_directory()}/images")
    complaints = os.memfd_create("complaints")
    commands = Commands(
        run=(
            *engine.words(found),
            *("create", "--pull", "never", "--network", "none", "--name", name, identifier, "/true"),
        ),
        remove=engine.removal(found, name),
        environment=engine.environment(engine.settings()),
        pid_file="",  # it has no process
        lock=f"{place}/{_LOCK}",
    )
    try:
        guard = Guard(commands, complaints)
        try:
            status = guard.status(_TIMEOUT_S)
            if status is None:
                raise PaddockError(
                    f"{found.name} did not make a container in {_TIMEOUT_S:g} seconds",
                    why="it is still at work, or hangs",
                    next_step=engine.revive(found),
                    code="podman-hangs",
                )
            if status:
                raise engine.failure(os.pread(complaints, 1 << 16, 0).decode("utf-8", "replace"), found)
            yield name
        finally:
            guard.release(gone=False)
    finally:
        os.close(complaints)


def _first_bytes(argv: tuple[str, ...]) -> bytes:
    """What a program writes, up to as much as a small file takes: an image decides how much there is."""
    from threading import Thread

    hearing, telling = os.pipe()
    pieces: list[bytes] = []

    def hear() -> None:
        left = _LONGEST + _TAR_BLOCKS
        while left > 0 and (piece := os.read(hearing, min(left, 1 << 16))):
            pieces.append(piece)
            left -= len(piece)
        os.close(hearing)  # whoever has more to say is ended by that

    listener = Thread(target=hear)
    listener.start()
    try:
        run(argv, environment=engine.environment(engine.settings()), stdout=telling, timeout_s=_TIMEOUT_S)
    finally:
        os.close(telling)
        listener.join()
    return b"".join(pieces)
