"""A proof on a terminal: what a person wants to know first, first.

The three musts, the layers, what could not be shown and why, with what and when, the verdict. Everything that came
from inside is printed without control characters, and lines are broken before they are coloured.
"""

from __future__ import annotations

from paddock.cli.style import paint, plain
from paddock.cli.views.held import counted
from paddock.probes import standing
from paddock.probes.proof import BROKEN, SHOWN
from paddock.probes.reports.fixes import fix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.proof import Proof, Row
    from paddock.probes.standing import Standing

_WORDS = {"broken": "BROKEN", "not-applicable": "n/a"}
_COLORS = {"held": "green", "partly": "yellow", "unproven": "yellow", "broken": "red", "not tried": "dim"}
_NAME = 12  # the longest layer's name, and a space
_COUNT = 18  # the word and the count before it
_LINES = 3  # of facts, unless all are asked for
_LONGEST = 160  # characters of what was seen of a row, and of what disturbed a run, unless all are asked for
_FEW = 6  # groups of what was not shown, and ids of one group, unless all are asked for


def text(proof: Proof, width: int, *, everything: bool) -> str:
    """The table in lines of `width`; with `everything`, each row."""
    blocks = [
        [_title(proof)],
        [line for what, found in standing.musts(proof) for line in _standing(found, "", what, width)],
        [line for layer in standing.layers(proof) for line in _layer(proof, layer, width, everything=everything)],
        list(_aside(proof, width, everything=everything)),
        list(_surroundings(proof, width, everything=everything)),
        list(_verdict(proof, width, everything=everything)),
    ]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks if block)


def _title(proof: Proof) -> str:
    work = sum(row.kind == "work" for row in proof.rows)
    what = counted(len(proof.rows) - work, "attack") + (f" and {counted(work, 'task')} that must work" if work else "")
    return f"{paint(plain(standing.name(proof)), 'bold')}: {what} in {proof.seconds:.1f} s"


def _standing(found: Standing, name: str, said: str, width: int) -> Iterator[str]:
    """`held  41/41  name  what was said`, with what stands beside the count."""
    word = _WORDS.get(found.word, found.word)
    count = f"{found.shown}/{found.total}" if found.total else ""
    beside = f" ({', '.join(found.aside)})" if found.aside else ""
    named = f"{name:<{_NAME}}" if name else ""
    lines = _wrapped(f"{named}{said}{beside}", width, _COUNT, hanging=len(named))
    head = f"{paint(f'{word:<9}', _COLORS[found.word])}{count:>7}  "
    yield head + next(lines)
    yield from lines


def _layer(proof: Proof, layer: tuple[str, str, Standing], width: int, *, everything: bool) -> Iterator[str]:
    name, sentence, found = layer
    if not found.broken:
        yield from _standing(found, plain(name), sentence, width)
    else:
        first = found.broken[0]
        yield from _standing(found, plain(name), _cut(_seen(first), everything=everything), width)
        yield from _why(proof, first, width)
        more = [plain(row.id) for row in found.broken[1:]]
        if more and not everything:
            said = f"{'and':<{_NAME}}{len(more)} more: {', '.join(more[:_FEW])}{', …' if len(more) > _FEW else ''}"
            yield from _wrapped(said, width, _COUNT, first=_COUNT, hanging=_NAME)
    if everything:
        for row in proof.rows:
            if row.layer == name:
                yield from _row(proof, row, width)


def _why(proof: Proof, row: Row, width: int) -> Iterator[str]:
    """Where the attack comes from, and what to do."""
    for what, said in (("incident", row.source), ("fix", fix(proof, row))):
        if said:
            yield from _wrapped(f"{what:<{_NAME}}{plain(said)}", width, _COUNT, first=_COUNT, hanging=_NAME)


def _row(proof: Proof, row: Row, width: int) -> Iterator[str]:
    color = "green" if row.verdict in SHOWN else "red" if row.verdict in BROKEN else "yellow"
    lines = _wrapped(_seen(row), width, _COUNT, hanging=2)
    yield f"  {paint(f'{row.verdict:<14}', color)}  {next(lines)}"
    yield from lines
    if row.verdict in BROKEN:
        yield from _why(proof, row, width)


def _seen(row: Row) -> str:
    """Which row it is, and what was seen of it."""
    reason = f"no control: {row.reason}" if row.reason and row.verdict == "held" else row.reason
    said = "; ".join((*row.evidence, reason) if reason else row.evidence)
    return plain(f"{row.id.partition(' ')[0]} {row.title}{f' ({said})' if said else ''}")


def _cut(said: str, *, everything: bool) -> str:
    return said if everything or len(said) <= _LONGEST else f"{said[:_LONGEST]} ... (--verbose)"


def _aside(proof: Proof, width: int, *, everything: bool) -> Iterator[str]:
    """What is neither held nor broken, by verdict and reason, the most first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in proof.rows:
        if row.verdict in (*standing.NOT_SHOWN, "open", "allowed", "not-applicable"):
            groups.setdefault((row.verdict, row.reason), []).append(row.id.partition(" ")[0])
    order = (*standing.NOT_SHOWN, "open", "allowed", "not-applicable")
    ordered = sorted(groups.items(), key=lambda group: (order.index(group[0][0]), -len(group[1])))
    for (verdict, reason), names in ordered if everything else ordered[:_FEW]:
        ids = list(dict.fromkeys(map(plain, names)))
        few = ids if everything else ids[:_FEW]
        why = _cut(plain(reason), everything=everything) or "no reason is known"
        said = f"{why}: {', '.join(few)}{', …' if len(few) < len(ids) else ''}"
        lines = _wrapped(said, width, _COUNT)
        word = _WORDS.get(verdict, verdict)
        yield f"{paint(f'{word:<{_COUNT - 6}}', 'yellow')}{len(names):>4}  {next(lines)}"
        yield from lines
    rest = sum(len(names) for _, names in ordered[_FEW:])
    if rest and not everything:
        yield f"{'':{_COUNT}}{rest} more, for other reasons: --verbose"


def _surroundings(proof: Proof, width: int, *, everything: bool) -> Iterator[str]:
    subject = proof.subject
    attacks = [row for row in proof.rows if row.verdict == "held"]
    controlled = sum(row.controlled for row in attacks)
    versions = (("paddock", subject.paddock), ("probes", subject.pack), *subject.versions.items())
    policy = (("policy", subject.policy_hash[:12]), ("plan", subject.plan_hash[:12]))
    parts = (
        ("controls", f"{controlled} of {len(attacks)} that held were shown to get through without the sandbox"),
        ("facts", "; ".join(f"{what}: {said}" for what, said in proof.facts.items())),
        ("versions", ", ".join(f"{what} {said}" for what, said in versions if said)),
        ("machine", f"kernel {subject.kernel} {subject.machine}, as {subject.user}"),
        ("policy", ", ".join(f"{what} {said}" for what, said in policy if said)),
        ("added", subject.added),
        ("accepted", ", ".join(subject.gaps)),
        ("when", proof.begun),
    )
    for what, said in parts:
        if said:
            lines = list(_wrapped(plain(said), width, _NAME))
            if len(lines) > _LINES and not everything:
                lines[_LINES - 1 :] = [f"{'':{_NAME}}... (--verbose)"]
            yield paint(f"{what:<{_NAME}}", "dim") + lines[0]
            yield from lines[1:]


def _verdict(proof: Proof, width: int, *, everything: bool) -> Iterator[str]:
    for what in proof.trouble:
        said = f"disturbed: {_cut(plain(what), everything=everything)}"
        yield from (paint(line, "red") for line in _wrapped(said, width, 0))
    word = standing.whole(proof)
    for line in _wrapped(standing.verdict(proof), width, 0):
        yield paint(line, "bold", _COLORS[word])
    yield f"next: {_next(proof, word)}"


def _next(proof: Proof, word: str) -> str:
    if proof.broken:
        return f"paddock prove --explain {plain(proof.broken[0].id.partition(' ')[0])}"
    if proof.subject.against:
        return "paddock prove      the same attacks on the sandbox of your policy"
    if word == "unproven":
        return "paddock doctor"
    if standing.left_out(proof):
        return "paddock prove      with all probes"
    return "paddock prove --verbose" if word == "partly" else "paddock run -- COMMAND"


def _wrapped(said: str, width: int, margin: int, *, first: int = 0, hanging: int = 0) -> Iterator[str]:
    """Lines for the column that begins at `margin`; the first is led in by `first` spaces only."""
    import textwrap

    room = max(width - margin, 20)
    lines = textwrap.wrap(said, room, subsequent_indent=" " * hanging, break_on_hyphens=False) or [""]
    yield " " * first + lines[0]
    yield from (" " * margin + line for line in lines[1:])
