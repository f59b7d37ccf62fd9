"""What mode live does about a hazard, by how soon a program of the host would meet it.

One rule. What runs by itself or at an everyday act (severity high: git status, cd, opening the editor) is read-only
where it is there already, and is moved out as soon as it appears. What runs at the next build, test, installation or
push (medium) the sandbox may write and use, as its work needs; it is moved out when the run ends.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from paddock.workspace.hazard import Hazard, Severity
    from paddock.workspace.live.survey import Hold

    class Rule(Protocol):
        """One rule of the catalogue."""

        @property
        def name(self) -> str:
            """Which one."""

        @property
        def severity(self) -> Severity:
            """How soon it runs."""

    class Rules(Protocol):
        """The catalogue's rules, with what the policy adds."""

        def matching(self, path: str) -> Sequence[Rule]:
            """Those that speak of a path."""


# Of what something is, whatever its name, only this acts on whoever does not even look. The other shapes mislead
# reviewers, of whom this mode has none, or are what every build makes. What the host's configuration names it runs.
SHAPES = frozenset(["shape-set-id", "shape-link-out", "shape-link-git", "shape-named"])
# Python's own are kept out of the tree (plan.environment), and there may be one for each source: not listed before.
_MADE_AGAIN = "shell-python-compiled"
# Code of others that nobody reviews file by file: what its package.json says is no worse than what its index.js does.
_DEPENDENCIES = "node_modules"
# Rules name files in these one by one. Nothing but orders to programs is in them: where such a file would be
# dangerous, nothing new comes in at all.
_WHOLE = {".vscode": "/tasks.json", ".github": "/workflows/ci.yml", ".devcontainer": "/devcontainer.json"}
_BELOW = "/\x01"  # the path of nothing that a rule names


class Standing:
    """What is done with paths that are there before the start."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def of(self, path: str, *, directory: bool) -> Hold:
        """By the name alone; for a directory: with all that is, or comes to be, below it."""
        below = _WHOLE.get(path.rpartition("/")[2], _BELOW) if directory else ""
        found = self._rules.matching(path + below)
        if not found:
            return ""
        severities = {rule.severity for rule in found if rule.name != _MADE_AGAIN}
        if "high" in severities:
            return "read-only"
        return "watched" if "medium" in severities and not is_dependency(path) else ""

    def concerns(self, path: str, *, link: bool) -> bool:
        """Whether any rule speaks of a file of that name, or of what a link of that name may lead to."""
        return bool(self._rules.matching(path) or (link and self.of(path, directory=True)))


def acts(hazard: Hazard, path: str, *, ended: bool) -> bool:
    """Whether a change has to leave the repository for this hazard: now, or when the run has `ended`."""
    if hazard.family == "shape":
        return hazard.name in SHAPES
    return hazard.severity == "high" or (ended and hazard.severity == "medium" and not is_dependency(path))


def is_dependency(path: str) -> bool:
    """Whether a path is in a directory of installed packages."""
    return _DEPENDENCIES in path.split("/")[:-1]
