"""One reason why a changed file is dangerous to the host: a program there would execute, trust or be steered by it."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Severity = Literal["high", "medium", "low"]


@frozen
class Hazard:
    """What the catalogue says of one change.

    `name` is the rule's ("git-hooks"), `family` its class, which a person consents to by name ("git", "editor",
    "agent", "shell", "build", "ci", "container", "policy", "shape"). `evidence` are the new lines that matter,
    as the sandbox wrote them: never printed raw. `reference` is a CVE, a manual or a report.
    """

    name: str
    family: str
    severity: Severity
    why: str
    evidence: tuple[str, ...] = ()
    reference: str = ""
