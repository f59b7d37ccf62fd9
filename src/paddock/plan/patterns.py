"""Name patterns of masks: `*`, `?` and `[…]` within one component, matched level by level.

`fnmatch` would do, but it imports `re`, and its patterns need care with newlines. A name is any text
without a slash; characters that stand for undecodable bytes are matched like all others.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.plan.paths import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.model import Text


def matches(name: str, pattern: str) -> bool:
    """Whether a whole name matches one component of a pattern. Runs in O(len(name) · len(pattern))."""
    tokens = _tokens(pattern)
    reached = {0}  # how many tokens the part of the name so far may have used up
    for character in name:
        reached = _skip_stars(reached, tokens)
        step = set()
        for at in reached:
            if at < len(tokens):
                if tokens[at] is None:
                    step.add(at)
                elif _fits(character, tokens[at]):
                    step.add(at + 1)
        reached = step
    return len(tokens) in _skip_stars(reached, tokens)


def is_literal(component: str) -> bool:
    """Whether a component can only match itself."""
    return not any(character in component for character in "*?[")


def components(pattern: Text, repository: str) -> list[str]:
    """The components of a mask's pattern, relative to the repository; one component for a plain name.

    Raises PolicyError for what is not a place in the repository, or not available yet.
    """
    text = pattern.value
    if text.startswith("/") and within(text, repository):
        text = text[len(repository) :]
    found = [part for part in text.split("/") if part not in ("", ".")]
    where = f"mask = {pattern.value!r} ({pattern.origin})"
    if "**" in text:
        raise PolicyError(
            f"{where}: ** is not available yet",
            why="a start must not walk the whole repository",
            next_step='name the directories: "services/*/.env"',
        )
    if ".." in found or text.startswith("~") or not found or "\0" in text:
        raise PolicyError(
            f"{where} names no place in the repository",
            why="masks hide names and paths below the repository; everything outside is out of sight anyway",
            next_step='write a name such as ".env", or a path from the repository\'s top such as "config/*.pem"',
        )
    return found


# A token is a character, a set of (characters, ranges, negated), "" for any character, None for a star.
def _tokens(pattern: str) -> list[str | tuple[str, tuple[tuple[str, str], ...], bool] | None]:
    tokens: list[str | tuple[str, tuple[tuple[str, str], ...], bool] | None] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            tokens.append(None)
        elif character == "?":
            tokens.append("")
        elif character == "[" and (end := _class_end(pattern, at)) > 0:
            tokens.append(_class(pattern[at:end]))
            at = end + 1
        else:
            tokens.append(character)
    return tokens


def _class_end(pattern: str, start: int) -> int:
    """Where a class that starts here ends; a `]` that comes first belongs to it (glob(7)). -1: nowhere."""
    first = start + 1 if pattern[start : start + 1] in ("!", "^") else start
    return pattern.find("]", first + 1)


def _class(text: str) -> tuple[str, tuple[tuple[str, str], ...], bool]:
    negated = text[0] in "!^"
    text = text[1:] if negated else text
    single, ranges, at = "", [], 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            ranges.append((text[at], text[at + 2]))
            at += 3
        else:
            single += text[at]
            at += 1
    return single, tuple(ranges), negated


def _fits(character: str, token: str | tuple[str, tuple[tuple[str, str], ...], bool] | None) -> bool:
    if isinstance(token, tuple):
        single, ranges, negated = token
        return negated != (character in single or any(low <= character <= high for low, high in ranges))
    return token in ("", character)


def _skip_stars(
    reached: set[int], tokens: list[str | tuple[str, tuple[tuple[str, str], ...], bool] | None]
) -> set[int]:
    found = set()
    for at in reached:
        found.add(at)
        while at < len(tokens) and tokens[at] is None:
            at += 1  # noqa: PLW2901 - a star may also stand for nothing
            found.add(at)
    return found
