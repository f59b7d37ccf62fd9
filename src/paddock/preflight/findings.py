"""What a scan finds, as values. None of them ever holds a secret, or a part of one: only where it is and its kind."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal[
        "secret", "secret-file", "hard-link", "link-out", "socket", "fifo", "device", "set-uid", "world-writable",
        "nested-repository", "bare-repository",
    ]  # fmt: skip
    Certainty = Literal["high", "medium", "low"]

# In the order of a report, each with what one and what several of them are called.
KINDS: dict[Kind, tuple[str, str]] = {
    "secret": ("secret in a file", "secrets in files"),
    "secret-file": ("file that holds secrets by its name", "files that hold secrets by their names"),
    "link-out": ("symbolic link that leaves", "symbolic links that leave"),
    "hard-link": ("hard link with names outside", "hard links with names outside"),
    "socket": ("socket", "sockets"),
    "fifo": ("FIFO", "FIFOs"),
    "device": ("device", "devices"),
    "set-uid": ("set-uid or set-gid program", "set-uid or set-gid programs"),
    "world-writable": ("path that everybody may write", "paths that everybody may write"),
    "nested-repository": ("repository inside", "repositories inside"),
    "bare-repository": ("directory in the shape of a bare repository", "directories in the shape of bare repositories"),
}
SECRETS: tuple[Kind, ...] = ("secret", "secret-file")
# Findings of one kind that are kept; all are counted. A tree of hard links must not fill the memory or the screen.
MOST_OF_A_KIND = 1000


@frozen
class Finding:
    """One thing at one place. `path` is relative to the repository, as it is there: never printed raw.

    A secret has a `line` (from 1), the name of its rule as `detail`, the `length` of what was matched, and how sure
    the detector is. For everything else `detail` says where it leads, or what it is.
    """

    kind: Kind
    path: str
    line: int = 0
    detail: str = ""
    length: int = 0
    certainty: Certainty = "high"


@frozen
class Count:
    """How many of a kind there are; more than findings, where those were cut off."""

    kind: Kind
    number: int


@frozen
class Report:
    """What one scan found. `notes` say what was not looked at, one line each; `complete`: nothing was put off."""

    repository: str
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...]
    files: int
    looked_into: int  # files that were read this time; the others were known
    notes: tuple[str, ...] = ()
    complete: bool = True

    def of(self, *kinds: Kind) -> tuple[Finding, ...]:
        """The findings of some kinds."""
        return tuple(finding for finding in self.findings if finding.kind in kinds)


class Collection:
    """Findings while they are made: all counted, the first of each kind kept."""

    def __init__(self) -> None:
        self._kept: dict[Kind, list[Finding]] = {}
        self._numbers: dict[Kind, int] = {}

    def add(self, finding: Finding) -> None:
        """Take one in."""
        self._numbers[finding.kind] = self._numbers.get(finding.kind, 0) + 1
        kept = self._kept.setdefault(finding.kind, [])
        if len(kept) < MOST_OF_A_KIND:
            kept.append(finding)

    def findings(self) -> tuple[Finding, ...]:
        """What was kept, by kind and place."""
        return tuple(
            finding
            for kind in KINDS
            for finding in sorted(self._kept.get(kind, ()), key=lambda one: (one.path, one.line, one.detail))
        )

    def counts(self) -> tuple[Count, ...]:
        """How many there were."""
        return tuple(Count(kind, self._numbers[kind]) for kind in KINDS if kind in self._numbers)
