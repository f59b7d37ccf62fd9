"""Why the reading of a JSON text stopped, in words and at a place.

The parser knows which token it met and which ones could have followed; people know commas, quotes and brackets.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lark import Token

    Stop = tuple[tuple[int, int], str]  # the offset and end of what is wrong, and what is wrong with it

_BAD_ESCAPE = re.compile(
    r'"[^"\\\n\r]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\n\r]*)*(\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})[^\n\r])'
)
_CLOSING = {"{": "}", "[": "]"}


def start(token: Token) -> int:
    """Where a token begins; the type of the parser's own attribute has a None, for tokens of other origins."""
    return token.start_pos or 0


def end(token: Token) -> int:
    """Where a token ends."""
    return token.end_pos or 0


def unreadable(text: str, offset: int) -> Stop:
    """No token begins at `offset`: a string or comment that does not end, a wrong escape, a stray slash."""
    if text.startswith("/*", offset):
        return (offset, offset + 2), "the comment is not closed with `*/`"
    if text[offset] == "/":
        return (offset, offset + 1), "a comment begins with `//` or `/*`"
    escape = _BAD_ESCAPE.match(text, offset)
    if escape:
        return escape.span(1), f"JSON has no escape `{escape[1]}`; a backslash is written `\\\\`"
    return (offset, offset + 1), "the string is not closed in its line"


def unexpected(token: Token, expected: Collection[str], opened: Sequence[Token], last: int) -> Stop:
    """`token` cannot stand where it does. `opened` are the brackets around it, `last` is the token before's end."""
    if token.type == "$END":
        return (last, last), _ended(opened)
    return (start(token), end(token)), _missing(token, expected, opened)


def _missing(token: Token, expected: Collection[str], opened: Sequence[Token]) -> str:
    """What should stand before or instead of a token."""
    if token.type == "WORD" and token[0] == "'":
        return "text stands in double quotes, not in single ones"
    if "$END" in expected and not opened:
        return "nothing but comments may follow the value"
    if "COMMA" in expected and token.type in ("RBRACE", "RSQB"):
        return f"`{token}` does not close the `{opened[-1]}` of line {opened[-1].line}"
    if "COMMA" in expected:
        return "a comma is missing before this" if token.type != "COLON" else "a comma is expected here"
    if "COLON" in expected:
        return "a colon is missing before this"
    return f"{'a value' if 'NUMBER' in expected else 'a key in double quotes'} is expected here"


def _ended(opened: Sequence[Token]) -> str:
    if not opened:
        return "there is no value in the file"
    bracket = opened[-1]
    return f"the file ends, but the `{bracket}` of line {bracket.line} is not closed with `{_CLOSING[bracket]}`"
