"""All rules over one effective configuration: sorted, and one fact found once."""

from __future__ import annotations

from paddock.checking.findings import SEVERITIES, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from paddock.checking.context import Context
    from paddock.checking.findings import Hit
    from paddock.checking.rule import Function, Rule
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source


def run(
    rules: Sequence[Rule], functions: Mapping[str, Sequence[Function]], effective: Effective, context: Context
) -> tuple[Finding, ...]:
    """What these rules find. A rule whose function fails is a mistake of ours, and is not hidden."""
    found = [
        finding(rule, hit) for rule in rules for function in functions[rule.id] for hit in function(effective, context)
    ]
    return in_order(distinct(found, rules))


def finding(rule: Rule, hit: Hit) -> Finding:
    """A hit with what the catalogue says of its rule."""
    severity, fix = hit.severity or rule.severity, hit.fix or rule.fix
    return Finding(rule.id, rule.slug, severity, hit.message, hit.source, fix, hit.edits, hit.also)


def distinct(findings: Iterable[Finding], rules: Iterable[Rule]) -> list[Finding]:
    """Each fact once: neither said twice by one rule, nor by a second rule that the first one covers."""
    once: dict[object, Finding] = {}
    for one in findings:
        once.setdefault((one.rule, one.message, _where(one.source)), one)
    covers = {rule.id: rule.covers for rule in rules}
    said = {(rule, _where(one.source)) for one in once.values() for rule in covers.get(one.rule, ())}
    return [one for one in once.values() if (one.rule, _where(one.source)) not in said]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by place."""
    return tuple(sorted(findings, key=_order))


def _order(one: Finding) -> tuple[object, ...]:
    place = one.source.place
    where = (place.file, place.offset) if place else (one.source.name, 0)
    return SEVERITIES.index(one.severity), one.rule, *where, one.source.key, one.message


def _where(source: Source) -> object:
    return (source.layer, source.name, source.path, source.place)
