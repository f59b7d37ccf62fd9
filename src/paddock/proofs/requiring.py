"""`prove.require`: nothing starts unless the last proof covers it."""

from __future__ import annotations

import os
import time

from paddock import __version__
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.proofs import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.plan.model import Proving
    from paddock.probes.proof import Proof

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_DAY_S = 86400.0
# In `Subject.added` of what `paddock prove` plants, signed with their own keys, for its made-up persons: it must start
# what it attacks, under this policy and under those that it changes.
ANYTHING = "whatever is asked for"


@frozen
class Here:
    """What a run is about to use: all that a proof must be of."""

    boundary: str
    gaps: tuple[str, ...]  # that the plan has here
    kernel: str
    paddock: str
    pack: str
    user: str


def here(boundary: str, gaps: Sequence[str]) -> Here:
    """As this machine is now."""
    from paddock.probes.pack import pack, version

    user = "root" if os.geteuid() == 0 else "an ordinary user"
    return Here(boundary, tuple(gaps), os.uname().release, __version__, version(pack()), user)


def refuse_unproven(wanted: Proving, now: Here, environ: Mapping[str, str] = os.environ) -> None:
    """Raise Refused, with the code "proof", where the last proof does not cover the run, and say what differs."""
    kept = store.last(wanted.policy_hash, now.boundary, environ)
    proof = kept.proof if kept else None
    differs = list(differences(wanted, now, proof, time.time())) if proof else []
    if proof and not differs and not wanted.beyond:
        return
    newest = store.newest(environ)
    if newest and newest.subject.added == ANYTHING:
        return
    if proof is None:
        differs = [f"the last one is no proof: {kept.why}" if kept else _none(wanted, now, newest)]
    if wanted.beyond:
        raise Refused(
            "the command line asks for more than was proven",
            why="; ".join(wanted.beyond),
            next_step="leave it out   or write it into the policy, and then: paddock prove",
            code="proof",
        )
    if differs:
        age = f"{wanted.within_s / _DAY_S:g} days"
        raise Refused(
            f"no proof covers this run, as {wanted.origin.where or wanted.origin} asks for: at most {age} old",
            why="; ".join(differs),
            next_step="paddock prove" if now.boundary == "bubblewrap" else f"paddock prove --boundary {now.boundary}",
            code="proof",
        )


def differences(wanted: Proving, now: Here, proof: Proof, at: float) -> Iterator[str]:
    """Why a proof of this policy and boundary does not cover a run now. Pure; `at` in seconds since 1970."""
    subject = proof.subject
    for what, then, today in (
        ("kernel", subject.kernel, now.kernel),
        ("Paddock", subject.paddock, now.paddock),
        ("probes", subject.pack, now.pack),
        ("person", subject.user, now.user),
    ):
        if then != today:
            yield f"{what}: {then} then, {today} now"
    new = [gap for gap in now.gaps if gap not in subject.gaps]
    if new:
        yield f"gaps that it did not have: {', '.join(new)}"
    if proof.broken:
        yield f"it failed: {', '.join(row.id for row in proof.broken[:5])}"
    elif not proof.passed:
        yield "it was not completed"
    yield from _age(proof.begun, wanted.within_s, at)


def _age(begun: str, within_s: float, at: float) -> Iterator[str]:
    import calendar

    try:
        age_s = at - calendar.timegm(time.strptime(begun, _FORMAT))
    except ValueError:
        yield "it does not say when it was made"
        return
    if age_s < -60:  # noqa: PLR2004 - a clock may be set by a moment
        yield f"it is from the future ({begun})"
    elif age_s > within_s:
        yield f"it is {age_s / _DAY_S:.1f} days old ({begun})"


def _none(wanted: Proving, now: Here, newest: Proof | None) -> str:
    if newest is None:
        return "nothing was proven yet"
    subject = newest.subject
    other = [
        *([f"boundary {subject.boundary}, not {now.boundary}"] if subject.boundary != now.boundary else []),
        *(["another policy, or this one before it was changed"] if subject.policy_hash != wanted.policy_hash else []),
    ]
    return f"the last proof ({newest.begun}) is of {' and '.join(other)}"
