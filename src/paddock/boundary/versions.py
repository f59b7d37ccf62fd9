"""Of which version a boundary's own programs are: for a proof, since an update of one may change what holds."""

from __future__ import annotations

from paddock.boundary import engine
from paddock.errors import PaddockError
from paddock.process import SYSTEM_PATH, find, run

_TIMEOUT_S = 10.0
UNKNOWN = "unknown"


def versions(boundary: str) -> dict[str, str]:
    """By name, each program that this boundary has here; Landlock is the kernel's own, and has none."""
    if boundary == "podman":
        return _of_engine()
    program = {"bubblewrap": "bwrap", "gvisor": "runsc"}.get(boundary, "")
    path = find(program) if program else None
    return {boundary: _asked(path)} if path else {}


def _of_engine() -> dict[str, str]:
    try:
        found = engine.find_engine()
        said = {found.name: _last(engine.version(found).text)}
    except PaddockError:  # without one there is no sandbox, which is told where one is made
        return {}
    return {**said, found.runtime.rpartition("/")[2]: _asked(found.runtime)} if found.runtime else said


def _asked(program: str) -> str:
    try:
        done = run(
            (program, "--version"),
            environment={"PATH": ":".join(SYSTEM_PATH), "LANG": "C.UTF-8"},
            timeout_s=_TIMEOUT_S,
        )
    except PaddockError:
        return UNKNOWN
    return _last(done.stdout.decode("utf-8", "replace"))


def _last(said: str) -> str:
    """As all of them say it: "bubblewrap 0.8.0", "runc version 1.1.5", and more lines that tell of its parts."""
    words = said.partition("\n")[0].split()
    return words[-1] if words else UNKNOWN
