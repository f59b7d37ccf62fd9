"""Masks into a repository's paddock.toml, for everybody who works there: every byte that is there stays.

The text is extended, never written anew, and what comes out is read again: it must say what it said before and the
masks, nothing else. Where that cannot be done, the caller shows the lines instead.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock import replacing
from paddock.errors import PaddockError
from paddock.policy.locate import TooDeep, locate
from paddock.preflight.masks import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ESCAPED = {"\\": "\\\\", '"': '\\"'}
_SURROGATES = range(0xD800, 0xE000)


def line(paths: Sequence[str]) -> str:
    """The setting that masks these paths, as a line of TOML."""
    return f"mask = [{', '.join(_quoted(pattern(path)) for path in paths)}]"


def _quoted(text: str) -> str:
    """A basic string (TOML 1.0). A byte that is not UTF-8 cannot be in one; `?` matches it."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if ord(character) in _SURROGATES:
        return "?"
    if character.isprintable():
        return _ESCAPED.get(character, character)
    return f"\\U{ord(character):08X}"


def with_masks(text: str, paths: Sequence[str]) -> str | None:
    """The text of a policy file with the masks in it; None where they cannot be put in safely."""
    import tomllib

    end = "\r\n" if "\r\n" in text else "\n"
    try:
        before = tomllib.loads(text)
        section = locate(text).get(("workspace",), 0)
    except (ValueError, RecursionError, TooDeep):
        return None
    if "mask" in _table(before):
        return None
    rows = text.split("\n")
    if "workspace" in before:
        after = "\n".join([*rows[:section], line(paths) + end.removesuffix("\n"), *rows[section:]])
    else:
        gap = end if text.endswith("\n") else 2 * end
        after = text + (gap if text else "") + f"[workspace]{end}{line(paths)}{end}"
    expected = {**before, "workspace": {**_table(before), "mask": tomllib.loads(line(paths))["mask"]}}
    with suppress(ValueError, RecursionError):
        return after if tomllib.loads(after) == expected else None
    return None


def _table(data: dict[str, object]) -> dict[str, object]:
    found = data.get("workspace", {})
    return found if isinstance(found, dict) else {}


def replace(path: str, text: str) -> None:
    """Put the text in place of a file, or where there is none, in one step. A link is not followed.

    Raises PaddockError.
    """
    try:
        mode = os.lstat(path).st_mode & 0o777 if os.path.lexists(path) else 0o644
        if os.path.islink(path):
            raise PaddockError(f"{path} is a symbolic link", why="a policy must be where it says it is")
        with replacing.whole(path, mode) as file:
            replacing.fill(file, text.encode(), mode)
    except OSError as error:
        raise PaddockError(f"{path} cannot be written", why=error.strerror or str(error)) from None
