"""Which hazards a person has agreed to, by name: a class, a rule, a single path, or all of them."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from paddock.workspace.change import Change
    from paddock.workspace.hazard import Hazard

    class Judging(Protocol):
        """Who says of a change what is dangerous about it (`hazards.judging.Judge`)."""

        def hazards(self, change: Change) -> tuple[Hazard, ...]:
            """The reasons; none for a harmless one."""

        def written(self, change: Change, content: bytes) -> tuple[Hazard, ...]:
            """The same, where that content is written in place of the sandbox's."""


@frozen
class Consent:
    """`names` are classes ("git") and rules ("git-hooks"); `paths` were answered one by one."""

    everything: bool = False
    names: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def lacking(self, path: str, hazards: Sequence[Hazard]) -> tuple[Hazard, ...]:
        """Those of a change's hazards that nobody agreed to."""
        if self.everything or path in self.paths:
            return ()
        return tuple(hazard for hazard in hazards if not {hazard.name, hazard.family} & self.names)
