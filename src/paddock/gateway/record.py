"""What the gateway did: a line of the record per event while it runs, and counts for the person at the end.

The sandbox decides how many events there are, so neither file nor memory may follow it without bound:
equal refusals are written a few times and then only counted, and when the file has reached its limit the
gateway ends. Nothing goes out that is not recorded.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.gateway.inside.addresses import LOOPBACK
from paddock.plan.model import Denied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from paddock.gateway.rules import Endpoint
    from paddock.gateway.table import Grant
    from paddock.plan.model import Plan

    _Key = tuple[str, str, int, str]  # kind, name, port, and a reason or credential

MOST_BYTES = 256 * 1024 * 1024
MOST_KEPT_APART = 4096  # names that were looked up and refused: the sandbox makes up as many as it likes
MOST_ALIKE = 256  # places with the same reason, of all else
# How often equal refusals are written one by one; what is beyond comes as one line with its count.
REPEATS = {"dns": 1, "refused": 16, "used": 1, "alarm": 16}
OVERFLOW = "too-many-names"
ALARM = "alarm: "  # how `Summary.ended` begins when what happened must end the sandbox


@frozen
class Refusal:
    """One thing that was refused, `count` times. `name` is text that the sandbox made: escape it to print it."""

    kind: str  # "dns", "refused", or "failed": allowed, but the service could not be reached
    name: str
    port: int
    reason: str
    count: int


@frozen
class Summary:
    """What a gateway did in its life. `ended` is empty for an ordinary end, else what went wrong.

    `lines` and `head` are what the record's anchor will say; no head where the record was not closed.
    """

    connections: int = 0  # that were let through
    failed: int = 0  # allowed, but the service could not be reached
    refused: int = 0
    names_refused: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    refusals: tuple[Refusal, ...] = ()
    ended: str = ""
    lines: int = 0
    head: str = ""


@frozen
class About:
    """What a record is about: a sandbox, a plan by its hash, and what else its first line says."""

    sandbox: str = ""
    plan: str = ""
    facts: Mapping[str, object] = {}


def about(plan: Plan, sandbox: str) -> About:
    """What the record of a plan's sandbox is about. The command's arguments may hold secrets, so they stay out."""
    from paddock import __version__
    from paddock.plan.hashing import plan_hash

    facts = {
        "paddock": __version__,
        "repository": plan.workspace.source,
        "program": plan.command[0],
        "agent": plan.agent,
        "mode": plan.workspace.mode,
    }
    return About(sandbox, plan_hash(plan), facts)


class Record:
    """What the gateway records. `descriptor` is from `open_to_append`; this process can write it, nothing inside can.

    When it cannot be written any more, `broken` says why.
    """

    def __init__(self, descriptor: int, about: About, limit_bytes: int = MOST_BYTES) -> None:
        """All that lines need is imported here; the first one is written by `begin`."""
        from paddock.record import writer

        writer.preload()
        self._on_broken: Callable[[], object] = lambda: None
        self._writer = writer.Writer(
            descriptor, about.sandbox, about.plan, limit_bytes=limit_bytes, on_broken=self._tell
        )
        self._facts = about.facts
        self._counts: dict[_Key, int] = {}
        self._failed: dict[_Key, int] = {}  # services that could not be reached, as far as there is room
        self._taken: dict[tuple[str, str], int] = {}  # how many keys there are of each kind and reason
        self._more: dict[_Key, dict[str, object]] = {}
        self._answered: set[str] = set()
        self._totals = dict.fromkeys(("connections", "failed", "refused", "names_refused", "bytes_up", "bytes_down"), 0)

    @property
    def broken(self) -> str:
        """Why nothing more can be recorded, or nothing."""
        return self._writer.broken

    def begin(self, on_broken: Callable[[], object] = lambda: None) -> Self:
        """Write the first line. `on_broken` is called when the record cannot be written any more, be that now."""
        self._on_broken = on_broken
        self._writer.begin(**self._facts)
        return self

    def _tell(self) -> None:
        self._on_broken()

    def answered(self, name: str) -> None:
        """A name was answered: written once."""
        if name not in self._answered:
            self._answered.add(name)
            self._writer.append("dns", name=name, port=53, verdict="allowed")

    def unanswered(self, name: str, reason: str) -> None:
        """A name was refused."""
        self._totals["names_refused"] += 1
        self._count(("dns", name, 53, reason))

    def refused(self, endpoint: Endpoint | None, reason: str, credential: str = "") -> None:
        """A connection, or a request on it, was refused; `credential` names one that it was about."""
        self._totals["refused"] += 1
        name, port, rule = (endpoint.name, endpoint.port, endpoint.rule) if endpoint else ("", 0, "")
        about = {"credential": credential} if credential else {}
        self._count(("refused", name, port, reason), rule=rule, **about, **_beyond(endpoint))

    def connected(self, endpoint: Endpoint, reason: str, bytes_up: int, bytes_down: int) -> None:
        """A connection that was let through has ended; `reason` says as what, "tls" or "http"."""
        self._totals["connections"] += 1
        self._totals["bytes_up"] += bytes_up
        self._totals["bytes_down"] += bytes_down
        self._writer.append(
            "connect", name=endpoint.name, port=endpoint.port,
            rule=endpoint.rule, verdict="allowed", reason=reason, up=bytes_up, down=bytes_down, **_beyond(endpoint),
        )  # fmt: skip

    def unreached(self, endpoint: Endpoint, reason: str) -> None:
        """A connection was allowed, and its service could not be reached."""
        self._totals["failed"] += 1
        # Told at the end: the service that is not there, and not the place on an agent's loopback that leads to it.
        is_place = bool(endpoint.upstream) and endpoint.name == LOOPBACK
        where = (endpoint.target, endpoint.target_port) if is_place else (endpoint.name, endpoint.port)
        key = ("failed", *where, reason)
        if key in self._failed or len(self._failed) < MOST_ALIKE:
            self._failed[key] = self._failed.get(key, 0) + 1
        self._writer.append(
            "connect", name=endpoint.name, port=endpoint.port,
            rule=endpoint.rule, verdict="failed", reason=reason, **_beyond(endpoint),
        )  # fmt: skip

    def changed(self, grant: Grant) -> None:
        """Somebody has allowed more, or less, while the sandbox runs. `until` is in milliseconds since 1970."""
        self._writer.append(
            "withdrawn" if isinstance(grant.what, Denied) else "granted", name=grant.what.host, port=grant.what.port,
            author=grant.author, reason=grant.why, until=None if grant.until is None else int(grant.until * 1000),
        )  # fmt: skip

    def used(self, credential: str, endpoint: Endpoint) -> None:
        """A credential went out, by its name; its value is nobody's business here. Written once for each place."""
        self._count(("used", endpoint.name, endpoint.port, credential), rule=endpoint.rule, **_beyond(endpoint))

    def renewed(self, credential: str, why: str) -> None:
        """A credential's secret was fetched anew, or was not, and `why`."""
        verdict = "failed" if why else "allowed"
        self._writer.append("renewed", credential=credential, verdict=verdict, **({"reason": why} if why else {}))

    def alarm(self, what: str, endpoint: Endpoint | None = None) -> None:
        """Something happened that must not go on; `what` is one sentence."""
        name, port = (endpoint.name, endpoint.port) if endpoint else ("", 0)
        self._count(("alarm", name, port, what))

    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused so far."""
        return tuple(Refusal(*key, count) for key, count in self._counts.items() if key[0] in ("dns", "refused"))

    def finish(self) -> Summary:
        """Write the counts that are due and the last line, and sum up."""
        for key, count in self._counts.items():
            if count > REPEATS[key[0]]:
                self._write(key, {**self._more[key], "count": count})
        anchor = self._writer.close(**self._totals, ended=self.broken)
        told = (*self.refusals(), *(Refusal(*key, count) for key, count in self._failed.items()))
        return Summary(**self._totals, refusals=told, ended=self.broken, lines=anchor.count, head=anchor.head)

    def _count(self, key: _Key, **more: object) -> None:
        if key not in self._counts:
            key = self._apart(key)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count == 1:
            self._more[key] = more
        if count <= REPEATS[key[0]]:
            self._write(key, more)

    def _apart(self, key: _Key) -> _Key:
        """The key for what is new, which has a name of its own as long as there is room for that.

        A flood of one kind must not hide another: each reason has its room, and is told also where the name is not.
        """
        kind, _, port, word = key
        is_lookup = kind == "dns"
        room, limit = (kind, "" if is_lookup else word), MOST_KEPT_APART if is_lookup else MOST_ALIKE
        if self._taken.get(room, 0) >= limit:
            return kind, "", port, OVERFLOW if is_lookup else word
        self._taken[room] = self._taken.get(room, 0) + 1
        return key

    def _write(self, key: _Key, more: Mapping[str, object]) -> None:
        kind, name, port, word = key
        said = {"credential": word} if kind == "used" else {"reason": word}
        verdict = {} if kind in ("used", "alarm") else {"verdict": "refused"}
        self._writer.append(kind, name=name, port=port, **verdict, **said, **more)


def _beyond(endpoint: Endpoint | None) -> dict[str, object]:
    """Where an endpoint leads that is called otherwise inside: an agent's place for its models, a service here."""
    is_elsewhere = endpoint and endpoint.upstream not in ("", f"{endpoint.name}:{endpoint.port}")
    return {"upstream": endpoint.upstream} if endpoint and is_elsewhere else {}


def pack(summary: Summary) -> bytes:
    """A summary as text with one fact per line: the parent reads it without importing `json`."""
    numbers = (
        summary.connections, summary.failed, summary.refused, summary.names_refused,
        summary.bytes_up, summary.bytes_down,
    )  # fmt: skip
    lines = [" ".join(map(str, numbers)), _escape(summary.ended), f"{summary.lines} {summary.head}"]
    lines += (f"{r.kind} {r.port} {r.reason} {r.count} {_escape(r.name)}" for r in summary.refusals)
    return ("\n".join(lines) + "\n").encode("ascii")


def unpack(data: bytes) -> Summary:
    """The summary that `pack` wrote. Raises ValueError for anything else."""
    numbers, ended, anchor, *lines = data.decode("ascii").removesuffix("\n").split("\n")
    refusals = []
    for line in lines:
        kind, port, reason, count, name = line.split(" ", 4)
        refusals.append(Refusal(kind, _unescape(name), int(port), reason, int(count)))
    connections, failed, refused, names_refused, bytes_up, bytes_down = map(int, numbers.split(" "))
    written, head = anchor.split(" ")
    return Summary(
        connections, failed, refused, names_refused, bytes_up, bytes_down, tuple(refusals), _unescape(ended),
        int(written), head,
    )  # fmt: skip


def _escape(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _unescape(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")
