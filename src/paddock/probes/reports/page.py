"""A proof as one HTML page that needs nothing else: no script, no font, no picture from anywhere.

The filter is CSS alone. The page forbids itself everything but its own style (Content-Security-Policy): a mistake in
escaping could still load and run nothing.
"""

from __future__ import annotations

import os

from paddock.probes import standing
from paddock.probes.catalogue.reading import LAYERS
from paddock.probes.proof import BROKEN, SHOWN, VERDICTS
from paddock.probes.reports.fixes import fix
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from paddock.probes.proof import Proof, Row
    from paddock.probes.standing import Standing

_STYLE = os.path.join(os.path.dirname(__file__), "page.css")
_ALL, _TROUBLE = "all", "trouble"
_COLUMNS = "".join(f'<th scope="col">{what}</th>' for what in ("probe", "verdict", "what was seen"))


def write(proofs: Sequence[Proof]) -> str:
    """The page."""
    import base64
    import hashlib

    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title = _safe(f"paddock prove: {', '.join(standing.name(proof) for proof in proofs)}")
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>paddock prove</h1>\n"
    )
    body = "".join(part for proof in proofs for part in _proof(proof))
    return f"{head}{_filter(proofs)}<main>\n{body}</main>\n</body>\n</html>\n"


def _style() -> str:
    with open(_STYLE, encoding="utf-8") as file:
        style = file.read()
    chosen = "body:has(#show-{0}:checked) .layer:not(.layer-{0}) {{ display: none; }}\n"
    rules = [chosen.format(layer) for layer in LAYERS]
    rules.append(f"body:has(#show-{_TROUBLE}:checked) tr.well {{ display: none; }}\n")
    return style + "".join(rules)


def _filter(proofs: Sequence[Proof]) -> str:
    present = {row.layer for proof in proofs for row in proof.rows}
    names = [_ALL, *(layer for layer in LAYERS if layer in present)]
    chosen = {_ALL: " checked"}
    layers = "".join(
        f'<label><input type="radio" name="layer" id="show-{name}"{chosen.get(name, "")}> {name}</label>\n'
        for name in names
    )
    trouble = f'<label><input type="checkbox" id="show-{_TROUBLE}"> only what is not as it should be</label>\n'
    return f"<fieldset><legend>Show</legend>\n{layers}{trouble}</fieldset>\n"


def _proof(proof: Proof) -> Iterator[str]:
    word = standing.whole(proof)
    yield f"<section>\n<h2>{_safe(standing.name(proof))}</h2>\n"
    yield f'<p class="verdict {_class(word)}">{_safe(standing.verdict(proof))}</p>\n'
    if proof.trouble:
        yield f'<ul class="broken">{"".join(f"<li>{_safe(what)}</li>" for what in proof.trouble)}</ul>\n'
    yield _standings("What a sandbox is for", standing.musts(proof))
    yield "<h3>Layers</h3>\n"
    for layer, sentence, found in standing.layers(proof):
        yield _layer(layer, sentence, found, proof)
    yield f"<h3>Where, when and with what</h3>\n<dl>{''.join(_facts(proof))}</dl>\n</section>\n"


def _standings(caption: str, found: Iterable[tuple[str, Standing]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_safe(what)}</th><td class="{_class(it.word)}">{_counted(it)}</td></tr>\n'
        for what, it in found
    )
    return f"<table><caption>{caption}</caption>\n{rows}</table>\n"


def _layer(layer: str, sentence: str, found: Standing, proof: Proof) -> str:
    opened = "" if found.word in ("held", "not tried") else " open"
    known = layer if layer in LAYERS else "other"
    rows = [row for row in proof.rows if row.layer == layer]
    rows.sort(key=lambda row: VERDICTS.index(row.verdict))
    lines = "".join(_row(row, fix(proof, row) if row.verdict in BROKEN else row.fix) for row in rows)
    return (
        f'<details class="layer layer-{known}"{opened}><summary><b>{_safe(layer)}</b> '
        f'<span class="{_class(found.word)}">{_counted(found)}</span> <span class="soft">{_safe(sentence)}</span>'
        f'</summary>\n<table class="rows"><tr>{_COLUMNS}</tr>\n{lines}</table>\n</details>\n'
    )


def _row(row: Row, mends: str) -> str:
    well = ' class="well"' if row.verdict in SHOWN else ""
    more = "".join(
        f"<dt>{what}</dt><dd>{_safe(text)}</dd>"
        for what, text in (("severity", row.severity), ("incident", row.source), ("fix", mends))
        if text
    )
    seen = "\n".join(_safe(text) for text in (*row.evidence, row.reason) if text)
    control = '<div class="soft">the same attack succeeded without a sandbox</div>' if row.controlled else ""
    return (
        f"<tr{well}><td><code>{_safe(row.id)}</code><br>{_safe(row.title)}<details><summary>more</summary><dl>{more}"
        f'</dl></details></td><td class="{_class(row.verdict)}">{_safe(row.verdict)}</td>'
        f'<td><div class="seen">{seen}</div>{control}</td></tr>\n'
    )


def _facts(proof: Proof) -> Iterator[str]:
    subject = proof.subject
    versions = [("paddock", subject.paddock), ("probes", subject.pack), *subject.versions.items()]
    named = (
        ("began", proof.begun),
        ("took", f"{proof.seconds} s"),
        ("boundary", subject.boundary),
        ("against", subject.against),
        ("policy", subject.policy_hash),
        ("plan", subject.plan_hash),
        ("added to it", subject.added),
        ("gaps accepted", ", ".join(subject.gaps)),
        ("versions", ", ".join(f"{what} {version}" for what, version in versions)),
        ("kernel", f"{subject.kernel} {subject.machine}"),
        ("as", subject.user),
        *proof.facts.items(),
    )
    return (f"<dt>{_safe(what)}</dt><dd>{_safe(text)}</dd>\n" for what, text in named if text)


def _counted(found: Standing) -> str:
    """The word is written out: a colour alone tells nobody who does not see it."""
    beside = f" ({', '.join(found.aside)})" if found.aside else ""
    return f"{_safe(found.word)}{f' {found.shown}/{found.total}' if found.total else ''}{_safe(beside)}"


def _class(word: str) -> str:
    """A word of ours as a class; any other text is none."""
    known = (*VERDICTS, *standing.EXIT_CODES)
    return word.replace(" ", "-") if word in known else "unknown"


def _safe(text: str) -> str:
    import html

    return html.escape(visible(text))
