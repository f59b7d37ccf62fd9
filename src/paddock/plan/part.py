"""What an agent makes of a plan, as a value. Read on every start, so nothing else is in here."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Credential, File, Mount, Network, Variable


@frozen
class Part:
    """An agent's part of a plan. Without an agent only the network and the environment, as they were."""

    name: str
    network: Network
    environment: tuple[Variable, ...]
    mounts: tuple[Mount, ...] = ()
    files: tuple[File, ...] = ()
    seeds: tuple[File, ...] = ()
    credentials: tuple[Credential, ...] = ()
    flags: tuple[str, ...] = ()
