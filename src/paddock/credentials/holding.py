"""All that a session keeps outside, and what it puts inside in place of it."""

from __future__ import annotations

import os

from paddock.credentials import brokering, canaries
from paddock.credentials.canaries import Planting
from paddock.frozen import frozen, replace
from paddock.plan.model import Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.credentials.brokered import Brokered
    from paddock.credentials.renewing import Renewer
    from paddock.plan.model import Plan


@frozen
class Held:
    """A session's credentials with their secrets, and its canaries."""

    brokered: tuple[Brokered, ...] = ()
    planting: Planting = Planting()

    def inside(self, plan: Plan) -> Plan:
        """The plan as the sandbox is started by it, later commands too: with placeholders, and without a secret.

        No variable of the caller's has their names, see `plan.credentials`; if one had, it would be covered here.
        """
        found = {variable.name: variable for variable in plan.environment}
        for each in self.brokered:
            for name, value in each.variables().items():
                found[name] = Variable(name, value, each.credential.origin, passed=True)
        return replace(plan, environment=tuple(found[name] for name in sorted(found)))

    def renewer(self, plan: Plan) -> Renewer | None:
        """Start the process that fetches secrets anew, where one is good for a while only."""
        if not any(each.credential.ttl_s for each in self.brokered):
            return None
        from paddock.credentials.renewing import Renewer

        return Renewer(self.brokered, brokering.outside_of(plan, os.environ))


def hold(plan: Plan) -> Held:
    """Fetch the secrets and make the canaries. Raises PaddockError where a source fails."""
    return Held(brokering.broker(plan), canaries.plant(plan))
