"""`devcontainer-lock.json`: which contents a Feature's version stood for when it was last installed."""

from __future__ import annotations

import os
import re

from paddock.devcontainer import jsonc
from paddock.devcontainer.document import Flaw
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.devcontainer.document import Member, Node, Place

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@frozen
class Locked:
    """One Feature: its full version, the digest of its contents, and where both stand."""

    reference: str
    version: str
    digest: str
    place: Place


@frozen
class Lock:
    """A lock file. `entries` are by reference as devcontainer.json has it; what says no digest locks nothing."""

    entries: Mapping[str, Locked]
    flaws: tuple[Flaw, ...] = ()


def path_of(file: str) -> str:
    """The lock file of a devcontainer.json: beside it, hidden where that is."""
    folder, name = os.path.split(file)
    return os.path.join(folder, ".devcontainer-lock.json" if name.startswith(".") else "devcontainer-lock.json")


def parse(file: str, text: str) -> Lock:
    """Read a lock file. An empty one is a request to write it, and locks nothing. Raises Broken."""
    if not text.strip():
        return Lock({})
    document = jsonc.parse(file, text)
    flaws = [*document.flaws]
    features = document.root.get("features")
    if features is None or features.kind != "object":
        place = (features or document.root).place
        return Lock({}, (*flaws, Flaw("wrong-type", "a lock file has an object `features`", place)))
    entries = {one.key: _locked(one, flaws) for one in features.counting()}
    return Lock({key: one for key, one in entries.items() if one}, tuple(flaws))


def _locked(member: Member, flaws: list[Flaw]) -> Locked | None:
    node = member.node
    digest, version = _text(node, "integrity"), _text(node, "version")
    if not _DIGEST.fullmatch(digest):
        flaws.append(Flaw("wrong-value", "`integrity` is no sha256 digest: this locks nothing", node.place))
        return None
    return Locked(member.key, version, digest, node.place)


def _text(node: Node, key: str) -> str:
    found = node.get(key)
    return str(found.value) if found and found.kind == "string" else ""
