"""What is to be packed inside a sandbox: a value that the room with the boundaries carries out.

The sandbox of the packing is a fresh one. It sees objects, the sandbox's and the host's, and a repository of our
making around them; nothing that the agent could configure, hook up or name has a part in it.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INSIDE = "/run/paddock-git"  # the repository of our making, inside


@frozen
class Order:
    """A pack to be made.

    `shown` are host directories that are visible inside, at their own paths and read-only: the layer, then the
    host's object directories. `files` are the repository's, by their paths; `revisions` is for `pack-objects --revs`.
    """

    layer: str
    shown: tuple[str, ...]
    files: Mapping[str, str]
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    revisions: bytes
    limit_bytes: int


@frozen
class Packed:
    """How it ended: the program's status, and the end of what it complained about."""

    status: int
    complaint: str = ""


if TYPE_CHECKING:
    # Carries out an order; the pack goes to the descriptor. Raises PaddockError when no sandbox can be made.
    Packer = Callable[[Order, int], Packed]
