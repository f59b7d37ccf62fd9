"""A proof as a badge: one small picture for a README. No script, no font and nothing from elsewhere."""

from __future__ import annotations

from paddock.probes import standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.proof import Proof

_LABEL = "paddock prove"
# Each at least 4.5 : 1 under white text (WCAG 2.1, 1.4.3).
_COLORS = {"held": "#1a7f37", "partly": "#1a7f37", "broken": "#b62324", "unproven": "#7d5c00"}
# As wide as letters are in these fonts, so that none has to be stretched.
_NARROW = frozenset("fijlrt ")
_SLIM, _EACH, _SPACE, _HEIGHT = 4, 7, 10, 20


def write(proofs: Sequence[Proof]) -> str:
    """The picture, as SVG. Of several proofs the worst decides."""
    word = standing.worst(proofs)
    said = _said(word, proofs)
    left, right = _wide(_LABEL) + _SPACE, _wide(said) + _SPACE
    width = left + right
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" role="img" aria-label="{_LABEL}: {said}">
<title>{_LABEL}: {said}</title>
<rect width="{width}" height="{_HEIGHT}" rx="3" fill="#3d444d"/>
<path fill="{_COLORS[word]}" d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{_SPACE // 2}" y="14" textLength="{left - _SPACE}">{_LABEL}</text>
<text x="{left + _SPACE // 2}" y="14" textLength="{right - _SPACE}">{said}</text>
</g>
</svg>
"""


def _wide(text: str) -> int:
    return sum(_SLIM if letter in _NARROW else _EACH for letter in text)


def _said(word: str, proofs: Sequence[Proof]) -> str:
    """A few words; of numbers and our own words only, so that nothing needs an escape."""
    all_of = [standing.of(proof.rows) for proof in proofs]
    shown, total = sum(it.shown for it in all_of), sum(it.total for it in all_of)
    if word == "broken":
        return f"broken {sum(len(it.broken) for it in all_of)} of {total}"
    if word == "unproven":
        return word
    said = f"held {shown} of {total}" if shown != total else f"held {shown}"
    return f"{said} in part" if any(map(standing.left_out, proofs)) else said
