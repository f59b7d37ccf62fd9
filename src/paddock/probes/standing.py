"""What a proof shows, in few words: of each promise that nobody can do without, of each layer, and as a whole. Pure.

Nothing counts as held that was not tried and shown: what was skipped and what is unproven stays in the total.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.probes.catalogue.reading import LAYERS
from paddock.probes.proof import BROKEN, SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from paddock.probes.proof import Proof, Row

    Word = Literal["held", "partly", "unproven", "broken", "not tried"]

# The three that a sandbox is for: sentence, and the promises (expectations.PROMISES) that make it up.
MUSTS = (
    ("no way out but what the policy allows", ("network", "gateway", "sockets")),
    (
        "nothing outside the workspace is read or written",
        ("outside", "workspace", "links", "private", "descriptors", "mounts"),
    ),
    ("nothing is planted that the host would run", ("later", "review", "own-files")),
)
SENTENCES = {
    "files": "home, projects and system are out of reach",
    "processes": "no other process, no privilege, no risky call",
    "network": "nothing is reached but what the policy names",
    "credentials": "no secret by file, environment or socket",
    "later": "nothing is left that the host would run",
    "resources": "memory, processes, files and time have an end",
    "lifecycle": "nothing lives on, nothing is left behind",
    "approval": "decisions are on record, out of reach and whole",
    "supply": "young and unknown packages do not install",
    "work": "ordinary work goes on",
}
NOT_SHOWN = ("unproven", "skipped")
# 1: a promise is broken. 2: nothing is known to be broken, and nothing is proven either.
EXIT_CODES = {"held": 0, "partly": 0, "broken": 1, "unproven": 2}


@frozen
class Standing:
    """What is shown of some rows. `shown` of `total` are as they should be; `aside` are verdicts beside the count.

    partly: nothing is broken, and not all could be tried here. unproven: so little could that it shows nothing.
    """

    word: Word
    shown: int
    total: int
    broken: tuple[Row, ...]
    aside: tuple[str, ...]


def of(rows: Iterable[Row]) -> Standing:
    """The standing of these rows."""
    rows = tuple(rows)
    counted = [row for row in rows if row.verdict in (*SHOWN, *BROKEN, *NOT_SHOWN)]
    broken = tuple(row for row in counted if row.verdict in BROKEN)
    shown = sum(row.verdict in SHOWN for row in counted)
    found = [row.verdict for row in rows]
    aside = [f"{found.count(it)} {it}" for it in (*NOT_SHOWN, "open", "allowed") if it in found]
    return Standing(_word(counted, len(broken), shown), shown, len(counted), broken, tuple(aside))


def _word(counted: list[Row], broken: int, shown: int) -> Word:
    if not counted:
        return "not tried"
    if broken:
        return "broken"
    # What is skipped is missing on this machine, for an attacker too; what is unproven is there.
    critical = any(row.severity == "critical" and row.verdict == "unproven" for row in counted)
    if not shown or critical:
        return "unproven"
    return "held" if shown == len(counted) else "partly"


def musts(proof: Proof) -> tuple[tuple[str, Standing], ...]:
    """The standing of the three musts, with a sentence each."""
    return tuple((sentence, of(row for row in proof.rows if row.promise in keys)) for sentence, keys in MUSTS)


def layers(proof: Proof) -> tuple[tuple[str, str, Standing], ...]:
    """Each layer that has rows, with its sentence and standing, in the order of the catalogue; unknown ones last."""
    names = (*LAYERS, *sorted({row.layer for row in proof.rows} - LAYERS.keys()))
    found = ((name, of(row for row in proof.rows if row.layer == name)) for name in names)
    present = {row.layer for row in proof.rows}
    return tuple((name, SENTENCES.get(name, ""), standing) for name, standing in found if name in present)


def whole(proof: Proof) -> Word:
    """The proof in one word: broken before unproven before partly before held."""
    standing = of(proof.rows)
    if standing.word == "broken":
        return "broken"
    parts = {must.word for _, must in musts(proof)}
    if not proof.complete or "unproven" in parts or not standing.shown:
        return "unproven"
    return standing.word


def worst(proofs: Iterable[Proof]) -> Word:
    """The word for several proofs together; none at all show nothing."""
    words = [whole(proof) for proof in proofs] or ["unproven"]
    order: tuple[Word, ...] = ("broken", "unproven", "partly", "held")
    return next(word for word in order if word in words)


def verdict(proof: Proof) -> str:
    """The verdict for a person, in a sentence or three. Never more than was shown."""
    standing, word = of(proof.rows), whole(proof)
    missing = standing.total - standing.shown - len(standing.broken)
    rest = f" {missing} of {standing.total} could not be shown here." if missing else ""
    rest += _open(proof)
    if word == "broken":
        return f"Not contained: {_broken(standing.broken)}.{rest}{_doubt(proof)}"
    if word == "unproven":
        return f"Not proven: {_lack(proof)}.{rest}"
    if word == "partly":
        return f"Nothing broke.{rest}{_untried(proof)}"
    return f"Held: all {standing.total} as they should be.{rest}{_untried(proof)}"


def name(proof: Proof) -> str:
    """What was attacked, in a word or a command line."""
    return proof.subject.against or proof.subject.boundary or "the sandbox"


def left_out(proof: Proof) -> tuple[str, ...]:
    """The musts of which nothing was tried: a proof of some chosen probes is no proof of the others."""
    return tuple(sentence for sentence, must in musts(proof) if must.word == "not tried")


def _untried(proof: Proof) -> str:
    count = len(left_out(proof))
    return f" {count} of the {len(MUSTS)} musts {'was' if count == 1 else 'were'} not tried." if count else ""


def _open(proof: Proof) -> str:
    count = sum(row.verdict == "open" for row in proof.rows)
    return f" {count} got through where nothing is promised." if count else ""


def _broken(rows: tuple[Row, ...]) -> str:
    attacks = sum(row.verdict == "breached" for row in rows)
    work = len(rows) - attacks
    parts = [
        f"{attacks} attack{'s' * (attacks != 1)} got through" if attacks else "",
        f"{work} thing{'s' * (work != 1)} that must work {'do' if work != 1 else 'does'} not" if work else "",
    ]
    return ", ".join(part for part in parts if part)


def _doubt(proof: Proof) -> str:
    return "" if proof.complete else " The rest cannot be believed: the run was disturbed."


def _lack(proof: Proof) -> str:
    if not proof.complete:
        return "the run itself cannot be believed"
    lacking = [what for what, must in musts(proof) if must.word == "unproven"]
    return f"too little shows that {lacking[0]}" if lacking else "nothing was shown"
