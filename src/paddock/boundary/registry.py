"""Every boundary by name, present or planned, from the weakest to the strongest, with its trial."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.base import Availability


@frozen
class Entry:
    """A boundary: which function tries it, and whether this version of Paddock has it."""

    name: str
    module: str
    function: str
    present: bool

    def trial(self, base: str) -> Availability:
        """Try the mechanism; whatever that makes is below the empty, private directory `base`."""
        module = __import__(f"paddock.boundary.{self.module}", fromlist=[self.function])
        found: Availability = getattr(module, self.function)(base)
        return found


ENTRIES = (
    Entry("landlock", "landlock_trial", "available", present=True),
    Entry("bubblewrap", "bubblewrap_trial", "available", present=True),
    Entry("podman", "podman_trial", "available", present=True),
    Entry("gvisor", "gvisor_trial", "available", present=True),
    Entry("microvm", "planned", "microvm", present=False),
    Entry("kubernetes", "planned", "kubernetes", present=False),
)
NAMES = tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """The boundary of that name. Raises KeyError."""
    found = next((entry for entry in ENTRIES if entry.name == name), None)
    if found is None:
        raise KeyError(name)
    return found
