"""gVisor's program on this machine, and which of its platforms works: by trying, once for each version and kernel.

A platform that a program offers may fail, or hang: kvm where the machine is itself a guest. What was found out is
remembered in Paddock's state.
"""

from __future__ import annotations

import os

from paddock.boundary.gvisor import Runsc
from paddock.errors import BoundaryUnavailable
from paddock.process import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.base import Availability

# The one that gVisor's own makers prefer first; kvm last, since trying it can take as long as the trial may last.
PLATFORMS = ("systrap", "ptrace", "kvm")
FIX = "install runsc as gvisor.dev/docs describes (a package of Debian, too)"
_REMEMBERED = "gvisor"


def find_program() -> str:
    """Where runsc is. Raises BoundaryUnavailable."""
    program = find("runsc")
    if program is None:
        raise BoundaryUnavailable(
            "gVisor is not installed",
            why="no program runsc in the system's directories",
            next_step=FIX,
            code="gvisor-missing",
        )
    return program


def find_runsc(attempt: Callable[[Runsc], str]) -> Runsc:
    """The program and a platform that works. `attempt` says what fails with one. Raises BoundaryUnavailable."""
    program = find_program()
    platform = remembered(program)
    if platform:
        return Runsc(program, platform)
    failures = {}
    for platform in PLATFORMS:
        failures[platform] = attempt(Runsc(program, platform))
        if not failures[platform]:
            remember(program, platform)
            return Runsc(program, platform)
    raise BoundaryUnavailable(
        "gVisor does not run here",
        why="\n".join(f"{platform}: {failure}" for platform, failure in failures.items()),
        next_step="paddock doctor --boundary gvisor",
        code="gvisor",
    )


def identity(program: str) -> str:
    """What tells this program from an update of it, under this kernel, for this user; without running it."""
    found = os.stat(program)
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {os.uname().release} {os.geteuid()}"


def remembered(program: str, environ: Mapping[str, str] = os.environ) -> str:
    """The platform that has worked with this program, or nothing."""
    from paddock.state import state_directory

    try:
        with open(f"{state_directory(environ)}/{_REMEMBERED}", encoding="utf-8") as file:
            known, _, platform = file.read().strip().partition("\n")
    except (FileNotFoundError, ValueError):
        return ""
    return platform if known == identity(program) and platform in PLATFORMS else ""


def remember(program: str, platform: str, environ: Mapping[str, str] = os.environ) -> None:
    """Keep what has worked."""
    from paddock.state import make_private, state_directory, write_durably

    content = f"{identity(program)}\n{platform}\n".encode()
    write_durably(make_private(state_directory(environ)), _REMEMBERED, content)


def judge(version: str, failures: Mapping[str, str]) -> Availability:
    """What to say of a machine where the platforms failed so; an empty text for one that works."""
    from paddock.boundary.base import Availability

    works = [platform for platform in PLATFORMS if failures.get(platform) == ""]
    fails = "; ".join(f"{platform}: {text}" for platform, text in failures.items() if text)
    if not works:
        return Availability(ok=False, reason=f"{version} does not run here ({fails})", fix=FIX)
    rest = f", {' and '.join(works[1:])} too" if works[1:] else ""
    return Availability(ok=True, reason=f"{version}: {works[0]} is used{rest}" + (f" ({fails})" if fails else ""))
