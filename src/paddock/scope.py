"""A control group from the person's own systemd, where the caller's cannot hold limits.

A shell that came through login(1) or ssh lives in a session scope that belongs to root. systemd's user manager
gives any command a scope of its own and, with Delegate=yes, the right to make groups below it
(systemd.resource-control(5)). A process cannot move there by itself, so Paddock starts itself again in one.
"""

from __future__ import annotations

import os
import sys

from paddock.kernel import cgroups
from paddock.process import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "PADDOCK_IN_SCOPE"


def enter() -> None:
    """Start again inside a delegated scope if that brings limits and is possible; else return and change nothing.

    Call it first in a command that starts processes inside a sandbox.
    """
    if os.environ.pop(MARK, ""):
        cgroups.settle_in_delegated()
        return
    program = find("systemd-run")
    if program and wanted(os.environ, os.geteuid(), unified=cgroups.is_unified()) and cgroups.find() is None:
        os.execve(program, command(program, sys.argv[1:]), {**os.environ, MARK: "1"})


def wanted(environ: Mapping[str, str], uid: int, *, unified: bool) -> bool:
    """Whether a user manager is there to ask: its sockets exist, and control groups are version 2."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return (
        unified
        and uid != 0
        and runtime.startswith("/")
        and os.path.exists(f"{runtime}/systemd/private")
        and os.path.exists(f"{runtime}/bus")
    )


def command(program: str, arguments: Sequence[str]) -> list[str]:
    """The command line that runs Paddock again, with the same interpreter, in a scope that systemd forgets at once."""
    scope = [program, "--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--"]
    return [*scope, sys.executable, "-m", "paddock", *arguments]
