"""What the rules of `paddock check` say, as values.

A rule's function gives back `Hit`s; the run (`checking.running`) makes a `Finding` of each, with what the catalogue
knows of the rule.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Place
    from paddock.devcontainer.source import Source

# The worst first: reports are in this order, and `--fail-on` counts what is at its own place or before.
SEVERITIES = ("critical", "high", "medium", "low", "info")


@frozen
class Edit:
    """One change of one file that `--fix` may make. Paths and places are those of the file as it was read.

    `action` says what:
    set: the member at `path` gets `value`, and is added at the end of its object where it is missing.
    remove: the member or item at `path` goes.
    append: `value` comes after the last item of the list at `path`; a missing list is made.
    replace: the text at `place` becomes `value`; the only one for files that are no JSON (compose files, Dockerfiles).

    `file` is the path as its document has it. Several edits of one file are made together: paths stay those of before.
    """

    file: str
    action: str
    path: tuple[str | int, ...] = ()
    value: object = None
    place: Place | None = None


@frozen
class Hit:
    """One fact that a rule found.

    `message` is about this value, not about the rule: "the socket /var/run/docker.sock is mounted". `source` says
    where the value comes from. `severity` is only given where this case is not as the catalogue has the rule, `fix`
    where the advice is about this value. `edits` hold only what is safe: nothing that worked may stop to work but for
    the danger itself. All of them are made, or none. `also` are other places of the same fact.
    """

    message: str
    source: Source
    severity: str = ""
    fix: str = ""
    edits: tuple[Edit, ...] = ()
    also: tuple[Source, ...] = ()


@frozen
class Finding:
    """A hit, with what the catalogue says of its rule. Everything is filled in."""

    rule: str
    slug: str
    severity: str
    message: str
    source: Source
    fix: str
    edits: tuple[Edit, ...] = ()
    also: tuple[Source, ...] = ()


def at_least(severity: str, threshold: str) -> bool:
    """Whether `severity` is as bad as `threshold`, or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(threshold)


def one_step_lower(severity: str) -> str:
    """The next milder severity: what is dangerous only as root counts so where the boundary is rootless."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]
