"""Where a repository's scan is remembered, and whether its person was asked already. Small: a start looks here."""

from __future__ import annotations

import os
from contextlib import suppress

from paddock import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def base(environ: Mapping[str, str] = os.environ) -> str:
    """STATE/preflight, which also holds what the detector compiles from its rules."""
    return f"{state.state_directory(environ)}/preflight"


def make(repository: str, environ: Mapping[str, str] = os.environ) -> str:
    """The directory, made with mode 0700 where it is not there yet. Raises PaddockError."""
    state.make_private(state.state_directory(environ))
    state.make_private(base(environ))
    return state.make_private(state.preflight_directory(repository, environ))


def was_asked(repository: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a person has seen a report on this very directory; another one in its place is new to us."""
    return os.path.lexists(f"{state.preflight_directory(repository, environ)}/{_mark(repository)}")


def note_asked(repository: str, environ: Mapping[str, str] = os.environ) -> None:
    """Remember it. Raises PaddockError where the state cannot be written."""
    place = make(repository, environ)
    for name in os.listdir(place):
        if name.startswith("asked.") and name != _mark(repository):
            with suppress(OSError):
                os.unlink(f"{place}/{name}")
    os.close(os.open(f"{place}/{_mark(repository)}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def _mark(repository: str) -> str:
    return f"asked.{os.stat(repository).st_ino}"
