"""Values as one text that is the same on every machine, to be hashed or signed.

Canonical JSON in the manner of RFC 8785: sorted keys, no spaces, ASCII, integral numbers without a fraction.
Placeholders stand for a machine's own paths. They begin with NUL, which no path, argument or value can hold, so
nothing can pretend to be one. Lists whose order means nothing are sorted after the placeholders are in.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    Places = Sequence[tuple[str, str]]

HOME, REPOSITORY = "\0home", "\0repository"
# A path ends, inside a longer text, where one of these stands.
_AROUND = frozenset("/:\n\"' \t;,=")


def text(data: Any) -> str:
    """Plain data as canonical JSON. Raises ValueError for what is no number."""
    import json

    return json.dumps(_numbers(data), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(data: Any) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    import hashlib

    return hashlib.sha256(text(data).encode("ascii")).hexdigest()


def places(home: str, repository: str) -> Places:
    """The two paths with what stands for them, the longer one first: a repository below the home is the repository."""
    return sorted(((repository, REPOSITORY), (home, HOME)), key=lambda it: -len(it[0]))


def placed(data: Any, places: Places, *, left_out: Collection[str] = (), unordered: Collection[str] = ()) -> Any:
    """The data without some keys, at any depth, with the placeholders in, and the lists under some keys sorted."""
    if isinstance(data, dict):
        kept = {
            key: placed(value, places, left_out=left_out, unordered=unordered)
            for key, value in data.items()
            if key not in left_out
        }
        return {
            key: sorted(value, key=text) if key in unordered and isinstance(value, list) else value
            for key, value in kept.items()
        }
    if isinstance(data, list):
        return [placed(item, places, left_out=left_out, unordered=unordered) for item in data]
    if isinstance(data, str):
        for path, placeholder in places:
            data = _replaced(data, path, placeholder)
    return data


def _numbers(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _numbers(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_numbers(item) for item in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def _replaced(text: str, path: str, placeholder: str) -> str:
    """`text` with the placeholder for each whole occurrence of a path; `/home/a` is not part of `/home/ab`."""
    parts: list[str] = []
    start = at = 0
    while len(path) > 1 and (at := text.find(path, at)) >= 0:
        end = at + len(path)
        whole = (at == 0 or (text[at - 1] in _AROUND and text[at - 1] != "/")) and (
            end == len(text) or text[end] in _AROUND
        )
        if whole:
            parts += [text[start:at], placeholder]
            start = end
        at = end if whole else at + 1
    return "".join([*parts, text[start:]])
