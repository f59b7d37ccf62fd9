"""The rules of other pages, for the services that start beside the named one.

Only those about what somebody gives a service. What is missing from one (limits, dropped capabilities) matters less
where no agent works, and would be said for each.
"""

from __future__ import annotations

from paddock.checking import rule as rules
from paddock.checking.facts import beside
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.findings import Hit
    from paddock.checking.rule import Function
    from paddock.devcontainer.model import Effective

# Mounts, rights, namespaces, published ports, secrets.
GIVEN = (
    *(
        "DC101",
        "DC102",
        "DC103",
        "DC104",
        "DC105",
        "DC106",
        "DC107",
        "DC110",
        "DC111",
        "DC112",
        "DC113",
        "DC114",
        "DC115",
        "DC116",
    ),
    *("DC201", "DC202", "DC203", "DC204", "DC205", "DC206", "DC212", "DC213", "DC214", "DC215", "DC216"),
    *("DC303", "DC701", "DC706", "DC707", "DC903", "DC904"),
)
# These ask all Dockerfiles and services by themselves.
_WHOLE = "paddock.checking.rules."
_ASK_ALL = tuple(f"{_WHOLE}{name}" for name in ("beside", "compose", "dockerfile", "second_opinion"))


def _for_others(name: str) -> Function:
    """The function of one rule that calls its other functions for each service."""

    def others(effective: Effective, context: Context) -> Iterator[Hit]:
        known = [one for one in rules.functions()[name] if not one.__module__.startswith(_ASK_ALL)]
        for service, alone in beside.others(effective):
            for function in known:
                for hit in function(alone, context):
                    yield replace(hit, message=f"service {service.name}: {hit.message}", edits=())

    return others


for _name in GIVEN:
    rules.rule(_name)(_for_others(_name))
