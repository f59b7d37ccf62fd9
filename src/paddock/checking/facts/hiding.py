"""Texts of a configuration as they are shown to people: without the values of secrets."""

from __future__ import annotations

import re

from paddock.checking.facts import secret
from paddock.policy.credentials import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "(hidden)"
# `NAME=value` of a flag, an option or a shell's word; `"name": "value"` of what is shown as JSON.
_NAME = re.compile(r'(?<![\w.-])-{0,2}([A-Za-z_][\w.-]*)(?:=|"?: ?)')
_VALUE = re.compile(r"""("[^"]*"?|'[^']*'?|[^\s"',;&|]*)""")


def shown(key: str, value: str) -> str:
    """The value of a key such as `containerEnv.TOKEN`, with `(hidden)` in the place of secrets.

    Variables such as `${localEnv:TOKEN}`, switches, numbers and paths are no secrets, whatever their name.
    """
    if _is_secret(key.rpartition(".")[2], value):
        return HIDDEN
    spans = [*_assigned(value), *((start, end) for _what, start, end in secret.forms(value))]
    parts, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [value[at:start], HIDDEN]
        at = max(at, end)
    text = "".join((*parts, value[at:]))
    for password in set(secret.passwords(text)):
        text = text.replace(f":{password}@", f":{HIDDEN}@")
    return text


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    """Where the values of secrets are in a text; the value of one that is none may hold the next: `--env=TOKEN=x`."""
    at = 0
    while found := _NAME.search(text, at):
        at = found.end()
        if _is_secret_name(found[1]):
            begin, at = at, _VALUE.match(text, at).end()  # type: ignore[union-attr] # it matches nothing, too
            if secret.is_literal(text[begin:at].strip("\"'")):
                yield begin, at


def _is_secret(name: str, value: str) -> bool:
    return _is_secret_name(name) and secret.is_literal(value)


def _is_secret_name(name: str) -> bool:
    word = name.rpartition(".")[2].replace("-", "_")
    return is_secret_name(word) or secret.is_name(word)
