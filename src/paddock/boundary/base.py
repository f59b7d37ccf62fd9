"""What every boundary is: availability, gaps, start.

A boundary reads a plan and nothing else. What it cannot enforce is a gap with a name; a plan with a gap
does not run unless a person accepted that gap by name.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from paddock.kernel.namespaces import Namespaces
    from paddock.plan.model import Plan
else:
    Protocol = object

STRENGTH = ("landlock", "bubblewrap", "podman", "gvisor", "microvm")


@frozen
class Availability:
    """Whether a boundary works on this machine, found out by trying it."""

    ok: bool
    reason: str = ""
    fix: str = ""


@frozen
class Gap:
    """A promise of the plan that this boundary cannot keep on this machine.

    `acceptable` is false where accepting would mean running something else than was asked for; then
    `instead` says what to ask for.
    """

    name: str
    promise: str
    why: str
    instead: str = ""
    acceptable: bool = True


@frozen
class Ended:
    """How a command ended. Exactly one of `code` and `signal` is set."""

    code: int | None
    signal: int | None


class Child(Protocol):
    """A command inside a sandbox, as a child process of ours."""

    pid: int  # of our direct child, which reports the command's end
    terminal: int | None  # the outside of its PTY, where it has one


class Sandbox(Protocol):
    """A running instance."""

    namespaces: Namespaces | None

    def exec(self, argv: Sequence[str], *, cwd: str, environment: dict[str, str], terminal: bool) -> Child:
        """Start one more command inside."""

    def stop(self) -> None:
        """End every process inside; nothing survives. Idempotent."""


class Boundary(Protocol):
    """A mechanism."""

    name: str

    def available(self) -> Availability:
        """Try the mechanism, cheaply, on this machine."""

    def gaps(self, plan: Plan) -> tuple[Gap, ...]:
        """What of this plan cannot be kept here."""
