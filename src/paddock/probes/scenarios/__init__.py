"""Probes that need runs of their own: what happens at a sandbox's end, after `apply`, when something is missing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Scenario

# The modules with scenarios, by the letters that the ids in them begin with.
MODULES: dict[str, tuple[str, ...]] = {
    "FS": ("created", "masks"),
    "NW": ("guarding", "names", "network", "rebinding", "requests"),
    "PK": ("processes", "terminals"),
    "RS": ("resources",),
    "CR": ("credentials",),
    "PE": ("later", "shapes", "trusting", "holds"),
    "LC": ("lifecycle", "failing", "forging", "work"),
    "AP": ("approval", "later", "recording", "shapes", "trusting"),
    "SC": ("lifecycle", "supply"),
    "OK": ("work", "later"),
}


def find(name: str) -> Scenario:
    """The scenario of that id and name. Raises KeyError."""
    from paddock.probes.scenarios.scene import SCENARIOS

    for module in MODULES[name[:2]]:
        __import__(f"paddock.probes.scenarios.{module}")
    return SCENARIOS[name]
