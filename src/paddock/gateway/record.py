"""What the gateway did: one JSON line per event while it runs, and counts for the person at the end.

The sandbox decides how many events there are, so neither file nor memory may follow it without bound:
equal refusals are written a few times and then only counted, and when the file has reached its limit the
gateway ends. Nothing goes out that is not recorded.
"""

from __future__ import annotations

import os
import time

from paddock.frozen import frozen
from paddock.plan.model import Denied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.gateway.rules import Endpoint
    from paddock.gateway.table import Grant

MOST_BYTES = 256 * 1024 * 1024
MOST_KEPT_APART = 4096
# How often equal refusals are written one by one; what is beyond comes as one line with its count.
REPEATS = {"dns": 1, "refused": 16}
OVERFLOW = "too-many-names"


@frozen
class Refusal:
    """One thing that was refused, `count` times. `name` is text that the sandbox made: escape it to print it."""

    kind: str  # "dns" or "refused"
    name: str
    port: int
    reason: str
    count: int


@frozen
class Summary:
    """What a gateway did in its life. `ended` is empty for an ordinary end, else what went wrong."""

    connections: int = 0  # that were let through
    failed: int = 0  # allowed, but the service could not be reached
    refused: int = 0
    names_refused: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    refusals: tuple[Refusal, ...] = ()
    ended: str = ""


class Record:
    """The writer. `descriptor` is open for appending; this process can write it, and nothing inside can.

    `broken` is set, and `on_broken` called, when the record cannot be written any more.
    """

    def __init__(
        self, descriptor: int, limit_bytes: int = MOST_BYTES, on_broken: Callable[[], object] = lambda: None
    ) -> None:
        self.broken = ""
        self._on_broken = on_broken
        self._descriptor = descriptor
        self._left = limit_bytes
        self._counts: dict[tuple[str, str, int, str], int] = {}
        self._rules: dict[tuple[str, str, int, str], str] = {}
        self._answered: set[str] = set()
        self._totals = dict.fromkeys(("connections", "failed", "refused", "names_refused", "bytes_up", "bytes_down"), 0)

    def answered(self, name: str) -> None:
        """A name was answered: written once."""
        if name not in self._answered:
            self._answered.add(name)
            self._write("dns", name, 53, verdict="allowed")

    def unanswered(self, name: str, reason: str) -> None:
        """A name was refused."""
        self._totals["names_refused"] += 1
        self._refused("dns", name, 53, reason, "")

    def refused(self, endpoint: Endpoint | None, reason: str) -> None:
        """A connection, or a request on it, was refused."""
        self._totals["refused"] += 1
        name, port, rule = (endpoint.name, endpoint.port, endpoint.rule) if endpoint else ("", 0, "")
        self._refused("refused", name, port, reason, rule)

    def connected(self, endpoint: Endpoint, reason: str, bytes_up: int, bytes_down: int) -> None:
        """A connection that was let through has ended; `reason` says as what, "tls" or "http"."""
        self._totals["connections"] += 1
        self._totals["bytes_up"] += bytes_up
        self._totals["bytes_down"] += bytes_down
        self._write(
            "connect", endpoint.name, endpoint.port,
            rule=endpoint.rule, verdict="allowed", reason=reason, up=bytes_up, down=bytes_down,
        )  # fmt: skip

    def unreached(self, endpoint: Endpoint, reason: str) -> None:
        """A connection was allowed, and its service could not be reached."""
        self._totals["failed"] += 1
        self._write("connect", endpoint.name, endpoint.port, rule=endpoint.rule, verdict="failed", reason=reason)

    def changed(self, grant: Grant) -> None:
        """Somebody has allowed more, or less, while the sandbox runs."""
        self._write(
            "grant", grant.what.host, grant.what.port,
            verdict="denied" if isinstance(grant.what, Denied) else "allowed",
            author=grant.author, reason=grant.why, until=grant.until,
        )  # fmt: skip

    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused so far."""
        return tuple(Refusal(*key, count) for key, count in self._counts.items())

    def finish(self) -> Summary:
        """Write the counts that are due and sum up."""
        for key, count in self._counts.items():
            kind, name, port, reason = key
            if count > REPEATS[kind]:
                rule = self._rules.get(key, "")
                self._write(kind, name, port, rule=rule, verdict="refused", reason=reason, count=count)
        return Summary(**self._totals, refusals=self.refusals(), ended=self.broken)

    def _refused(self, kind: str, name: str, port: int, reason: str, rule: str) -> None:
        key = (kind, name, port, reason)
        if key not in self._counts and len(self._counts) >= MOST_KEPT_APART:
            key = (kind, "", port, OVERFLOW)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if rule:
            self._rules[key] = rule
        if count <= REPEATS[kind]:
            self._write(kind, key[1], port, rule=rule, verdict="refused", reason=key[3])

    def _write(self, kind: str, name: str, port: int, **more: object) -> None:
        import json

        event = {"time": round(time.time(), 3), "kind": kind, "name": name, "port": port, **more}
        line = json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"
        if self.broken:
            return
        if len(line) > self._left:
            self._break("the record is full")
            return
        self._left -= len(line)
        try:
            if os.write(self._descriptor, line) != len(line):
                self._break("the record could not be written in full")
        except OSError as error:
            self._break(f"the record could not be written: {error.strerror}")

    def _break(self, why: str) -> None:
        self.broken = why
        self._on_broken()


def pack(summary: Summary) -> bytes:
    """A summary as text with one fact per line: the parent reads it without importing `json`."""
    numbers = (
        summary.connections, summary.failed, summary.refused, summary.names_refused,
        summary.bytes_up, summary.bytes_down,
    )  # fmt: skip
    lines = [" ".join(map(str, numbers)), _escape(summary.ended)]
    lines += (f"{r.kind} {r.port} {r.reason} {r.count} {_escape(r.name)}" for r in summary.refusals)
    return ("\n".join(lines) + "\n").encode("ascii")


def unpack(data: bytes) -> Summary:
    """The summary that `pack` wrote. Raises ValueError for anything else."""
    numbers, ended, *lines = data.decode("ascii").removesuffix("\n").split("\n")
    refusals = []
    for line in lines:
        kind, port, reason, count, name = line.split(" ", 4)
        refusals.append(Refusal(kind, _unescape(name), int(port), reason, int(count)))
    connections, failed, refused, names_refused, bytes_up, bytes_down = map(int, numbers.split(" "))
    return Summary(connections, failed, refused, names_refused, bytes_up, bytes_down, tuple(refusals), _unescape(ended))


def _escape(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _unescape(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")
