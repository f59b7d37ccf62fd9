"""A plan as JSON and back, unchanged: for the record, for other machines, for `paddock plan --json`.

Reading is strict: an unknown key, a missing one or a wrong type is an error, never a default, so that a plan
from a newer Paddock cannot lose a promise on the way. Text may hold surrogates (bytes that are not UTF-8,
PEP 383); JSON carries them as escapes.
"""

from __future__ import annotations

from paddock import frozen
from paddock.errors import PaddockError
from paddock.plan import model
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

SCHEMA = 1

# For every class, what its fields hold: a scalar's type, a class of ours, [either] for a tuple, (either,) where None
# stands for none.
_SHAPES: Mapping[type, Mapping[str, Any]] = {
    Origin: {"kind": str, "where": str},
    model.Person: {"uid": int, "gid": int, "name": str, "home": str},
    model.Mount: {"source": str, "target": str, "access": str, "origin": Origin},
    model.Link: {"target": str, "to": str, "origin": Origin},
    model.File: {"target": str, "content": str, "origin": Origin},
    model.Private: {"target": str, "size_bytes": int, "origin": Origin},
    model.Mask: {"target": str, "directory": bool, "origin": Origin},
    model.Workspace: {"source": str, "mode": str, "masks": [model.Mask], "origin": Origin},
    model.Variable: {"name": str, "value": str, "origin": Origin, "passed": bool},
    model.Rule: {
        "host": str, "port": int, "origin": Origin, "private": bool, "upstream": str, "loopback": bool,
        "methods": [str], "paths": [str], "upload": int, "raw": bool,
    },
    model.Denied: {"host": str, "port": int, "origin": Origin},
    model.Published: {"inside": int, "outside": int, "origin": Origin},
    model.Network: {
        "mode": str, "rules": [model.Rule], "origin": Origin, "denied": [model.Denied],
        "published": [model.Published], "connections": int, "rate": int,
    },
    model.Bound: {"host": str, "port": int, "methods": [str], "paths": [str]},
    model.Credential: {
        "name": str, "source": str, "shape": str, "bound": [model.Bound], "variables": [str], "origin": Origin,
        "user": str, "ttl_s": float,
    },
    model.Planted: {"kind": str, "target": str, "origin": Origin},
    model.Limit: {"name": str, "value": float, "origin": Origin},
    model.Lifted: {"name": str, "origin": Origin},
    model.BoundaryChoice: {"use": str, "minimum": str, "accepted_gaps": [str], "origin": Origin},
    model.Proving: {
        "within_s": float, "policy_hash": str, "beyond": [str], "origin": Origin, "at_start": bool,
        "at_start_origin": Origin,
    },
    model.Image: {"reference": str, "origin": Origin, "folder": str},
    model.Service: {
        "name": str, "image": str, "origin": Origin, "entrypoint": ([str],), "command": ([str],),
        "environment": [[str]], "user": str, "folder": str, "scratch": [str],
    },
    model.Plan: {
        "command": [str], "cwd": str, "terminal": bool, "person": model.Person, "environment": [model.Variable],
        "workspace": model.Workspace, "mounts": [model.Mount], "links": [model.Link],
        "files": [model.File], "private": [model.Private], "network": model.Network, "limits": [model.Limit],
        "boundary": model.BoundaryChoice, "syscalls": str, "agent": str, "notes": [str],
        "syscalls_origin": Origin, "credentials": [model.Credential], "canaries": [model.Planted],
        "seeds": [model.File], "proving": model.Proving,
        "image": (model.Image,), "nested": bool, "nested_origin": Origin,
        "services": [model.Service], "lifted": [model.Lifted],
    },
}  # fmt: skip
# Words that mean something; any other is from a future that we do not know.
_WORDS: Mapping[tuple[type, str], tuple[str, ...]] = {
    (Origin, "kind"): ("built-in", "machine", "floor", "person", "repository", "agent", "flag"),
    (model.Mount, "access"): ("read", "write", "copy"),
    (model.Workspace, "mode"): ("review", "live", "readonly", "scratch"),
    (model.Network, "mode"): ("off", "registries", "allow"),
    (model.Plan, "syscalls"): ("default", "debug"),
    (model.Planted, "kind"): ("aws", "ssh", "env"),
}


def as_data(plan: model.Plan) -> dict[str, object]:
    """Plain dicts, lists and scalars, with "schema": 1."""
    return {"schema": SCHEMA, **frozen.as_data(plan)}


def from_data(data: object) -> model.Plan:
    """The plan of `as_data`. Raises PaddockError."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise _broken(f'"schema" is not {SCHEMA}')
    plan: model.Plan = _read(model.Plan, {key: value for key, value in data.items() if key != "schema"}, "plan")
    return plan


def part_from_data(shape: type[T], data: object) -> T:
    """The value of one of the plan's classes, as `frozen.as_data` gives it. Raises PaddockError."""
    value: T = _read(shape, data, shape.__name__.lower())
    return value


def _read(shape: Any, data: Any, where: str) -> Any:
    if isinstance(shape, list):
        if not isinstance(data, list | tuple):
            raise _broken(f"{where} is not a list")
        return tuple(_read(shape[0], item, f"{where}[{number}]") for number, item in enumerate(data))
    if isinstance(shape, tuple):
        return None if data is None else _read(shape[0], data, where)
    if shape in _SHAPES:
        return _object(shape, data, where)
    if shape is float and isinstance(data, int | float) and not isinstance(data, bool):
        return data
    # bool is an int to Python, not to us
    if type(data) is not shape:
        raise _broken(f"{where} is not a {shape.__name__}")
    # No path, argument or value can hold NUL, and the hash's placeholders begin with it.
    if shape is str and "\0" in data:
        raise _broken(f"{where} holds a NUL")
    return data


def _object(shape: type, data: Any, where: str) -> Any:
    expected = _SHAPES[shape]
    if not isinstance(data, dict) or set(data) != set(expected):
        keys = set(data) if isinstance(data, dict) else set()
        wrong = sorted(map(str, keys ^ set(expected)))
        raise _broken(f"{where}: missing or unknown {', '.join(wrong)}" if wrong else f"{where} is not an object")
    values = {name: _read(expected[name], data[name], f"{where}.{name}") for name in frozen.fields(shape)}
    for name, value in values.items():
        words = _WORDS.get((shape, name))
        if words is not None and value not in words:
            raise _broken(f"{where}.{name}: no such word: {value!r}")
    return shape(**values)


def _broken(why: str) -> PaddockError:
    return PaddockError(
        "that is not a plan of this version", why=why, next_step="make the plan again: paddock plan", code="plan-format"
    )
