"""New entries of `network.allow` in the text of a policy file, with all that a person wrote left as it is.

TOML has no writer that keeps comments, so the text is changed at one or two places, and the result is read again: when
it does not say exactly what it said before and the new entries besides, nothing is proposed as text.
"""

from __future__ import annotations

import re

from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paddock.learning.judging import Proposal

_ALLOW, _MODE, _SECTION = ("network", "allow"), ("network", "mode"), ("network",)
_OFF = re.compile(r"""^(\s*mode\s*=\s*)(["'])off\2""")
_HTTPS = 443
_QUOTES = ('"""', "'''", '"', "'")


def amended(text: str, proposals: Sequence[Proposal]) -> str:
    """`text` with entries for the proposals, in mode "allow". Raises PaddockError where it cannot be changed safely."""
    if not proposals:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [f'    "{_entry(one)}",{f"  # {one.warning}" if one.warning else ""}' for one in proposals]
    before = _read(text)
    text = text if not text or text.endswith("\n") else text + newline
    try:
        changed = _with_entries(_with_mode(text, before, newline), lines, newline)
        after = _read(changed)
    except (ValueError, IndexError):
        after, changed = {}, ""
    if after != _expected(before, [_entry(one) for one in proposals]):
        raise PaddockError(
            "the policy file is written in a way that cannot be added to safely",
            why="it has no plain [network] section with an allow list",
            next_step="add to it by hand: allow = [" + ", ".join(f'"{_entry(one)}"' for one in proposals) + "]",
            code="cannot-amend",
        )
    return changed


def _entry(one: Proposal) -> str:
    return one.host if one.port == _HTTPS else f"{one.host}:{one.port}"


def _read(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _expected(before: Mapping[str, Any], entries: list[str]) -> dict[str, Any]:
    network = before.get("network", {})
    return {**before, "network": {**network, "mode": "allow", "allow": [*network.get("allow", []), *entries]}}


def _lines_of(text: str) -> dict[tuple[str | int, ...], int]:
    from paddock.policy.locate import locate

    return locate(text)


def _split(text: str) -> list[str]:
    """Lines with their ends, as TOML counts them: other characters that Python takes for ends are not."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _with_mode(text: str, data: Mapping[str, Any], newline: str) -> str:
    """The text with a section [network] in mode "allow"."""
    if "network" not in data:
        gap = newline if text.strip() else ""
        return f'{text}{gap}[network]{newline}mode = "allow"{newline}'
    if data["network"].get("mode") == "allow":
        return text
    places, lines = _lines_of(text), _split(text)
    if _MODE in places:
        at = places[_MODE] - 1
        lines[at] = _OFF.sub(r"\1\2allow\2", lines[at])
    else:
        lines.insert(places[_SECTION], f'mode = "allow"{newline}')
    return "".join(lines)


def _with_entries(text: str, entries: Sequence[str], newline: str) -> str:
    places, lines = _lines_of(text), _split(text)
    body = newline.join(entries)
    if _ALLOW not in places:
        # Behind the mode where there is one: a section's first lines are where people look.
        at = places.get(_MODE, places[_SECTION])
        lines.insert(at, f"allow = [{newline}{body}{newline}]{newline}")
        return "".join(lines)
    start = sum(map(len, lines[: places[_ALLOW] - 1]))
    opening = text.index("[", text.index("=", start))
    last, closing = _ends(text, opening)
    comma = "" if text[last - 1] in "[," else ","
    between = text[last:closing].rstrip(" \t")
    between = between if between.endswith("\n") else between + newline
    return f"{text[:last]}{comma}{between}{body}{newline}{text[closing:]}"


def _ends(text: str, opening: int) -> tuple[int, int]:
    """Where the last thing in an array ends, be it a comma or its own bracket, and where the array is closed."""
    depth, at, last = 0, opening, opening
    while True:
        character = text[at]
        quote = next((quote for quote in _QUOTES if text.startswith(quote, at)), "")
        if quote:
            at = _behind_string(text, at, quote)
            last = at
            continue
        if character == "#":
            at = text.index("\n", at)
            continue
        depth += (character in "[{") - (character in "]}")
        if not depth:
            return last, at
        at += 1
        if not character.isspace():
            last = at


def _behind_string(text: str, at: int, quote: str) -> int:
    at += len(quote)
    while not text.startswith(quote, at):
        at += 2 if quote[0] == '"' and text[at] == "\\" else 1
    at += len(quote)
    while len(quote) > 1 and text.startswith(quote[0], at):  # a long string may end in quotes of its own
        at += 1
    return at
