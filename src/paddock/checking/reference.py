"""The reference page of all rules, made from the catalogue; a test holds `docs/reference/checks.md` to it."""

from __future__ import annotations

from paddock.checking.findings import SEVERITIES
from paddock.reporting.text import in_markdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.checking.rule import Rule

_HEAD = """\
# Rules of `paddock check`

<!-- Made by paddock.checking.reference.page(), see scripts/docs; edit src/paddock/checking/catalogue/ instead. -->

What [`paddock check`](../how-to/check.md) looks for, in what a dev container will really be: its devcontainer.json, the
label of its image, its Features, its compose service and Dockerfile together. The ids are stable. `paddock check
--explain ID` prints one of them; [how precise they are](../explanation/check.md) was measured.

The severity is the rule's; a finding may weigh more or less, and says so: read-only weighs less than writable, a
capability less where the engine is rootless, a password that everybody knows less than one that nobody does. **Fix**
marks rules some of whose findings `--fix` mends: what is dangerous goes, and nothing else stops to work.

Ids that are missing here (DC602, DC603) are told by the [review](hazards.md) of what a sandbox changed.
"""
# By the first digit of an id.
_GROUPS = {
    "0": "The check itself",
    "1": "What of the host is in the container",
    "2": "Privileges",
    "3": "Network",
    "4": "What runs on the host",
    "5": "Where the software comes from",
    "6": "The repository, and the editor",
    "7": "Secrets",
    "8": "What does not do what it says",
    "9": "Resources, and throwing it away",
}


def page(rules: Sequence[Rule]) -> str:
    """The page."""
    counts = ", ".join(f"{sum(one.severity == severity for one in rules)} {severity}" for severity in SEVERITIES)
    parts = [_HEAD, f"{len(rules)} rules: {counts}.\n"]
    for digit, title in _GROUPS.items():
        found = [one for one in rules if one.id[2] == digit]
        if found:
            parts.append("".join(_group(title, found)))
    return "\n".join(parts)


def _group(title: str, rules: Sequence[Rule]) -> Iterator[str]:
    yield f"## {title}\n\n| rule | why | what to do | reference |\n|---|---|---|---|\n"
    for one in rules:
        what, *cells = map(in_markdown, (one.title, one.why, one.fix, "; ".join(one.references)))
        first = f"**{one.id}** `{one.slug}`<br>{what}<br>{one.severity}{', fix' if one.safe_fix else ''}"
        yield f"| {first} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    import sys

    from paddock.checking.rule import load

    sys.stdout.write(page(load()))
