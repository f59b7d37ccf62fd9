"""Live sandboxes: a private directory for each, held by a lock for exactly as long as its Paddock lives.

The lock is a POSIX record lock: the kernel drops it with the process, however that ends, children do not
inherit it, and it names its holder. So "is it alive" and "which process" have one answer without guessing
from pids.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from contextlib import suppress

from paddock.errors import PaddockError, SessionError
from paddock.frozen import frozen
from paddock.kernel import cgroups
from paddock.state import make_private, runtime_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_FLOCK = "hhqqi"  # struct flock of fcntl(2) on 64-bit Linux
_MAX_TRIES = 1000
_LOCK = "lock"
# A Python literal of dictionaries, lists, text and numbers: `json` would cost every start two milliseconds.
_DESCRIPTION = "session"


@frozen
class Entry:
    """A sandbox's directory as found; `holder` is its Paddock's pid, 0 when that is gone."""

    name: str
    directory: str
    holder: int

    def data(self) -> dict[str, Any]:
        """What its Paddock wrote about it; empty while it is starting."""
        from ast import literal_eval

        try:
            with open(f"{self.directory}/{_DESCRIPTION}", encoding="utf-8") as file:
                found = literal_eval(file.read())
        except (FileNotFoundError, ValueError, SyntaxError):
            return {}
        if not isinstance(found, dict):
            return {}
        # One that was killed may have had the name before, and its PID 1 be anybody's by now.
        return {} if self.holder and found.get("pid", self.holder) != self.holder else found


class Live:
    """Our own sandbox's directory, while we hold it."""

    def __init__(self, name: str, directory: str, lock: int) -> None:
        self.name = name
        self.directory = directory
        self._lock = lock

    def describe(self, data: Mapping[str, object]) -> None:
        """Write what other commands need to find and to enter the sandbox."""
        temporary = f"{self.directory}/{_DESCRIPTION}.new"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(ascii(data))
        os.rename(temporary, f"{self.directory}/{_DESCRIPTION}")

    def remove(self) -> None:
        """Forget the sandbox."""
        _remove_held(self.directory)
        os.close(self._lock)

    def let_go(self) -> None:
        """Leave the name to others, and what one before us has left in its directory."""
        if os.listdir(self.directory) == [_LOCK]:
            _remove_held(self.directory)
        os.close(self._lock)


def live_directory() -> str:
    """Where the directories of live sandboxes are."""
    return runtime_directory() + "/live"


def claim(wanted: str, *, exact: bool) -> Live:
    """Take a name. A name that is in use gets a number added, or is refused when it must be `exact`.

    An exact name is a person's: raises Usage for one that is no name, such as a path that leads elsewhere.
    """
    if exact:
        from paddock.workspace.naming import validate

        validate(wanted)
    base = make_private(live_directory())
    for number in range(1, _MAX_TRIES):
        name = wanted if number == 1 or exact else f"{wanted}-{number}"
        try:
            taken = _take(name, f"{base}/{name}")
        except FileNotFoundError:  # cleared away in between
            continue
        if taken:
            return taken
        if exact:
            raise SessionError(
                f"a sandbox named {name} is running",
                code="name-in-use",
                next_step=f"paddock exec {name} -- …   or: paddock kill {name}",
            )
    raise SessionError(f"no free name like {wanted}", next_step="paddock ps")


def hold(name: str) -> Live | None:
    """The name of a sandbox that is gone, so that nobody begins under it. None where somebody has it."""
    with suppress(FileNotFoundError):
        return _take(name, f"{live_directory()}/{name}")
    return None


def _take(name: str, directory: str) -> Live | None:
    """None where somebody else has it. FileNotFoundError where that one is letting go of it."""
    _make(directory)
    lock = _open_lock(directory)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_nlink:  # not removed under our feet
            return Live(name, directory, lock)
    except BlockingIOError:
        os.close(lock)
        return None
    os.close(lock)
    raise FileNotFoundError(directory)


def _make(directory: str) -> None:
    """Make a sandbox's directory. FileNotFoundError where another Paddock is taking it away."""
    try:
        make_private(directory)
    except PaddockError as error:
        if isinstance(error.__cause__, FileExistsError | FileNotFoundError) and not _is_in_the_way(directory):
            raise FileNotFoundError(directory) from None
        raise


def _is_in_the_way(path: str) -> bool:
    """Whether something is there that is no directory."""
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _open_lock(directory: str) -> int:
    return os.open(f"{directory}/{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def readable(directory: str) -> str:
    """What a sandbox of a directory could be called: its last part, as far as a name may have that; or nothing."""
    base = os.path.basename(directory).lower()
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in base).strip("-")[:24]


def entries() -> tuple[Entry, ...]:
    """All directories, live and left over, by name. What is no directory is left over: nobody can hold it."""
    try:
        names = sorted(os.listdir(live_directory()))
    except FileNotFoundError:
        return ()
    return tuple(Entry(name, f"{live_directory()}/{name}", _holder(f"{live_directory()}/{name}")) for name in names)


def group_name(name: str) -> str:
    """What a sandbox's control group is called: no other runtime directory's sandbox has the same."""
    return cgroups.owned(live_directory(), name)


def remove_dead(entry: Entry) -> bool:
    """Forget a sandbox whose Paddock is gone. False, and nothing done, when somebody took its name meanwhile."""
    if os.path.islink(entry.directory):  # nothing of ours is one, and nothing behind it either
        os.unlink(entry.directory)
        return True
    try:
        if _is_gone(entry.directory):  # it was killed between two calls of `claim`
            return True
        lock = _open_lock(entry.directory)
    except FileNotFoundError:
        return True
    except NotADirectoryError:  # somebody's, where only our directories belong
        os.unlink(entry.directory)
        return True
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_nlink:  # else another one has removed it, and the name may be somebody's
            _remove_held(entry.directory)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove_held(directory: str) -> None:
    """Remove the directory of a sandbox whose lock we hold."""
    for path in _within(directory):
        if os.path.basename(path) != _LOCK:
            _remove(path)
    # Last: from here on the name may be taken by somebody else, and what is in the directory is theirs.
    _remove(f"{directory}/{_LOCK}")
    _is_gone(directory)


def _is_gone(directory: str) -> bool:
    """Remove a directory if there is nothing in it. Whether it is gone."""
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def find(name: str) -> Entry:
    """The live sandbox of that name. Raises SessionError when there is none."""
    for entry in entries():
        if entry.name == name and entry.holder:
            return entry
    known = ", ".join(entry.name for entry in entries() if entry.holder)
    raise SessionError(
        f"no live sandbox named {name}",
        code="no-such-sandbox",
        why=f"live now: {known}" if known else "none is live",
        next_step="paddock ps",
    )


def is_held(directory: str) -> bool:
    """Whether the Paddock of the sandbox with that directory lives."""
    return bool(directory) and _holder(directory) != 0


def _holder(directory: str) -> int:
    try:
        lock = os.open(f"{directory}/{_LOCK}", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        answer = fcntl.fcntl(lock, fcntl.F_GETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, _, _, _, pid = struct.unpack(_FLOCK, answer)
        return 0 if kind == fcntl.F_UNLCK else int(pid)
    finally:
        os.close(lock)


def remove_directory(directory: str) -> None:
    """Remove a directory of plain files, and of directories of such. Others may be at the same work."""
    for path in _within(directory):
        _remove(path)
    with suppress(FileNotFoundError):
        os.rmdir(directory)


def _within(directory: str) -> list[str]:
    with suppress(FileNotFoundError):
        return [f"{directory}/{name}" for name in os.listdir(directory)]
    return []


def _remove(path: str) -> None:
    if not os.path.islink(path) and os.path.isdir(path):
        remove_directory(path)
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)
