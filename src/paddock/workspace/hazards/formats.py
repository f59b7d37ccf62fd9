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
        name, value = name.strip(), value.strip()
        if not sign or not name.replace("_", "").replace(".", "").isalnum():
            yield "a command", bare
            continue
        yield name, value
        if not _is_plain(value):
            yield "a command", value


def _is_plain(value: str) -> bool:
    """Whether a value is one word to a shell and to make, which read such files too, and runs nothing there."""
    import re

    named = r"\$\w++|\$\{\w++(?::?[-+?=][\w./:@%,+-]*+)?\}"
    word = rf"[^\s;&|<>()`$\"'\\#]|{named}|(?<=\S)#"
    quoted = rf"\"(?:[^`$\"\\]|{named}|\\.)*+\"|'[^']*+'"
    is_word = re.fullmatch(rf"(?:{word}|{quoted})*+(?:\s+#.*)?", value) is not None
    return is_word and value[:1] != "=" and "$(" not in value and "`" not in value


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
    """Sections, `name = value` or `name: value`; a line that is indented deeper goes on with the value above it.

    As configparser has it; what others take for a value goes on here too.
    """
    section = name = ""
    indent = 0
    for line in _split(text):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        deep = len(line) - len(line.lstrip())
        if name and deep > indent:
            yield name, bare
            continue
        indent = deep
        if bare[0] == "[":
            head, _, rest = bare[1:].partition("]")
            if rest.strip()[:1] not in ("", "#", ";"):
                raise Unreadable("something behind the name of a section")
            section, name = head.strip().lower(), ""
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
    for line in _git_lines(text.replace("\r\n", "\n")):
        bare = line.strip()
        while bare.startswith("["):
            head, _, bare = bare[1:].partition("]")
            section = ".".join(head.replace('"', " ").split()).lower()
            bare = bare.strip()
        if bare:
            key, _, value = bare.partition("=")
            yield _joined(section, key.strip().lower()), value.strip()


def _git_lines(text: str) -> Iterator[str]:
    """Lines without their comments, in which a backslash joins nothing."""
    import re

    pieces: list[str] = []
    start, quoted = 0, False
    comment = -1  # where one begins
    for sign in re.finditer(r'\\[^\n]|\\?\n|["#;]', f"{text}\n"):
        if sign[0] in "#;" and not quoted and comment < 0:
            comment = sign.start()
        elif sign[0] == '"' and comment < 0:
            quoted = not quoted
        elif sign[0][-1] == "\n":
            pieces.append(text[start : sign.start() if comment < 0 else comment])
            start = sign.end()
            if sign[0] == "\n" or comment >= 0:
                yield "".join(pieces)
                pieces.clear()
                quoted, comment = False, -1


def _yaml(text: str) -> Iterator[Entry]:
    """Lines of YAML with the names that they are below, by indentation. No parser: it knows names, not values.

    A name inside of brackets or braces is below the line's own. Raises Unreadable for names that are written
    with escapes, and for braces over several lines: what they say cannot be seen.
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
        if "{" in bare or "}" in bare:
            if bare.count("{") != bare.count("}"):
                raise Unreadable("braces over several lines")
            for number, word in enumerate(_words_with_colon(bare)):
                if number or word != name:
                    yield _joined(path, word), value


def _named(line: str) -> tuple[str, str]:
    """The name and the value of a line; a line without a name is a value."""
    places = (line.find(": "), line.find(":\t"), line.find('":') + 1, line.find("':") + 1)
    at = min((place for place in places if place > 0), default=-1)
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


def _words_with_colon(line: str) -> Iterator[str]:
    if '"' in line and "\\" in line:
        raise Unreadable("a name with escapes")
    for part in line.split(":")[:-1]:
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
