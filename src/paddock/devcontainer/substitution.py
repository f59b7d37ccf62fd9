"""Variables such as `${localEnv:HOME}`, replaced as the reference CLI replaces them.

Replacing is textual, in values only, and goes in passes: first what the host knows, then the container's id, then the
container's environment. What one pass puts in, the next one reads; unknown names stay as they are.
"""

from __future__ import annotations

import hashlib
import os
import re

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Replace = Callable[[str, list[str]], str | None]

# As `\$\{(.*?)\}` of JavaScript, whose dot matches no line end of these. Where no brace closes, none closes what begins
# further on in the line either: all of it is passed over at once, so that a hostile text costs no more than its length.
_VARIABLE = re.compile(r"\$\{([^}\n\r\u2028\u2029]*)(\}?)")
_NAMELESS = re.compile(r"\$\{(?:env|localEnv|containerEnv)\}")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_ID_LENGTH = 52  # 256 bits in base 32
FOLDER_LABEL = "devcontainer.local_folder"
FILE_LABEL = "devcontainer.config_file"


@frozen
class Context:
    """What is known to put in. None leaves the variables that need it as they are.

    `container_folder` may hold variables of the host itself. `environment` is the host's: without it a result is the
    same on every machine, and shows no secret of this one.
    """

    local_folder: str | None = None
    container_folder: str | None = None
    environment: Mapping[str, str] | None = None
    id_labels: Mapping[str, str] | None = None
    container_environment: Mapping[str, str] | None = None


def substitute(text: str, context: Context) -> str:
    """`text` with all that `context` knows."""
    if "${" not in text:
        return text
    folder = resolved_folder(context)
    text = _replaced(text, lambda name, rest: _of_host(name, rest, context, folder))
    if context.id_labels is not None:
        own = container_id(context.id_labels)
        text = _replaced(text, lambda name, _: own if name == "devcontainerId" else None)
    inside = context.container_environment
    if inside is not None:
        text = _replaced(text, lambda name, rest: _looked_up(inside, rest) if name == "containerEnv" else None)
    return text


def nameless(text: str) -> str:
    """The first variable such as `${localEnv}` that names none. The reference CLI stops there; here it stays."""
    found = _NAMELESS.search(text)
    return found[0] if found else ""


def resolved_folder(context: Context) -> str | None:
    """The workspace folder inside, whose own variables are replaced once, with itself as it is written."""
    folder = context.container_folder
    if not folder:
        return folder
    return _replaced(folder, lambda name, rest: _of_host(name, rest, context, folder))


def container_id(id_labels: Mapping[str, str]) -> str:
    """`${devcontainerId}`: SHA-256 of the labels as JSON with sorted keys, in base 32, 52 characters."""
    import json

    ordered = sorted(id_labels.items(), key=lambda item: item[0].encode("utf-16-be", "surrogatepass"))
    text = json.dumps(dict(ordered), ensure_ascii=False, separators=(",", ":"))
    seen = os.fsencode(text).decode(errors="replace")  # as Node has bytes of a path that are no UTF-8
    number = int.from_bytes(hashlib.sha256(seen.encode()).digest(), "big")
    digits = ""
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def id_labels(local_folder: str, file: str) -> dict[str, str]:
    """The labels by which the reference CLI finds a container again. Both paths are absolute."""
    return {FOLDER_LABEL: local_folder, FILE_LABEL: file}


def _replaced(text: str, replace: Replace) -> str:
    def one(found: re.Match[str]) -> str:
        if not found[2]:
            return found[0]
        name, *rest = found[1].split(":")
        value = replace(name, rest)
        return found[0] if value is None else value

    return _VARIABLE.sub(one, text)


def _of_host(name: str, rest: list[str], context: Context, folder: str | None) -> str | None:
    if name in ("env", "localEnv"):
        return None if context.environment is None else _looked_up(context.environment, rest)
    if name == "localWorkspaceFolder":
        return context.local_folder
    if name == "localWorkspaceFolderBasename":
        return None if context.local_folder is None else _basename(context.local_folder)
    if name == "containerWorkspaceFolder":
        return folder
    if name == "containerWorkspaceFolderBasename":
        return None if folder is None else _basename(folder)
    return None


def _looked_up(environment: Mapping[str, str], rest: list[str]) -> str | None:
    """`${…:NAME[:DEFAULT]}`: what is not set is its default, else empty; further parts are ignored."""
    if not rest:
        return None
    value = environment.get(rest[0])
    return value if value is not None else rest[1] if len(rest) > 1 else ""


def _basename(path: str) -> str:
    """As Node's `path.basename`: slashes at the end do not count."""
    return path.rstrip("/").rpartition("/")[2]
