"""What every boundary is: availability, gaps, start.

A boundary reads a plan and nothing else. What it cannot enforce is a gap with a name; a plan with a gap
does not run unless a person accepted that gap by name.
"""

from __future__ import annotations

from paddock.frozen import frozen

# Every gap that a boundary can have. A name that is accepted and is none of them is a mistake.
GAPS = (
    "canaries", "cpu-total", "docker", "hard-links", "host-signals", "host-sockets", "ipc-isolation",
    "live-hazards-window", "live-protection", "masked-files", "memory-total", "metadata", "nested-namespaces",
    "network-destinations", "private-paths", "process-total", "process-visibility", "published-ports", "root",
    "rootful", "survivors", "truncate", "unix-sockets", "workspace-review",
)  # fmt: skip
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
