"""Files of configuration as flat entries: (path of keys, value). The order is kept, positions in lists are not.

Readers are lenient where a program may be, and raise `Unreadable` where two programs could disagree about what
a file says. None of them takes more than linear time, but for tomllib and json, which are bounded first.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Entry = tuple[str, str]

MOST_ENTRIES = 100_000
TWICE = "written twice"  # no value is shown so: texts have quotes
_LONGEST_COMMENTED = 1 << 18  # bytes; the reader of JSON with comments is not a fast one


class Unreadable(ValueError):
    """A file that does not follow its format, with the reason."""


def read(name: str, data: bytes) -> list[Entry]:
    """The entries of a file in the format of that name. Raises Unreadable."""
    found = []
    for entry in READERS[name](text_of(data)):
        found.append(entry)
        if len(found) > MOST_ENTRIES:
            raise Unreadable(f"more than {MOST_ENTRIES} entries")
    return found


def text_of(data: bytes) -> str:
    """A file as text, whatever it holds, without a byte order mark."""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _lines(text: str) -> Iterator[Entry]:
    return (("", line) for line in _split(text))


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _environment(text: str) -> Iterator[Entry]:
    """`NAME=value` as loaders of .env files take it, with `export`, blanks, or a colon; all else is a command."""
    for line in _split(text):
        bare = line.strip().removeprefix("export ").lstrip()
        if not bare or bare[0] == "#":
            continue
        name, sign, value = _parted(bare)
        name = name.strip()
        if not sign or not name.replace("_", "").replace(".", "").isalnum():
            yield "a command", bare
            continue
        yield name, value.strip()
        if "$(" in value or "`" in value:
            yield "a command", value.strip()


def _json(text: str) -> Iterator[Entry]:
    """JSON, or JSON with comments. A name that is written twice is an entry of its own: readers take either."""
    import json

    twice: list[str] = []

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in pairs:
            if name in found:
                twice.append(name)
            found[name] = value
        return found

    try:
        data: object = json.loads(text, object_pairs_hook=table) if text.strip() else {}
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError as error:  # perhaps with comments, and if not, with the place of the first error
        data, twice = _commented(text, str(error))
    yield from _flat(data)
    yield from ((name, TWICE) for name in twice)


def _commented(text: str, otherwise: str) -> tuple[object, list[str]]:
    from paddock.policy.jsonc import NotJson, parse

    if len(text) > _LONGEST_COMMENTED:
        raise Unreadable(otherwise)
    try:
        document = parse(text)
    except NotJson as error:
        raise Unreadable(f"line {error.line}: {error}") from None
    return document.data, [".".join(map(str, place)) for place in document.repeated]


def _flat(data: object) -> Iterator[Entry]:
    """Every value that holds no other, with the names on the way to it."""
    left: list[tuple[str, object]] = [("", data)] if data not in ({}, []) else []
    while left:
        path, value = left.pop()
        if isinstance(value, dict) and value:
            left += [(_joined(path, str(name)), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list) and value:
            left += [(_joined(path, "*"), inner) for inner in reversed(value)]
        else:
            yield path, _shown(value)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    try:
        return str(value)
    except ValueError:  # more digits than Python converts
        return "a number"


def _toml(text: str) -> Iterator[Entry]:
    import tomllib

    from paddock.policy.locate import TooDeep, locate

    try:
        locate(text)  # refuses depths that would take tomllib quadratic time
        yield from _flat(tomllib.loads(text.replace("\r\n", "\n")))
    except (TooDeep, RecursionError, ValueError) as error:
        raise Unreadable(str(error)) from None


def _ini(text: str) -> Iterator[Entry]:
    """Sections, `name = value` or `name: value`; an indented line goes on with the value above it."""
    section = name = ""
    for line in _split(text):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare[0] == "[":
            section, name = bare.strip("[]").lower(), ""
        elif line[0] in " \t" and name:
            yield name, bare
        else:
            key, sign, value = _parted(bare)
            name = _joined(section, key.strip().lower())
            yield name, value.strip() if sign else ""


def _parted(line: str) -> tuple[str, str, str]:
    """At the first `=` or `:`."""
    at = min((place for place in (line.find("="), line.find(":")) if place >= 0), default=len(line))
    return line[:at], line[at : at + 1], line[at + 1 :]


def _gitconfig(text: str) -> Iterator[Entry]:
    """git-config(1): `[section "subsection"]`, perhaps with an entry on the same line; a backslash joins lines."""
    section = ""
    for line in _split(text.replace("\\\r\n", "").replace("\\\n", "")):
        bare = line.strip()
        while bare.startswith("["):
            head, _, bare = bare[1:].partition("]")
            section = ".".join(head.replace('"', " ").split()).lower()
            bare = bare.strip()
        if bare and bare[0] not in "#;":
            key, _, value = bare.partition("=")
            yield _joined(section, key.strip().lower()), value.strip()


def _yaml(text: str) -> Iterator[Entry]:
    """Lines of YAML with the names that they are below, by indentation. No parser: it knows names, not values.

    A name inside of brackets or braces is below the line's own. Raises Unreadable for names that are written
    with escapes: what they say cannot be seen.
    """
    above: list[tuple[int, str]] = []
    for line in _split(text):
        bare = line.lstrip(" ")
        if not bare or bare[0] in "#%":
            continue
        at = 0
        while bare.startswith(("- ", " "), at):
            at += 2 if bare[at] == "-" else 1
        bare = bare[at:]
        indent = len(line) - len(bare)
        goes_on = bare.startswith(":")  # the value of the name after `? ` on the line above
        while above and above[-1][0] >= indent + goes_on:
            above.pop()
        name, value = _named(bare)
        if name:
            above.append((indent, name))
        path = ".".join(part for _, part in above)
        yield path, value
        for word in _words_with_colon(value):
            yield _joined(path, word), value


def _named(line: str) -> tuple[str, str]:
    """The name and the value of a line; a line without a name is a value."""
    at = line.find(": ")
    if at < 0 and line.rstrip().endswith(":"):
        at = len(line.rstrip()) - 1
    if at < 0 and line.startswith("? "):
        at = len(line)
    if at <= 0:
        return "", line
    name = line[:at].removeprefix("? ").strip()
    if name.startswith('"') and "\\" in name:
        raise Unreadable("a name with escapes")
    if name[:1] in ("!", "&"):  # after tags and anchors: `!!str &anchor name`
        name = name.split()[-1]
    return name.strip("\"'{[ "), line[at + 1 :].strip()


def _words_with_colon(value: str) -> Iterator[str]:
    if value[:1] in "{[" and ":" in value:
        for part in value.split(":")[:-1]:
            word = part.replace(",", " ").replace("{", " ").replace("[", " ").split()
            if word:
                yield word[-1].strip("\"'")


def _lock(text: str) -> Iterator[Entry]:
    """A lock file: from which hosts packages come, and which of them run scripts when they are installed."""
    import re

    # npm writes whom to thank as "url"; what it fetches is "resolved" alone.
    words = "resolved" if '"lockfileVersion"' in text else "resolved|resolution|tarball|source|registry|remote|url|git"
    pattern = (
        rf"\b({words})\b[^\n]{{0,200}}?((?:[a-z]+\+)?[a-zA-Z][a-zA-Z0-9.-]*://[^\s/\"'<>()\[\]{{}}#?]+|git@[\w.-]+)"
    )
    seen = set()
    for match in re.finditer(pattern, text):
        if match[2] not in seen:
            seen.add(match[2])
            yield f"{match[1]} from", match[2]
    package = ""
    if "hasInstallScript" in text or "requiresBuild" in text:
        for line in _split(text):
            bare = line.strip()
            if bare.endswith("{") or (line[:1] == " " and bare.endswith(":")):
                package = bare.rstrip(" {:").strip("\"'")
            elif bare.startswith(('"hasInstallScript": true', "requiresBuild: true")):
                yield "runs a script when it is installed", package


READERS: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "lines": _lines,
    "json": _json,
    "toml": _toml,
    "ini": _ini,
    "gitconfig": _gitconfig,
    "environment": _environment,
    "yaml": _yaml,
    "lock": _lock,
}
