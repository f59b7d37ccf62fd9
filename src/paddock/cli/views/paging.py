"""The person's pager, for what is longer than a screen: $PADDOCK_PAGER, $PAGER, or less where there is one.

It is the person's own program, but what it shows came from a sandbox: it is started without a shell, not in the
repository, and less cannot be talked into starting other programs or writing files (LESSSECURE, less(1)).
"""

from __future__ import annotations

import os

from paddock.process import SYSTEM_PATH, feed, find
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VARIABLES = ("PADDOCK_PAGER", "PAGER")
_LESS = "FRX"  # leave at once what fits on the screen, pass colours on, do not clear: git's choice
_NONE = ("", "cat")


def show(pieces: Iterable[bytes]) -> bool:
    """Show it all, and wait for the person; False where there is no pager, and nothing was taken from `pieces`."""
    argv = pager(os.environ)
    if argv is None:
        return False
    feed(argv, pieces, environment=environment(os.environ))
    return True


def pager(environ: Mapping[str, str]) -> list[str] | None:
    """The program and its arguments. None where nobody wants one, or there is none; a wrong one is told."""
    if environ.get("TERM") == "dumb":
        return None
    name = next((name for name in _VARIABLES if name in environ), None)
    if name is None:
        less = find("less")
        return [less, f"-{_LESS}"] if less else None
    if environ[name].strip() in _NONE:
        return None
    argv = words(environ[name], environ)
    if argv is None:
        complain(f"{name} names no program that is on your PATH: {environ[name]}")
    return argv


def words(command: str, environ: Mapping[str, str]) -> list[str] | None:
    """A command from a variable of the person's, with its program found; None where it is not to be found.

    Not a shell's: quotes mean what they mean there, nothing else does. A relative place on the PATH is passed over, it
    may be in the repository.
    """
    import shlex

    try:
        argv = shlex.split(command)
    except ValueError:  # a quote that does not end
        return None
    if not argv:
        return None
    places = [place for place in environ.get("PATH", "").split(":") if place.startswith("/")]
    if "/" in argv[0]:
        program = argv[0] if os.path.isabs(argv[0]) and os.access(argv[0], os.X_OK) else None
    else:
        program = find(argv[0], (*places, *SYSTEM_PATH))
    return [program, *argv[1:]] if program else None


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's own, with less in its secure mode."""
    kept = {name: value for name, value in environ.items() if name not in ("LESSOPEN", "LESSCLOSE")}
    return {"LESS": _LESS, "LV": "-c", **kept, "LESSSECURE": "1"}
