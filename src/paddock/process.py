"""The one place that starts host programs: explicit environment, absolute program, closed descriptors."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Programs of ours are looked up here and nowhere else, never in the caller's PATH: a repository's
# directory may be on it.
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@frozen
class Finished:
    """A program that ran to its end. `status` is its exit code, or minus the signal."""

    status: int
    stdout: bytes
    stderr: bytes


def find(name: str, directories: Sequence[str] = SYSTEM_PATH) -> str | None:
    """The absolute path of a program in the system's directories, or None."""
    for directory in directories:
        path = f"{directory}/{name}"
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: str = "/",
    stdin: bytes = b"",
    timeout_s: float = 30,
) -> Finished:
    """Run a program to its end and collect its output.

    `argv[0]` must be absolute. Raises PaddockError when it cannot start or exceeds `timeout_s`.
    """
    import subprocess

    if not os.path.isabs(argv[0]):
        message = f"not an absolute program: {argv[0]!r}"
        raise ValueError(message)
    try:
        done = subprocess.run(  # no shell, absolute program, explicit environment
            list(argv),
            env=dict(environment),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            close_fds=True,
        )
    except subprocess.TimeoutExpired as error:
        raise PaddockError(f"{argv[0]} did not end within {timeout_s:g} s") from error
    except OSError as error:
        raise PaddockError(f"{argv[0]} could not be started", why=str(error)) from error
    return Finished(done.returncode, done.stdout, done.stderr)
