"""Who commits: the person's name and e-mail, and nothing else of their git configuration.

The rest of it may name credential helpers, signing keys and programs to run. Simple files are read here,
because starting git costs as much as starting the sandbox; whatever is not simple is left to git itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

KEYS = ("name", "email")
_UNSIMPLE = ('"', "\\", "#", ";")


def read_simple(text: str) -> dict[str, str] | None:
    """`name` and `email` of the section `user`, or None where only git can tell.

    git-config(1), "Syntax". Not simple: includes, continued lines, quotes, escapes and comments in a value,
    and a key on its section's line.
    """
    found: dict[str, str] = {}
    section = ""
    for raw in text.split("\n"):
        line = raw.strip(" \t\r")
        if line.endswith("\\") or "\0" in line or "\ufeff" in line:
            return None
        if line.startswith("["):
            if not line.endswith("]") or line.lower().startswith("[include"):
                return None
            section = line[1:-1].lower()
            if "]" in section:
                return None
        elif section == "user" and line and line[0] not in "#;":
            key, equals, value = line.partition("=")
            if not equals or any(character in line for character in _UNSIMPLE):
                return None
            found[key.strip(" \t").lower()] = value.strip(" \t\r")
    return {key: found[key] for key in KEYS if key in found}


def gitconfig(name: str, email: str, repository: str, *, lfs: bool = False) -> str:
    """The content of /etc/gitconfig inside. Values are quoted so that none can begin another line or section.

    `lfs`: git-lfs is there, for attributes that ask for it. It fetches nothing: what is not there stays a pointer.
    """
    lines = []
    if name or email:
        lines.append("[user]")
        lines += [f"\t{key} = {quoted(value)}" for key, value in zip(KEYS, (name, email), strict=True) if value]
    # The repository belongs to another uid inside where identities are not mapped one to one (CVE-2022-24765).
    lines += ["[safe]", f"\tdirectory = {quoted(repository)}"]
    if lfs:
        lines += ['[filter "lfs"]', "\tclean = git-lfs clean -- %f", "\tsmudge = git-lfs smudge --skip -- %f"]
        lines += ["\tprocess = git-lfs filter-process --skip", "\trequired = true"]
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """A value of git's configuration, in double quotes. NUL cannot be written and is dropped."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\b": "\\b", "\0": ""}
    return '"' + "".join(escapes.get(character, character) for character in value) + '"'


def parse_listing(output: Iterable[bytes]) -> dict[str, str]:
    """`git config -z --get-regexp` records (key, newline, value): the last value of each key counts."""
    found: dict[str, str] = {}
    for record in output:
        key, newline, value = record.partition(b"\n")
        short = key.removeprefix(b"user.").decode("ascii", "replace").lower()
        if newline and short in KEYS:
            found[short] = value.decode("utf-8", "surrogateescape")
    return found
