"""What this machine makes of a plan, before anything is started."""

from __future__ import annotations

import os

from paddock.boundary import choice, limits
from paddock.frozen import frozen
from paddock.kernel import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.base import Gap
    from paddock.boundary.engine import Engine
    from paddock.boundary.limits import Division
    from paddock.kernel.cgroups import Site
    from paddock.plan.model import Plan
    from paddock.workspace.hazards.catalogue import Rules
    from paddock.workspace.live.survey import Survey


@frozen
class Outlook:
    """What this machine makes of a plan: the boundary, how each limit is kept, what cannot be kept.

    In mode live also what there is in the repository, and by which rules that was judged.
    """

    boundary: str
    site: Site | None
    division: Division
    gaps: tuple[Gap, ...]
    survey: Survey | None = None
    rules: Rules | None = None


def look(plan: Plan, rules: Rules | None = None) -> Outlook:
    """Look before a run. `rules` say what is dangerous in a repository, which mode live alone asks for.

    Raises BoundaryUnavailable or Refused where no boundary will do.
    """
    boundary = choice.choose(plan)
    site = cgroups.find()
    if site and not cgroups.works(site):
        site = None
    found = _engine() if boundary in ("podman", "gvisor") else None
    docker = boundary == "podman" and bool(found and found.daemon)
    division = limits.divide(plan, site.parents if site else (), guest=boundary == "gvisor", docker=docker)
    survey = None
    if plan.workspace.mode == "live":
        rules = rules or _built_in()
        survey = _survey(boundary, plan, rules)
    return Outlook(boundary, site, division, _gaps(boundary, found, plan, division, survey), survey, rules)


def _built_in() -> Rules:
    from paddock.workspace.hazards import catalogue

    return catalogue.load()


def _engine() -> Engine:
    from paddock.boundary import engine

    return engine.find_engine()


def _survey(boundary: str, plan: Plan, rules: Rules) -> Survey:
    from paddock.workspace.live.standing import Standing
    from paddock.workspace.live.survey import survey

    return survey(plan.workspace.source, Standing(rules), mounts=boundary != "landlock")


def _gaps(
    boundary: str, found: Engine | None, plan: Plan, division: Division, survey: Survey | None
) -> tuple[Gap, ...]:
    out: tuple[Gap, ...] = ()
    if survey:
        from paddock.boundary import live

        unprotected = survey.open if boundary != "landlock" else ()  # there it is a gap however many there are
        out = tuple(live.gaps(hard_links=survey.hard_links, sockets=survey.sockets, unprotected=unprotected))
    if boundary == "landlock":
        from paddock.boundary import landlock
        from paddock.boundary.landlock_trial import facts_here

        return (*landlock.gaps(plan, facts_here()), *out)
    if found:
        from paddock.boundary import engine

        out = (*engine.gaps(as_root=os.geteuid() == 0), *out)
        if found.daemon:
            from paddock.boundary import docker

            out = (*docker.gaps(plan, boundary), *out)
        if plan.services:
            from paddock.boundary import services

            out = (*services.gaps(plan, found.runtime, division.together), *out)
        if plan.nested:
            from paddock.boundary import nesting

            nesting.refuse_missing(plan)
            out = (*nesting.gaps(), *out)
    return (*division.gaps, *out)
