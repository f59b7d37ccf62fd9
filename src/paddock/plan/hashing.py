"""The hash of a plan: the same for the same promises, on every run and for every person.

Left out: origins (who decided does not change what is promised), notes, the terminal, and the values of
variables that were taken over from the caller (their names count). Placeholders stand for the person's
home, name and number, the repository's path, the name and e-mail of their commits, and Paddock's state.
A placeholder begins with NUL, which no path, argument or value can hold, so nothing can pretend to be one.

The text that is hashed is canonical JSON in the manner of RFC 8785: sorted keys, no spaces, ASCII, integral
numbers without a fraction. Lists whose order means nothing are sorted after the placeholders are in.
"""

from __future__ import annotations

from paddock.plan.identity import quoted
from paddock.plan.serial import as_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.plan.model import Plan

_LEFT_OUT = ("origin", "syscalls_origin", "notes", "terminal", "passed")
_UNORDERED = frozenset(
    """
    environment masks mounts links files seeds private rules denied published credentials bound canaries limits
    """.split()  # noqa: SIM905 - a table
)
_USERS = ("/etc/passwd", "/etc/group")
_HOME, _REPOSITORY, _NAME, _ID, _STATE, _PASSED = (
    f"\0{name}" for name in ("home", "repository", "name", "id", "state", "passed")
)
# A path ends, inside a longer text, where one of these stands.
_AROUND = frozenset("/:\n\"' \t;,=")


def plan_hash(plan: Plan) -> str:
    """SHA-256 of the canonical text, in hexadecimal: approvals bind to it."""
    import hashlib

    return hashlib.sha256(canonical(plan).encode("ascii")).hexdigest()


def canonical(plan: Plan) -> str:
    """The text that is hashed."""
    import json

    data = as_data(plan)
    _person(data, plan)
    # The longer path first: a repository below the home is the repository.
    places = sorted(((plan.workspace.source, _REPOSITORY), (plan.person.home, _HOME)), key=lambda it: -len(it[0]))
    return json.dumps(_plain(data, places), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _person(data: dict[str, Any], plan: Plan) -> None:
    """Put placeholders for what belongs to the person, where it stands by design."""
    person = plan.person
    data["person"] = {"home": _HOME}
    for variable in data["environment"]:
        if variable["passed"]:
            variable["value"] = _PASSED
        elif variable["name"] in ("USER", "LOGNAME") and variable["value"] == person.name:
            variable["value"] = _NAME
    numbers = {str(person.uid): _ID, str(person.gid): _ID}
    for file in data["files"]:
        if file["target"] in _USERS:
            file["content"] = _users(file["content"], {**numbers, person.name: _NAME})
        elif file["target"] == "/etc/gitconfig":
            file["content"] = _without_identity(file["content"], plan.workspace.source)
    for mount in data["mounts"]:
        # An agent's state: …/paddock/agents/NAME/KEY, where the key names the repository.
        head, agents, tail = mount["source"].partition("/paddock/agents/")
        if plan.agent and mount["access"] == "write" and agents and head:
            mount["source"] = f"{_STATE}/{tail.partition('/')[0]}"


def _users(content: str, names: Mapping[str, str]) -> str:
    lines = ([names.get(field, field) for field in line.split(":")] for line in content.split("\n"))
    return "\n".join(":".join(line) for line in lines)


def _without_identity(content: str, repository: str) -> str:
    own = ("[user]", "\tname = ", "\temail = ")
    kept = "\n".join(line for line in content.split("\n") if not line.startswith(own))
    return kept.replace(quoted(repository), quoted(_REPOSITORY))


def _plain(data: Any, places: list[tuple[str, str]]) -> Any:
    if isinstance(data, dict):
        kept = {key: _plain(value, places) for key, value in data.items() if key not in _LEFT_OUT}
        return {
            key: _sorted(value) if key in _UNORDERED and isinstance(value, list) else value
            for key, value in kept.items()
        }
    if isinstance(data, list):
        return [_plain(item, places) for item in data]
    if isinstance(data, str):
        for path, placeholder in places:
            data = _replaced(data, path, placeholder)
        return data
    if isinstance(data, float) and data.is_integer():
        return int(data)
    return data


def _sorted(items: list[Any]) -> list[Any]:
    import json

    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def _replaced(text: str, path: str, placeholder: str) -> str:
    """`text` with the placeholder for each whole occurrence of a path; `/home/a` is not part of `/home/ab`."""
    parts: list[str] = []
    start = at = 0
    while len(path) > 1 and (at := text.find(path, at)) >= 0:
        end = at + len(path)
        whole = (at == 0 or (text[at - 1] in _AROUND and text[at - 1] != "/")) and (
            end == len(text) or text[end] in _AROUND
        )
        if whole:
            parts += [text[start:at], placeholder]
            start = end
        at = end if whole else at + 1
    return "".join([*parts, text[start:]])
