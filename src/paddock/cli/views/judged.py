"""By which rules a change set is judged, and which hazards a person agrees to on the command line."""

from __future__ import annotations

from paddock.errors import Usage
from paddock.workspace.applying.consent import Consent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.hazards.catalogue import Rules
    from paddock.workspace.hazards.judging import Judge

ALL = "all"


class Judging:
    """The rules for a repository, and judges by them."""

    def __init__(self, repository: str) -> None:
        """Raises PolicyError where the policy cannot be read: then nothing is judged, and nothing applied."""
        from paddock.reviewing import rules_for

        self._rules: Rules = rules_for(repository)

    def __call__(self, upper: int, lower: int) -> Judge:
        """A judge over two trees."""
        from paddock.workspace.hazards.judging import Judge

        return Judge(self._rules, upper, lower)

    def consent(self, given: str | None) -> Consent:
        """What `--hazards[=NAMES]` says: classes and rules with commas between them. Raises Usage for others."""
        if given is None:
            return Consent()
        words = frozenset(word.strip() for word in given.split(",") if word.strip())
        if words == {ALL}:
            return Consent(everything=True)
        families = {rule.family for rule in self._rules.rules}
        unknown = words - families - {rule.name for rule in self._rules.rules}
        if unknown or not words:
            shown = ", ".join(map(ascii, sorted(unknown))) or "nothing"
            raise Usage(
                f"no class of hazards is called {shown}",
                why=f"the classes are {', '.join(sorted(families))}; the name of a rule does as well",
                next_step="paddock apply --hazards=CLASS   or, for all of them: --hazards=all",
            )
        return Consent(names=words)
