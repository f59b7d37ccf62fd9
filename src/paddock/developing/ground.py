"""What Paddock keeps of a repository's dev container between two starts, in its own state.

Which image was made from which files, which of its set-up commands have run, and the home of the person inside, where
set-up commands put what they install. All of it goes with `paddock devcontainer rm`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat

from paddock import state
from paddock.frozen import as_data, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.devcontainer.finding import Found

_LOCK = "devcontainer-lock.json"
_MOST_FILES, _LARGEST = 2000, 4 << 20


@frozen
class Made:
    """An image, and the digest of the files that it was made from."""

    image: str
    inputs: str


class Ground:
    """The directory of one configuration of one repository."""

    def __init__(self, found: Found) -> None:
        key = state.repository_key(found.folder)
        which = hashlib.sha256(os.fsencode(found.file)).hexdigest()[:16]
        self.place = f"{state.state_directory()}/devcontainers/{key}/{which}"

    def made(self) -> Made | None:
        """What was made last, if anything was."""
        import json

        try:
            with open(f"{self.place}/made", encoding="utf-8") as file:
                return Made(**json.load(file))
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, made: Made) -> None:
        """Remember what was made."""
        import json

        state.write_durably(state.make_private(self.place), "made", json.dumps(as_data(made)).encode())

    def allow(self, digest: str) -> None:
        """Remember that a person goes on without initializeCommand, for these very files."""
        state.write_durably(state.make_private(self.place), "without-initialize", digest.encode())

    def is_allowed(self, digest: str) -> bool:
        """Whether a person said so."""
        try:
            with open(f"{self.place}/without-initialize", encoding="ascii") as file:
                return file.read() == digest
        except (OSError, ValueError):
            return False

    def home(self, image: str) -> str:
        """The directory that is the home inside, for one image: another one has another home."""
        return f"{self._of(image)}/home"

    def _of(self, image: str) -> str:
        return f"{self.place}/{image[:16]}"

    def has_run(self, image: str, event: str) -> bool:
        """Whether a set-up command of that event has run to a good end for this image."""
        return os.path.exists(f"{self._of(image)}/{event}.done")

    def ran(self, image: str, event: str) -> None:
        """Remember that it has."""
        state.write_durably(state.make_private(self._of(image)), f"{event}.done", b"")

    def remove(self) -> bool:
        """Forget everything. False where there was nothing."""
        return _forget(self.place)


def fill(target: str, filling: Callable[[str], None]) -> None:
    """Make a private directory of what `filling` puts in: whole or not at all, unless somebody else has by then."""
    unfinished = f"{target}.{os.urandom(8).hex()}"
    os.mkdir(unfinished, 0o700)
    try:
        filling(unfinished)
        os.chmod(unfinished, 0o700)
        os.rename(unfinished, target)
    except OSError as error:
        _forget(unfinished)
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
    except BaseException:
        _forget(unfinished)
        raise


def _forget(path: str) -> bool:
    """Remove a directory that programs inside may have filled; False where it, or what it is in, is not there."""
    from paddock.workspace import removal

    above, name = os.path.split(path)
    try:
        opened = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        there = name in os.listdir(opened)
        removal.remove(opened, name)
    finally:
        os.close(opened)
    return there


def inputs(found: Found, more: tuple[str, ...] = (), *, lock: bool = True) -> str:
    """The digest of what a dev container is made from: its own directory, its file, and `more` files by their paths.

    What a Dockerfile copies from elsewhere in the repository is not in it: that is for a person to build again. Without
    the `lock` file of Features, which building writes.
    """
    digest = hashlib.sha256()
    for path in sorted({*_files(os.path.dirname(found.path)), found.path, *more}):
        if not lock and os.path.basename(path).endswith(_LOCK):
            continue
        digest.update(os.fsencode(os.path.relpath(path, found.folder)) + b"\0")
        digest.update(hashlib.sha256(_content(path)).digest())
    return digest.hexdigest()


def _files(directory: str) -> Iterator[str]:
    if os.path.basename(directory) != ".devcontainer" and f"{os.sep}.devcontainer{os.sep}" not in directory:
        return
    count = 0
    for above, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            yield f"{above}/{name}"


def _content(path: str) -> bytes:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"unreadable {error.errno}".encode()
    with open(opened, "rb") as file:
        return file.read(_LARGEST) if stat.S_ISREG(os.fstat(opened).st_mode) else b"no file"
