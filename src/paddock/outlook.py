"""What this machine makes of a plan, before anything is started."""

from __future__ import annotations

from paddock.boundary import choice, limits, streams
from paddock.frozen import frozen
from paddock.kernel import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.base import Gap
    from paddock.boundary.limits import Division
    from paddock.kernel.cgroups import Site
    from paddock.plan.model import Plan


@frozen
class Outlook:
    """What this machine makes of a plan: the boundary, how each limit is kept, what cannot be kept."""

    boundary: str
    site: Site | None
    division: Division
    gaps: tuple[Gap, ...]


def look(plan: Plan) -> Outlook:
    """Look before a run. Raises BoundaryUnavailable or Refused where no boundary will do."""
    boundary = choice.choose(plan)
    site = cgroups.find()
    if site and not cgroups.works(site):
        site = None
    division = limits.divide(plan, site.parents if site else ())
    return Outlook(boundary, site, division, _gaps(boundary, plan, division))


def _gaps(boundary: str, plan: Plan, division: Division) -> tuple[Gap, ...]:
    out: tuple[Gap, ...] = ()
    if plan.workspace.mode == "live":
        from paddock.boundary import live

        out = tuple(live.gaps(plan.workspace.source))
    if boundary == "landlock":
        from paddock.boundary import landlock
        from paddock.boundary.landlock_trial import facts_here

        return (*landlock.gaps(plan, facts_here()), *out)
    return (*division.gaps, *streams.gaps(), *out)
