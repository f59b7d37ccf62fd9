"""`hostRequirements`: what the host should have. Of these, the reference CLI acts on `gpu` alone."""

from __future__ import annotations

import re

from paddock.devcontainer.model import Requirement
from paddock.devcontainer.typed import written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.typed import Typed

KEY = "hostRequirements"
KNOWN = ("cpus", "memory", "storage", "gpu")
_SIZE = re.compile(r"([0-9]+)(?:([tgmk])b)?", re.ASCII)
_UNITS = {None: 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def read(node: Node, typed: Typed) -> tuple[Requirement, ...]:
    """All requirements that the specification knows."""
    found = []
    for member in typed.members(node, KEY):
        if member.key not in KNOWN:
            typed.strange(member, KNOWN, KEY)
            continue
        value, amount = _gpu(member.node, typed) if member.key == "gpu" else _amount(member.key, member.node, typed)
        found.append(Requirement(member.key, value, amount, typed.source(member.node, KEY, member.key)))
    return tuple(found)


def size(text: str) -> int | None:
    """Bytes of `8gb`, as the reference CLI reads it: lower case, binary units, no fractions."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def _amount(name: str, node: Node, typed: Typed) -> tuple[str, int | None]:
    if name == "cpus":
        amount = node.value if node.kind == "number" and isinstance(node.value, int) else None
    else:
        amount = size(str(node.value)) if node.kind == "string" else None
    if amount is None:
        wanted = "a whole number" if name == "cpus" else "a size such as `8gb`"
        typed.flaw("wrong-value", f"`{name}` is {wanted}; tools take this for none", node)
    return written(node), amount


def _gpu(node: Node, typed: Typed) -> tuple[str, int | None]:
    """`true`, `false`, `"optional"`, or an object with cores and memory, which is a yes."""
    if node.kind == "object":
        parts = [f"{member.key}={written(member.node)}" for member in typed.members(node, KEY, "gpu")]
        return ", ".join(parts) or "true", None
    if node.kind != "boolean" and node.value != "optional":
        typed.flaw("wrong-value", '`gpu` is true, false, "optional" or an object', node)
    return written(node), None
