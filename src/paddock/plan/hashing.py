"""The hash of a plan: the same for the same promises, on every run and for every person.

Left out: origins (who decided does not change what is promised; nor does who lifted a limit), notes, the terminal, what
must be proven before the start, and the values of variables that were taken over from the caller (their names count).
Placeholders stand for the person's home, name and number, the repository's path, the name and e-mail of their commits,
and Paddock's state. The text that is hashed is that of `policy.canonical`.
"""

from __future__ import annotations

from paddock.plan.identity import quoted
from paddock.plan.serial import as_data
from paddock.policy import canonical as canon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.plan.model import Plan

_LEFT_OUT = ("origin", "syscalls_origin", "nested_origin", "notes", "terminal", "passed", "proving", "lifted")
_UNORDERED = frozenset(
    """
    environment masks mounts links files seeds private rules denied published credentials bound canaries limits
    """.split()  # noqa: SIM905 - a table
)
_USERS = ("/etc/passwd", "/etc/group")
_NAME, _ID, _STATE, _PASSED = (f"\0{name}" for name in ("name", "id", "state", "passed"))


def plan_hash(plan: Plan) -> str:
    """SHA-256 of the canonical text, in hexadecimal: approvals bind to it."""
    import hashlib

    return hashlib.sha256(canonical(plan).encode("ascii")).hexdigest()


def canonical(plan: Plan) -> str:
    """The text that is hashed."""
    data = as_data(plan)
    if plan.image is None:
        del data["image"]  # so that a plan without one has the hash that it had before there were any
    if not plan.services:
        del data["services"]
    _person(data, plan)
    places = canon.places(plan.person.home, plan.workspace.source)
    return canon.text(canon.placed(data, places, left_out=_LEFT_OUT, unordered=_UNORDERED))


def _person(data: dict[str, Any], plan: Plan) -> None:
    """Put placeholders for what belongs to the person, where it stands by design."""
    person = plan.person
    data["person"] = {"home": canon.HOME}
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
    return kept.replace(quoted(repository), quoted(canon.REPOSITORY))
