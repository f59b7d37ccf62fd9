"""Choose the boundary for a plan, and refuse where it cannot keep the plan's promises."""

from __future__ import annotations

from paddock.boundary.base import GAPS, STRENGTH
from paddock.errors import BoundaryUnavailable, GapRefused, PolicyError, Refused
from paddock.process import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddock.boundary.base import Gap
    from paddock.plan.model import Plan

PRESENT = ("landlock", "bubblewrap", "podman", "gvisor")


def choose(plan: Plan) -> str:
    """The name of the boundary to use: the one asked for, or the strongest that is cheap here.

    Never falls below the plan's minimum. Raises BoundaryUnavailable or Refused.
    """
    wanted, minimum = plan.boundary.use, plan.boundary.minimum
    if plan.image:
        wanted = _of_image(wanted, minimum)
    if plan.nested:
        wanted = _nesting(wanted, minimum)
    if plan.services and wanted != "podman":
        raise Refused(
            f"the boundary {wanted} runs no services beside a dev container",
            why=f"this one has {', '.join(service.name for service in plan.services)}",
            next_step="paddock run --boundary podman …",
            code="services-boundary",
        )
    if wanted == "auto":
        if find("bwrap") or STRENGTH.index(minimum) > STRENGTH.index("landlock"):
            wanted = minimum if STRENGTH.index(minimum) > STRENGTH.index("bubblewrap") else "bubblewrap"
        else:
            wanted = "landlock"
    if wanted not in PRESENT:
        strongest = max(PRESENT, key=STRENGTH.index)
        raise BoundaryUnavailable(
            f"the boundary {wanted} is not available yet",
            why="it comes with a later version of Paddock",
            next_step=f"paddock doctor lists what works here; {strongest} is the strongest for now",
            code="not-available-yet",
        )
    if STRENGTH.index(wanted) < STRENGTH.index(minimum):
        raise Refused(
            f"the boundary {wanted} is weaker than the minimum {minimum}",
            why=f"asked for by {plan.boundary.origin}",
            next_step=f"paddock run --minimum {wanted} …, if you may loosen that",
            code="below-minimum",
        )
    if wanted == "bubblewrap" and not find("bwrap"):
        raise BoundaryUnavailable(
            "bubblewrap is not installed",
            why="no program bwrap in the system's directories",
            next_step="sudo apt-get install -y bubblewrap",
            code="bubblewrap-missing",
        )
    if wanted == "podman":
        from paddock.boundary import engine

        engine.find_engine()  # before anything is made
    return wanted


def _of_image(wanted: str, minimum: str) -> str:
    """The boundary for a root that is an image. Raises Refused for one that has the machine's own programs."""
    if wanted == "auto":
        return max("podman", minimum, key=STRENGTH.index)
    if wanted in ("landlock", "bubblewrap"):
        raise Refused(
            f"the boundary {wanted} runs no image",
            why="its root is made of this machine's own programs",
            next_step="paddock run --boundary podman --image …",
            code="image-boundary",
        )
    return wanted


def _nesting(wanted: str, minimum: str) -> str:
    """The boundary in which containers can be made. Raises Refused for the others."""
    if wanted == "auto" and STRENGTH.index(minimum) <= STRENGTH.index("podman"):
        return "podman"
    if wanted != "podman":
        other = wanted if wanted != "auto" else minimum
        raise Refused(
            f"in the boundary {other} no containers can be made",
            why="boundary.nested is kept by podman alone",
            next_step="paddock run --boundary podman --nested …, or without --nested",
            code="nested-boundary",
        )
    return wanted


def refuse_gaps(gaps: Iterable[Gap], accepted: Sequence[str], boundary: str) -> None:
    """Raise GapRefused for the gaps that nobody accepted by name, PolicyError for a name that is no gap's."""
    unknown = [name for name in accepted if name not in GAPS]
    if unknown:
        raise PolicyError(
            f"there is no gap named {unknown[0]!r}",
            why=f"known are: {', '.join(GAPS)}",
            next_step="take it out of accept, or correct it",
            code="unknown-gap",
        )
    open_gaps = [gap for gap in gaps if not (gap.acceptable and gap.name in set(accepted))]
    if not open_gaps:
        return
    hopeless = [gap for gap in open_gaps if not gap.acceptable]
    flags = " ".join(f"--accept {gap.name}" for gap in open_gaps)
    instead = "; ".join(gap.instead for gap in open_gaps if gap.instead)
    promises = "a promise" if len(open_gaps) == 1 else f"{len(open_gaps)} promises"
    raise GapRefused(
        f"{boundary} cannot keep {promises} of this plan here",
        why="\n".join(f"{gap.name}: {gap.promise}; {gap.why}" for gap in open_gaps),
        next_step=hopeless[0].instead
        if hopeless
        else f"paddock run {flags} … goes without" + (f"; or: {instead}" if instead else ""),
    )
