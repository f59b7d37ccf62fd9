"""What a path of the host is: credentials, sockets, start-up files … by the table `places.toml`. Pure."""

from __future__ import annotations

import functools
import os
import re
from fnmatch import fnmatchcase

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from paddock.checking.facts.host_path import HostPath

    Parts = tuple[str, ...]

_FILE = os.path.join(os.path.dirname(__file__), "places.toml")
_PUBLIC = re.compile(r".*\.pub|(known_hosts|authorized_keys|allowed_signers).*")  # of ~/.ssh: no secrets
_VARIABLE = re.compile(r"\$\{(?:(?:localEnv|env):)?(\w+)(?::[^}]*)?\}|\$(\w+)|%(\w+)%")
# `${localEnv:XDG_RUNTIME_DIR}/podman/podman.sock` and the like: below them, the rest of the path says more.
_DIRECTORIES = {"XDG_RUNTIME_DIR": ("run", "user", "0"), "TMPDIR": ("tmp",), "TEMP": ("tmp",), "TMP": ("tmp",)}
_OF_PERSON = {  # XDG Base Directory Specification; Windows' known folders
    "XDG_CONFIG_HOME": (".config",),
    "XDG_DATA_HOME": (".local", "share"),
    "XDG_CACHE_HOME": (".cache",),
    "APPDATA": ("AppData", "Roaming"),
    "LOCALAPPDATA": ("AppData", "Local"),
}


@frozen
class Paths:
    """The paths of one base, each with its kinds: those that are written out, and those with `*` or `?` in them.

    `above` are the kinds that count for a path that holds one of them as well.
    """

    exact: Mapping[Parts, frozenset[str]]
    patterns: tuple[tuple[Parts, str], ...]
    above: Mapping[Parts, frozenset[str]]

    def kinds(self, parts: Parts) -> Iterator[str]:
        """The kinds of a path at or below one of these, and those of what it holds."""
        direct = {kind for end in range(1, len(parts) + 1) for kind in self.exact.get(parts[:end], ())}
        direct |= {kind for known, kind in self.patterns if _at_or_below(parts, known)}
        yield from direct
        if "cache" not in direct:  # ~/.m2 and ~/.cargo hold a file with passwords, too, but are not mounted for it
            yield from self.above.get(parts, ())


def kinds(path: HostPath, text: str) -> frozenset[str]:
    """All kinds of a path; `text` is how it is written. A home or system as a whole is of the kind `home`."""
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
    found = {*_table()["home"].kinds(path.parts), *_named(path.parts[-1])}
    if path.parts[0] == ".ssh" and len(path.parts) > 1 and _PUBLIC.fullmatch(path.parts[-1]):
        found.discard("credential")
    return frozenset(found)


def _of_root(path: HostPath) -> Iterator[str]:
    if not path.parts or path.parts in (("home",), ("Users",), ("etc",), ("var", "home")):
        yield "home"
        return
    yield from _table()["root"].kinds(path.parts)
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
    if name in _OF_PERSON:
        return frozenset((*_table()["home"].kinds((*_OF_PERSON[name], *rest)), *(_named(rest[-1]) if rest else ())))
    if rest and name in _DIRECTORIES:
        return frozenset((*_table()["root"].kinds((*_DIRECTORIES[name], *rest)), *_named(rest[-1])))
    return frozenset((*_table()["variable"].exact.get((name,), ()), *(_named(rest[-1]) if rest else ())))


def _named(name: str) -> Iterator[str]:
    if not _PUBLIC.fullmatch(name):
        yield from _table()["name"].kinds((name,))


def _at_or_below(parts: Parts, known: Parts) -> bool:
    if len(parts) < len(known):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(parts, known, strict=False))


def variables() -> Mapping[str, str]:
    """The variables of the host that name such a place, each with its kind."""
    return {name: kind for (name,), kinds in _table()["variable"].exact.items() for kind in kinds}


@functools.cache
def _table() -> Mapping[str, Paths]:
    import tomllib

    with open(_FILE, "rb") as file:
        content = tomllib.load(file)
    holding = content.pop("holding")
    return {base: _paths(of_base, holding if base in ("home", "root") else ()) for base, of_base in content.items()}


def _paths(of_base: Mapping[str, Sequence[str]], holding: Collection[str]) -> Paths:
    exact: dict[Parts, set[str]] = {}
    above: dict[Parts, set[str]] = {}
    patterns = []
    for kind, known in ((kind, tuple(path.split("/"))) for kind, paths in of_base.items() for path in paths):
        if any(mark in path for mark in "*?" for path in known):
            patterns.append((known, kind))
        else:
            exact.setdefault(known, set()).add(kind)
        for end in range(1, len(known) + 1) if kind in holding else ():
            above.setdefault(known[:end], set()).add(kind)
    written, holders = ({parts: frozenset(found) for parts, found in one.items()} for one in (exact, above))
    return Paths(written, tuple(patterns), holders)
