"""All that a session keeps outside, and what it puts inside in place of it."""

from __future__ import annotations

import os

from paddock.credentials import brokered, brokering, canaries
from paddock.credentials.canaries import Planting
from paddock.frozen import frozen

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

    def variables(self) -> dict[str, str]:
        """What the environment inside holds: placeholders."""
        return brokered.variables(self.brokered)

    def renewer(self, plan: Plan) -> Renewer | None:
        """Start the process that fetches secrets anew, where one is good for a while only."""
        if not any(each.credential.ttl_s for each in self.brokered):
            return None
        from paddock.credentials.renewing import Renewer

        return Renewer(self.brokered, brokering.outside_of(plan, os.environ))


NOTHING = Held()


def hold(plan: Plan) -> Held:
    """Fetch the secrets and make the canaries. Raises PaddockError where a source fails."""
    return Held(brokering.broker(plan), canaries.plant(plan))
