"""From a file's bytes to a layer: text, TOML or JSON, lines; `checking` judges the content.

`tomllib` and `json` are imported only when there is a file to read.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen
from paddock.policy.checking import layer_from, problems_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.policy.model import Layer, LayerKind

LARGEST_BYTES = 2**20
OURS = ("customizations", "paddock")
_BOMS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


@frozen
class Unreadable:
    """Why a devcontainer.json says nothing to us. It is not ours to refuse, so the run only notes it."""

    note: str


def decode(raw: bytes, where: str) -> str:
    """The text of a policy file. Raises PolicyError for what is not plain UTF-8 text."""
    if len(raw) > LARGEST_BYTES:
        raise PolicyError(f"{where} is larger than {LARGEST_BYTES // 2**20} MiB", why="no policy needs that much")
    for mark, name in _BOMS:
        if raw.startswith(mark):
            raise PolicyError(
                f"{where}:1: the file starts with a byte order mark ({name})",
                next_step="save it as UTF-8 without a byte order mark",
            )
    line = raw.count(b"\n", 0, raw.find(b"\0")) + 1 if b"\0" in raw else 0
    if line:
        raise PolicyError(f"{where}:{line}: the file holds a NUL byte", why="a policy is text")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError(
            f"{where}:{line}: the file is not UTF-8", why=f"byte {raw[error.start]:#04x} does not fit there"
        ) from None


def parse_toml(text: str, where: str, kind: LayerKind, base: str = "") -> Layer:
    """A policy file as a layer. `where` names it for people; relative paths count from `base`."""
    import tomllib

    from paddock.policy.locate import TooDeep, locate

    try:
        lines = locate(text)
        data = tomllib.loads(text)
    except TooDeep as error:
        raise problems_error([(error.line, str(error), False)], where) from None
    except tomllib.TOMLDecodeError as error:
        message, line, column = _place_of(str(error), text)
        raise PolicyError(f"{where}:{line}:{column}: {message}", why="the file is not TOML") from None
    except (RecursionError, ValueError) as error:  # such as a number with too many digits
        raise PolicyError(f"{where} cannot be read", why=str(error)) from None
    return layer_from(data, lines, kind, where, base)


def _place_of(message: str, text: str) -> tuple[str, int, int]:
    """The parts of tomllib's "Message (at line 1, column 2)" or "Message (at end of document)"."""
    said, _, place = message.rpartition(" (at ")
    match place.removesuffix(")").replace(",", "").split():
        case ["line", line, "column", column] if line.isdigit() and column.isdigit():
            return said[:200], int(line), int(column)
        case _:
            pass
    lines = text.split("\n")
    return (said or message)[:200], len(lines), len(lines[-1]) + 1


def parse_devcontainer(raw: bytes, where: str, kind: LayerKind, base: str = "") -> Layer | Unreadable | None:
    """`customizations.paddock` of a devcontainer.json as a layer; None where there is none.

    Raises PolicyError for a broken section, and for a broken file that seems to hold one: what it tightens
    would be lost without a word.
    """
    if b"paddock" not in raw and b"\\u" not in raw:  # the usual case, without a parser
        return None
    from paddock.policy.jsonc import NotJson, parse

    try:
        text = decode(raw.removeprefix(_BOMS[0][0]), where)
        document = parse(text)
    except NotJson as error:
        return _unreadable(raw, f"{where}:{error.line}:{error.column}: {error}")
    except PolicyError as error:
        return _unreadable(raw, error.what)
    if OURS not in document.lines:
        return None
    twice = [place for place in document.repeated if place[: len(OURS)] == OURS[: len(place)]]
    if twice:
        line = document.lines[twice[0]]
        raise problems_error([(line, f"{'.'.join(map(str, twice[0]))} is written twice", False)], where)
    ours = document.data
    for name in OURS:
        ours = ours.get(name) if isinstance(ours, dict) else None
    if not isinstance(ours, dict):
        raise problems_error([(document.lines[OURS], "customizations.paddock: expected an object", False)], where)
    return layer_from(ours, _inside(document.lines), kind, where, base)


def _unreadable(raw: bytes, what: str) -> Unreadable:
    if all(name.encode() in raw for name in OURS):
        raise PolicyError(
            what,
            why="it seems to hold a policy, customizations.paddock, whose limits would be lost",
            next_step="mend the file, or take customizations.paddock out of it",
        )
    return Unreadable(f"{what}; no policy was taken from it")


def _inside(lines: Mapping[tuple[str | int, ...], int]) -> dict[tuple[str | int, ...], int]:
    return {place[len(OURS) :]: line for place, line in lines.items() if place[: len(OURS)] == OURS}
