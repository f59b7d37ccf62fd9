"""What a path of the host is: credentials, sockets, start-up files … by the table `places.toml`. Pure."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.checking.facts.host_path import HostPath

_FILE = os.path.join(os.path.dirname(__file__), "places.toml")
_PUBLIC = ("*.pub", "known_hosts*", "authorized_keys*", "allowed_signers*")  # of ~/.ssh: no secrets
_VARIABLE = re.compile(r"\$\{(?:(?:localEnv|env):)?(\w+)(?::[^}]*)?\}|\$(\w+)|%(\w+)%")
# `${localEnv:XDG_RUNTIME_DIR}/podman/podman.sock` and the like: below them, the rest of the path says more.
_DIRECTORIES = {"XDG_RUNTIME_DIR": ("run", "user", "0"), "TMPDIR": ("tmp",), "TEMP": ("tmp",), "TMP": ("tmp",)}

_table: dict[str, dict[str, list[tuple[str, ...]]]] = {}
_holding: set[str] = set()


def kinds(path: HostPath, text: str) -> frozenset[str]:
    """All kinds of a path; `text` is how it is written. A home or system as a whole is of the kind `home`."""
    _load()
    if path.base == "variable":
        return _of_variable(text)
    if path.base == "home":
        return _of_home(path)
    if path.base == "root":
        return frozenset(_of_root(path))
    return frozenset()  # what is in the workspace is the workspace's


def _of_home(path: HostPath) -> frozenset[str]:
    if not path.parts:
        return frozenset(("home",))
    found = {*_below("home", path.parts), *_named(path.parts[-1])}
    if path.parts[0] == ".ssh" and len(path.parts) > 1 and _matches_any(path.parts[-1], _PUBLIC):
        found.discard("credential")
    return frozenset(found)


def _of_root(path: HostPath) -> Iterator[str]:
    if not path.parts or path.parts in (("home",), ("Users",), ("etc",), ("var", "home")):
        yield "home"
        return
    yield from _below("root", path.parts)
    yield from _named(path.parts[-1])
    if path.parts[0] == "dev" and path.parts[1:] not in ((), ("shm",), ("null",)):
        yield "device"
    elif path.parts[0] == "dev" and len(path.parts) == 1:
        yield "system"


def _of_variable(text: str) -> frozenset[str]:
    found = _VARIABLE.match(text)
    if not found:
        return frozenset()
    name = next(filter(None, found.groups()))
    rest = tuple(part for part in text[found.end() :].split("/") if part)
    if rest and name in _DIRECTORIES:
        return frozenset((*_below("root", (*_DIRECTORIES[name], *rest)), *_named(rest[-1])))
    kept = {kind for kind, names in _table["variable"].items() if (name,) in names}
    return frozenset(kept | set(_named(rest[-1]) if rest else ()))


def _below(base: str, parts: tuple[str, ...]) -> Iterator[str]:
    table = _table[base]
    direct = [kind for kind, paths in table.items() if any(_at_or_below(parts, known) for known in paths)]
    yield from direct
    if "cache" not in direct:  # ~/.m2 and ~/.cargo hold a file with passwords, too, but are not mounted for it
        for kind in _holding & table.keys():
            if any(_at_or_below(known, parts) for known in table[kind]):
                yield kind


def _named(name: str) -> Iterator[str]:
    if not _matches_any(name, _PUBLIC):
        yield from (kind for kind, names in _table["name"].items() if _matches_any(name, [one[0] for one in names]))


def _at_or_below(parts: tuple[str, ...], known: tuple[str, ...]) -> bool:
    if len(parts) < len(known):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(parts, known, strict=False))


def _matches_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def variables() -> Mapping[str, str]:
    """The variables of the host that name such a place, each with its kind."""
    _load()
    return {name[0]: kind for kind, names in _table["variable"].items() for name in names}


def _load() -> None:
    if _table:
        return
    import tomllib

    with open(_FILE, "rb") as file:
        content = tomllib.load(file)
    _holding.update(content.pop("holding"))
    for base, of_base in content.items():
        _table[base] = {kind: [tuple(one.split("/")) for one in paths] for kind, paths in of_base.items()}
