"""What resolution may ask about the machine, and nothing else. `paddock.host` answers for real.

Pure: with a `Host` made of a few dictionaries a plan is resolved in a test without touching a disk.
Every path that is asked for is absolute. Answers stay the same during one resolution.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Protocol

    from paddock.plan.model import Person

    Kind = Literal["file", "dir", "link", "socket", "other", "missing"]
else:
    Protocol = object


@frozen
class Entry:
    """What is at a path, the last symbolic link not followed.

    `real` is where the path leads with every link followed, also when nothing is there. `target` is the
    text of a link. Of a loop of links, `real` is somewhere on the loop and missing or a link itself.
    """

    kind: Kind
    real: str
    mode: int = 0
    uid: int = 0
    target: str = ""


class Host(Protocol):
    """The machine as resolution sees it."""

    person: Person  # as they are inside: the caller, but never root
    home: str  # of the caller, on the host
    state: str  # Paddock's durable state
    environ: Mapping[str, str]  # of the caller

    def look(self, path: str) -> Entry:
        """What is at `path`."""

    def listdir(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; none where it cannot be read."""

    def read_text(self, path: str, limit_bytes: int = 65536) -> str:
        """The first `limit_bytes` of a regular file, or nothing."""

    def readable(self, path: str) -> bool:
        """Whether the caller may list and enter a directory."""

    def linked(self, directory: str) -> frozenset[str]:
        """The names of the symbolic links in a directory."""

    def identity(self) -> tuple[str, str]:
        """The name and e-mail that the person commits with; empty where there is none."""

    def repository_key(self, repository: str) -> str:
        """The name of a repository's directories in the state."""
