"""What is downloaded and run, as the commands of a shell's text say it. Pure.

`curl … | sh`, `bash <(curl …)`, `sh -c "$(wget -O- …)"`, `eval "$(curl …)"`, `source <(curl …)`, through filters and
with sudo; and a file that is downloaded, run by the same text, and compared with no checksum in between.
"""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts.shell import SHELLS
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.checking.facts.shell import Command

_DOWNLOADERS = frozenset(
    {"curl", "wget", "fetch", "aria2c", "http", "https", "lwp-download", "iwr", "irm", "Invoke-WebRequest"}
)
_RUN_ADDRESSES = frozenset({"deno"})  # `deno run https://…`
_INTERPRETERS = frozenset({"python", "python2", "python3", "perl", "ruby", "node", "php", "pwsh", "bun", "deno"})
_READERS = frozenset({"eval", "source", ".", "iex"})
_FILTERS = frozenset(
    {"tee", "sed", "grep", "gunzip", "zcat", "cat", "tr", "base64", "echo", "printf", "gzip", "awk", "xz"}
)
_CHECKS = re.compile(r"(sha\d*|md5|b2|b3)sum|shasum|cosign|minisign|gpgv?|openssl|slsa-verifier")
_SUBSTITUTED = "$()"
_OPTION_WITH_CODE = re.compile(r"-[a-zA-Z]*c")
_OUTPUT = frozenset({"-o", "--output", "-O", "--output-document", "-P", "--directory-prefix"})
_URL = re.compile(r"(?:https?|ftp)://\S+")


@frozen
class Download:
    """`run` says how it is run: `pipe`, `file` (downloaded, then run, without a check), or empty: it is not run."""

    command: Command
    addresses: tuple[str, ...]
    run: str

    @property
    def shown(self) -> str:
        """The address, or the program where none is written out."""
        return self.addresses[0] if self.addresses else self.command.program


def downloads(commands: Sequence[Command]) -> Iterator[Download]:
    """Every download in the commands of one text (`shell.commands`)."""
    run = _run(commands)
    checked = any(_CHECKS.fullmatch(one.program) for one in commands)
    for number, one in enumerate(commands):
        if one.program not in _DOWNLOADERS | _RUN_ADDRESSES:
            continue
        addresses = tuple(word.strip("'\"") for word in one.words if _URL.match(word.strip("'\"")))
        if one.program in _RUN_ADDRESSES:
            if addresses:
                yield Download(one, addresses, "pipe")
        elif _ends_in_interpreter(commands, one):
            yield Download(one, addresses, "pipe")
        elif not checked and any(run.get(file, -1) > number for file in _files(one, addresses)):
            yield Download(one, addresses, "file")
        else:
            yield Download(one, addresses, "")


def _ends_in_interpreter(commands: Sequence[Command], one: Command) -> bool:
    """Whether what a command prints is taken for a program, be it through filters."""
    seen = 0
    while one.into >= 0 and seen < len(commands):
        one = commands[one.into]
        seen += 1
        if _interprets(one):
            return True
        if one.program not in _FILTERS:
            return False
    return False


def _interprets(one: Command) -> bool:
    program, arguments = one.program, one.arguments
    if program in _READERS:
        return True
    if program not in SHELLS | _INTERPRETERS:
        return False
    if any(_SUBSTITUTED in word for word in arguments):
        return _is_code(arguments)
    rest = [word for word in arguments if not word.startswith("-")]
    return not rest or "-s" in arguments or "-" in arguments or "/dev/stdin" in arguments


def _is_code(arguments: Sequence[str]) -> bool:
    """Whether the substituted word is the program: the text after `-c`, or the first word that is no option."""
    for number, word in enumerate(arguments):
        if _OPTION_WITH_CODE.fullmatch(word):
            return _SUBSTITUTED in "".join(arguments[number + 1 : number + 2])
        if not word.startswith("-"):
            return _SUBSTITUTED in word
    return False


def _files(one: Command, addresses: Sequence[str]) -> frozenset[str]:
    """The files that a download writes, by their last parts."""
    found = {posixpath.basename(it.split("?")[0]) for it in (*addresses, *one.writes)}
    words = one.arguments
    for number, word in enumerate(words):
        option, _, value = word.partition("=")
        if option in _OUTPUT or re.fullmatch(r"-[a-zA-Z]*[oO]", word):
            found.add(posixpath.basename(value or "".join(words[number + 1 : number + 2])))
    return frozenset(found - {"", "-"})


def _run(commands: Sequence[Command]) -> Mapping[str, int]:
    """The files that are run, by their last parts, each with the number of the last command that does."""
    found = {}
    for number, one in enumerate(commands):
        if one.program in SHELLS | _INTERPRETERS | {"source", "."}:
            named = [word for word in one.arguments if not word.startswith("-")][:1]
        else:
            named = [word for word in one.plain[:1] if "/" in word]
        found.update({posixpath.basename(word): number for word in named})
    return found
