"""Where Paddock keeps what it must remember, and what lives only as long as a sandbox.

state    $XDG_STATE_HOME/paddock      change sets, trust, agents' own directories; survives reboots
runtime  $XDG_RUNTIME_DIR/paddock     live sandboxes; falls back to the state directory, never to /tmp,
                                      whose names others can guess (CVE-2026-46406)
config   $XDG_CONFIG_HOME/paddock     the person's policy

All are created with mode 0700 and must belong to the caller.
"""

from __future__ import annotations

import errno
import os
import stat

from paddock.errors import PaddockError
from paddock.shortage import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.shortage import Place

_LONGEST_KEY = 150
FLOOR = "/etc/paddock/policy.toml"


def home(environ: Mapping[str, str] = os.environ) -> str:
    """The caller's home directory: $HOME if absolute, else the password database."""
    named = environ.get("HOME", "")
    if named.startswith("/"):
        return named.rstrip("/") or "/"
    import pwd

    return pwd.getpwuid(os.getuid()).pw_dir


def _base(variable: str, default: str, environ: Mapping[str, str]) -> str:
    named = environ.get(variable, "")
    # The XDG base directory specification: relative values are to be ignored.
    return named.rstrip("/") if named.startswith("/") else f"{home(environ)}/{default}"


def state_directory(environ: Mapping[str, str] = os.environ) -> str:
    """Durable state."""
    return _base("XDG_STATE_HOME", ".local/state", environ) + "/paddock"


def config_directory(environ: Mapping[str, str] = os.environ) -> str:
    """The person's own policy lives here."""
    return _base("XDG_CONFIG_HOME", ".config", environ) + "/paddock"


def runtime_directory(environ: Mapping[str, str] = os.environ) -> str:
    """Live sandboxes."""
    named = environ.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/"):
        return named.rstrip("/") + "/paddock"
    return state_directory(environ) + "/run"


def preflight_directory(repository: str, environ: Mapping[str, str] = os.environ) -> str:
    """What scans of a repository (a real path) leave behind, the files that its person masked among it."""
    return f"{state_directory(environ)}/preflight/{repository_key(repository)}"


def places(environ: Mapping[str, str] = os.environ) -> tuple[Place, ...]:
    """The directories that Paddock needs, what each holds and which variable moves it; what errors name."""
    moved = environ.get("XDG_RUNTIME_DIR", "").startswith("/")
    runtime = (runtime_directory(environ), "the directory of live sandboxes", "XDG_RUNTIME_DIR")
    return (
        (state_directory(environ), "Paddock's state", "XDG_STATE_HOME"),
        *((runtime,) if moved else ()),
        (config_directory(environ), "your own policy", "XDG_CONFIG_HOME"),
    )


def write_durably(folder: str, name: str, content: bytes, *, mode: int = 0o600) -> None:
    """A file of our own in a private directory: whole or not at all, also across a power failure. Raises OSError."""
    from paddock.replacing import fill, whole

    with whole(f"{folder}/{name}", 0o600) as file:
        fill(file, content, mode)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def make_private(path: str) -> str:
    """Create a directory and its parents with mode 0700; refuse one that is not the caller's alone."""
    try:
        _make(path)
        found = os.lstat(path)
    except OSError as error:
        raise _not_made(path, error) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PaddockError(f"{path} is not a directory of yours", next_step=f"look at: ls -ld {path}")
    if found.st_mode & 0o777 != 0o700:  # noqa: PLR2004 - rwx for its owner alone
        os.chmod(path, 0o700)
    return path


def _not_made(path: str, error: OSError) -> PaddockError:
    known = places()
    inside = [place for place in known if path == place[0] or path.startswith(f"{place[0]}/")]
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        found = explained(error, inside or known, path)
        if found:
            return found
    variable = (inside or known)[0][2]
    return PaddockError(
        f"cannot create {path}",
        why=error.strerror or str(error),
        next_step=f"set {variable} to a directory that you can write",
    )


def _make(path: str) -> None:
    """os.makedirs gives its mode to the last directory only."""
    if not os.path.isdir(path):
        _make(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):  # else another Paddock made it meanwhile
                raise
        else:
            if os.lstat(path).st_mode & 0o700 != 0o700:  # noqa: PLR2004 - an umask that keeps its owner out
                os.chmod(path, 0o700)


def repository_key(path: str) -> str:
    """A directory name for a repository's state: readable, and distinct for every absolute path.

    A short path is written out, bytes that are no letter as %XX (so that no hash, whose library is slow to load,
    is needed at start); a long one ends in its SHA-256.
    """
    raw = os.fsencode(path)
    written = "".join(chr(byte) if chr(byte).isalnum() or byte in b"-_" else f"%{byte:02x}" for byte in raw[1:])
    if len(written) <= _LONGEST_KEY and written.isascii():
        return written or "%"  # the root directory; no other path is written so
    import hashlib

    base = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in os.path.basename(path))[:32]
    return f"{base}%%{hashlib.sha256(raw).hexdigest()[:32]}"
