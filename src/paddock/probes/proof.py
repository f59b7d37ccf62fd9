"""What `paddock prove` found: values, and their form as JSON. Reports, signatures and comparisons start from these."""

from __future__ import annotations

from paddock.frozen import fields, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# In the order of a report. held: an attack failed, and was shown to work without a sandbox. works: what must go on
# does. allowed: it was reached, as the policy says. fact: reported, nothing promised. open: reached, and nothing was
# promised (a gap that was accepted). breached: a promise is broken. fails: what must work does not. unproven, skipped,
# not-applicable: nothing was shown, and the reason is said.
VERDICTS = (
    "breached", "fails", "unproven", "skipped", "not-applicable", "open", "allowed", "fact", "works", "held",
)  # fmt: skip
BROKEN = ("breached", "fails")
SHOWN = ("held", "works", "allowed")
_LONGEST_S = 1e9


@frozen
class Row:
    """One probe's verdict. `evidence` is text from inside or of paths, unescaped; `controlled`: breached without."""

    id: str
    layer: str
    title: str
    kind: str
    severity: str
    promise: str
    verdict: str
    reason: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    fix: str = ""
    controlled: bool = False


@frozen
class Subject:
    """What was attacked, and where: all that an upgrade may change. Empty where it does not apply."""

    boundary: str  # "bubblewrap", or "" with --against
    against: str  # the other sandbox's command line
    policy_hash: str
    plan_hash: str
    gaps: tuple[str, ...]  # accepted
    paddock: str
    pack: str  # version of the probes
    versions: Mapping[str, str]  # of python, and of the programs that the boundary is made of
    kernel: str
    machine: str
    user: str  # "root" or "an ordinary user"
    added: str = ""  # to the policy, for this proof alone


@frozen
class Proof:
    """`complete`: the attacker ran to its end and the controls held; otherwise `trouble` says what was wrong.

    `facts` are for people who compare sandboxes: capabilities, namespaces, the filter. Times are UTC, RFC 3339.
    """

    subject: Subject
    begun: str
    seconds: float
    rows: tuple[Row, ...]
    facts: Mapping[str, str]
    complete: bool
    trouble: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[Row, ...]:
        """The rows that break a promise."""
        return tuple(row for row in self.rows if row.verdict in BROKEN)

    @property
    def passed(self) -> bool:
        """No promise is broken, the run itself can be believed, and enough was shown (`standing.whole`)."""
        from paddock.probes import standing  # which knows proofs, and more words for them

        return standing.whole(self) in ("held", "partly")

    def counted(self) -> dict[str, int]:
        """How many rows of each verdict there are, in the order of a report."""
        found = [row.verdict for row in self.rows]
        return {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}


def as_data(proof: Proof) -> dict[str, Any]:
    """For JSON: every field, and "schema": 1."""
    from paddock.frozen import as_data as plain

    return {"schema": 1, **plain(proof), "passed": proof.passed, "counts": proof.counted()}


def from_data(data: Mapping[str, Any]) -> Proof:
    """The proof in such data, which may come from anybody.

    Raises ValueError, KeyError or TypeError where it is none of ours.
    """
    if data["schema"] != 1:
        raise ValueError(data["schema"])
    subject = Subject(**{**data["subject"], "gaps": _texts(data["subject"]["gaps"])})
    _texts([getattr(subject, name) for name in fields(subject) if name not in ("gaps", "versions")])
    _mapping(subject.versions)
    begun, seconds, complete = data["begun"], data["seconds"], data["complete"]
    if not isinstance(begun, str) or not isinstance(complete, bool):
        raise TypeError(begun)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _LONGEST_S:
        raise ValueError(seconds)
    if not isinstance(data["rows"], list):
        raise TypeError(data["rows"])
    rows = tuple(map(_row, data["rows"]))
    if len({row.id for row in rows}) != len(rows):
        raise ValueError(rows)
    facts, trouble = _mapping(data["facts"]), _texts(data["trouble"])
    return Proof(subject, begun, seconds, rows, facts, complete, trouble)


def _row(data: Mapping[str, Any]) -> Row:
    row = Row(**{**data, "evidence": _texts(data["evidence"])})
    _texts([getattr(row, name) for name in fields(row) if name not in ("evidence", "controlled")])
    if row.verdict not in VERDICTS or not isinstance(row.controlled, bool):
        raise ValueError(row.verdict)
    return row


def _texts(data: object) -> tuple[str, ...]:
    if not isinstance(data, list | tuple) or not all(isinstance(text, str) for text in data):
        raise TypeError(data)
    return tuple(data)


def _mapping(data: object) -> dict[str, str]:
    if not isinstance(data, dict):
        raise TypeError(data)
    _texts([*data, *data.values()])
    return data
