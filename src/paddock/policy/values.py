"""What single values mean: sizes, durations, counts, paths, names of variables.

Every function takes what somebody wrote and gives the policy's value, or raises `Wrong` with the sentence
that says what was expected. No regular expressions: flags are read on the start path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = {"TiB": 2**40, "GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "TB": 10**12, "GB": 10**9, "MB": 10**6, "KB": 10**3}
DURATIONS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_LARGEST = 2**62  # the kernel's limits are 64-bit numbers; twice this must not overflow
_LONGEST_NUMBER = 18  # digits
_LONGEST_SHOWN = 60  # characters


class Wrong(ValueError):
    """A value that cannot be. `coming`: it is meant to work one day, and does not yet."""

    def __init__(self, message: str, *, coming: bool = False) -> None:
        super().__init__(message)
        self.coming = coming


def shown(value: object, longest: int = _LONGEST_SHOWN) -> str:
    """A value as a message may quote it: on one line, short, and with every odd character escaped."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        cut = value if len(value) <= longest else value[:longest] + "…"
        return f'"{"".join(map(_escaped, cut))}"'
    return str(value)[:_LONGEST_SHOWN] if isinstance(value, int | float) else type(value).__name__


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def size(value: object) -> float:
    """Bytes, from an integer or text such as "512MiB"."""
    expected = 'a size such as "512MiB", "1.5GB" or a number of bytes'
    if isinstance(value, str):
        for unit, factor in SIZES.items():
            if value.endswith(unit):
                return _within(int(_decimal(value.removesuffix(unit).rstrip(" "), expected, value) * factor), expected)
        value = _digits(value, expected)
    return _positive_integer(value, expected)


def duration(value: object) -> float:
    """Seconds, from text such as "90s", "30m", "4h" or "7d"."""
    expected = 'a duration with its unit, such as "90s", "30m", "4h" or "7d"'
    if not isinstance(value, str) or value[-1:] not in DURATIONS:
        raise Wrong(f"expected {expected}, not {shown(value)}")
    return _within(_decimal(value[:-1].rstrip(" "), expected, value) * DURATIONS[value[-1]], expected)


def count(value: object) -> float:
    """A whole number from 1."""
    expected = "a whole number from 1"
    return _positive_integer(_digits(value, expected) if isinstance(value, str) else value, expected)


def count_to(value: object, largest: int) -> float:
    """A whole number from 1 to `largest`."""
    expected = f"a whole number from 1 to {largest}"
    found = _positive_integer(_digits(value, expected) if isinstance(value, str) else value, expected)
    if found > largest:
        raise Wrong(f"expected {expected}, not {shown(value)}")
    return found


def number(value: object) -> float:
    """A number above 0, also a fraction."""
    expected = "a number above 0, such as 2 or 0.5"
    if isinstance(value, str):
        return _within(_decimal(value, expected, value), expected)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"expected {expected}, not {shown(value)}")
    return _within(value, expected)


def _positive_integer(value: object, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong(f"expected {expected}, not {shown(value)}")
    return _within(value, expected)


def _within(value: float, expected: str) -> float:
    if not 0 < value <= _LARGEST:  # also false for what is not a number
        raise Wrong(f"expected {expected}; {shown(value)} is out of range")
    return value


def _digits(text: str, expected: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise Wrong(f"expected {expected}, not {shown(text)}")
    return int(text)


def _decimal(text: str, expected: str, whole: str) -> float:
    before, dot, after = text.partition(".")
    if not (before + after).isascii() or len(text) > _LONGEST_NUMBER:
        raise Wrong(f"expected {expected}, not {shown(whole)}")
    if not before.isdigit() or (dot and not after.isdigit()):
        raise Wrong(f"expected {expected}, not {shown(whole)}")
    return float(text) if dot else int(text)


def pattern(value: object) -> str:
    """A mask: a name or a pattern of paths inside the workspace."""
    text = _text(value, "a pattern such as \".env\" or 'secrets/*.json'")
    if text.startswith("!"):
        raise Wrong(f"masks only add up: {shown(text)} cannot show something again")
    if ".." in text.split("/"):
        raise Wrong(f"{shown(text)} leaves the workspace")
    return text


def path(base: str) -> Callable[[object], str]:
    """Reads a path to show inside. A relative one counts from `base`, where there is a base."""

    def read(value: object) -> str:
        text = _text(value, 'a path such as "/opt/sdk" or "~/datasets"')
        if text.startswith("~") and text != "~" and not text.startswith("~/"):
            raise Wrong(f"only ~ and ~/… are understood, not {shown(text)}")
        if not text.startswith(("/", "~")):
            if not base:
                raise Wrong(f"expected an absolute path or one that starts with ~/, not {shown(text)}")
            text = f"{base}/{text}"
        return _tidy(text)

    return read


def _tidy(text: str) -> str:
    """Without `.`, doubled and trailing slashes; `..` stays, since a symbolic link may stand before it."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    joined = "/".join(parts)
    return joined if text.startswith("~") else f"/{joined}"


def variable(value: object) -> str:
    """The exact name of a variable."""
    text = _text(value, "the name of a variable")
    if "=" in text or "*" in text or any(c.isspace() or not c.isprintable() for c in text):
        raise Wrong(f"expected the name of a variable, not {shown(text)}")
    return text


def variable_pattern(value: object) -> str:
    """The name of a variable, or a pattern with `*`."""
    text = _text(value, 'the name of a variable, or a pattern such as "LC_*"')
    variable(text.replace("*", "X"))
    return text


def variable_value(value: object) -> str:
    """The value of a variable. Never quoted in a message: it may be a secret."""
    if not isinstance(value, str):
        raise Wrong(f"expected text in quotes, not {type(value).__name__}")
    if _unwritable(value):
        raise Wrong("no program can be given a value with NUL or half of a surrogate pair in it")
    return value


def gap(value: object) -> str:
    """The name of a gap."""
    text = _text(value, "the name of a gap, as `paddock plan` shows it")
    if not all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in text):
        raise Wrong(f"expected the name of a gap, as `paddock plan` shows it, not {shown(text)}")
    return text


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str) or not value:
        raise Wrong(f"expected {expected}, not {shown(value)}")
    if _unwritable(value):
        raise Wrong(f"expected {expected}; no name on this system can hold all characters of {shown(value)}")
    return value


def _unwritable(text: str) -> bool:
    """NUL ends a C string; surrogates stand for raw bytes (PEP 383) in one range only. JSON can write both."""
    return "\0" in text or any("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" for c in text)
