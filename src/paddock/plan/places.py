"""The credential locations as a tree of components: whether a path touches one, in the time of its own length.

`paddock.policy.credentials.refusal` is the judge and says why; it compares with hundreds of places. Nearly
all paths touch none, and a start asks about dozens. A test holds that both give the same verdict.
"""

from __future__ import annotations

from paddock.plan.paths import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_END = "/"  # the mark of a whole place; no component is a slash


class Places:
    """An index of paths, in which a `*` stands for any part of one component."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._tree: dict[str, Any] = {}
        for path in paths:
            node = self._tree
            for part in normal(path).split("/")[1:] if _is_odd(path) else path.split("/")[1:]:
                node = node.setdefault(part, {})
            node[_END] = {}

    def touches(self, path: str) -> bool:
        """Whether a normal path is a place, lies in one or contains one."""
        nodes = [self._tree]
        for part in path.split("/")[1:] if path != "/" else ():
            nodes = [child for node in nodes for child in _children(node, part)]
            if any(_END in node for node in nodes):
                return True
        return bool(nodes)


def _children(node: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found = [node[part]] if part in node and "*" not in part else []
    for pattern, child in node.items():
        if "*" in pattern:
            before, _, after = pattern.partition("*")
            if len(part) >= len(before) + len(after) and part.startswith(before) and part.endswith(after):
                found.append(child)
    return found


def _is_odd(path: str) -> bool:
    return "//" in path or "/./" in path or "/../" in path or path.endswith(("/", "/.", "/.."))
