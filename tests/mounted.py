"""What is mounted, as far as it is a test's own: beside it other tests and the machine's services mount as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def below(path: Path) -> list[str]:
    """Mounts of our own namespace that mention a path (spaces are written as \\040 there)."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return [line for line in file if str(path).replace(" ", "\\040") in line]
