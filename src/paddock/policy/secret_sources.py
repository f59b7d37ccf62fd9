"""How a policy says where a secret comes from: `env:`, `file:`, `keyring:`, `command:`, each in one spelling.

Only the form is judged; nothing is read, and no program is looked for.
"""

from __future__ import annotations

from paddock.policy import values
from paddock.policy.keys import nearest
from paddock.policy.values import Wrong, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = ("env", "file", "keyring", "command")
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SIGV4_PARTS = (2, 3)  # how many variables hold them: the session token is not always there
_OF_A_SHELL = "();<>|&"
_EXPANDED = "$`"


def source(value: object, shape: str = "bearer") -> str:
    """Where a secret comes from, in its one spelling. Raises Wrong."""
    if isinstance(value, list):
        return f"command:{_arguments(value)}"
    kind, colon, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or kind not in SOURCES:
        near = nearest(kind, SOURCES)
        hint = f'; did you mean "{near}:…"?' if near and near != kind else ""
        raise Wrong(
            'expected "env:NAME", "file:PATH", "keyring:SERVICE/USER", "command:PROGRAM ARGUMENTS" or a list of '
            f"arguments, not {_unquoted(value)}{hint}"
        )
    return f"{kind}:{_SOURCES[kind](rest, shape)}"


def _unquoted(value: object) -> str:
    """What was written, unless it may be the secret itself."""
    return "a text that begins with none of these" if isinstance(value, str) else shown(value)


def _of_variable(rest: str, shape: str) -> str:
    names = [values.variable(each) for each in rest.split(",")]
    if shape == "sigv4" and len(names) not in SIGV4_PARTS:
        raise Wrong(f'sigv4 needs the variables of its parts: "env:{",".join(AWS[:2])}", and {AWS[2]} where it is set')
    if shape != "sigv4" and len(names) > 1:
        raise Wrong(f"expected one variable, not {len(names)}")
    return ",".join(names)


def _of_file(rest: str, _shape_of_it: str) -> str:
    if not rest.startswith(("/", "~/")) or not rest.isprintable():
        raise Wrong(f'expected an absolute path or one from ~/, as in "file:~/.config/tool/token", not {shown(rest)}')
    return rest


def _of_keyring(rest: str, _shape_of_it: str) -> str:
    service, slash, user = rest.partition("/")
    if not (slash and service and user and rest.isprintable()) or "-" in (service[0], user[0]):
        raise Wrong(f'expected "keyring:SERVICE/USER", not {shown(rest)}')
    return rest


def _of_command(rest: str, _shape_of_it: str) -> str:
    import shlex

    try:
        lexer = shlex.shlex(rest, posix=True, punctuation_chars=_OF_A_SHELL)
        lexer.whitespace_split, lexer.commenters = True, ""
        words = list(lexer)
    except ValueError as error:
        raise Wrong(f"{shown(rest)}: {str(error).lower()}") from None
    if any(set(word) <= set(_OF_A_SHELL) for word in words) or set(rest) & set(_EXPANDED):
        raise Wrong(f"no shell runs {shown(rest)}: nothing is expanded or redirected; write a list of arguments")
    return _arguments(list(words))


def _arguments(words: list[object]) -> str:
    import shlex

    if not words or not all(isinstance(word, str) and word.isprintable() for word in words) or not words[0]:
        raise Wrong('expected a program and its arguments, as in ["gh", "auth", "token"]')
    program = str(words[0])
    if "/" in program and not program.startswith(("/", "~/")):
        raise Wrong(f"expected a program on your PATH, or an absolute path, not {shown(program)}")
    return shlex.join(str(word) for word in words)


_SOURCES: dict[str, Callable[[str, str], str]] = {
    "env": _of_variable,
    "file": _of_file,
    "keyring": _of_keyring,
    "command": _of_command,
}
