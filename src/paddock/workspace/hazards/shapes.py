"""What something is, whatever its name: bits of its mode, links, special files, programs, neighbours.

Each function gives (name of the shape, evidence) pairs; what the shapes mean stands in the catalogue.
"""

from __future__ import annotations

import stat

from paddock.workspace import holding
from paddock.workspace.change import SET_ID
from paddock.workspace.descent import below
from paddock.workspace.hazards import hidden
from paddock.workspace.hazards.contents import shown
from paddock.workspace.hazards.spelling import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from paddock.workspace.change import Change
    from paddock.workspace.hazards.sides import Sides

    Shape = tuple[str, tuple[str, ...]]

NAMED = "shape-named"
BINARY_LOOK_BYTES = 8000
_REMEMBERED = 128  # directories
_MAGIC = (
    (b"\x7fELF", "an ELF program or library"),
    (b"MZ", "a Windows program or library"),
    (b"\xcf\xfa\xed\xfe", "a macOS program or library"),
    (b"\xca\xfe\xba\xbe", "a macOS program or library, or a Java class"),
    (b"\xfe\xed\xfa\xcf", "a macOS program or library"),
    (b"!<arch>\n", "a static library"),
    (b"\0asm", "a WebAssembly module"),
)
# Sources that are text in every dialect; some others (PowerShell, resources) are UTF-16 by custom.
_SOURCES = frozenset(
    """py pyi js mjs cjs jsx ts mts cts tsx rb pl pm php sh bash zsh fish lua go rs c h cc cpp hpp cxx java kt kts scala
    swift m mm cs fs hs ml ex exs erl clj el lisp r jl sql html css scss vue svelte yml yaml toml json md mk
    cmake""".split()  # noqa: SIM905 - a list of sixty quoted words says no more
)
_IMPORTED = ("py", "so", "pyd")
# Started as `python -m NAME`, by people and editors alike, which looks in the current directory first.
_TOOLS = frozenset(
    """pip pytest _pytest pluggy iniconfig packaging setuptools pkg_resources wheel build twine tox nox virtualenv pipx
    poetry hatch pdm uv black ruff mypy pylint flake8 isort jedi debugpy ipykernel IPython jupyter notebook coverage
    pre_commit pyright""".split()  # noqa: SIM905 - as above
)
_SPECIAL = {stat.S_IFIFO: "shape-fifo", stat.S_IFSOCK: "shape-socket"}
EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
WORTH_A_LOOK = EXECUTABLE | SET_ID  # bits of a mode without which `of_mode` has nothing to say


def of_mode(change: Change) -> Iterator[Shape]:
    """Set-id bits, and whether it is newly executable."""
    new, old = change.new_mode, change.old_mode
    if not stat.S_ISREG(new):
        return
    if new & SET_ID:
        bits = [name for bit, name in ((stat.S_ISUID, "set-uid"), (stat.S_ISGID, "set-gid")) if new & bit]
        yield "shape-set-id", (" and ".join(bits),)
    if new & EXECUTABLE and not (stat.S_ISREG(old) and old & EXECUTABLE):
        yield "shape-executable", (f"mode {stat.S_IMODE(new) & 0o777:04o}",)


def of_special(mode: int) -> Iterator[Shape]:
    """Sockets, FIFOs, devices."""
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        yield _SPECIAL.get(stat.S_IFMT(mode), "shape-device"), ()


def of_link(path: str, target: str) -> Iterator[Shape]:
    """Where a link leads."""
    evidence = shown([f"-> {target}"])
    if holding.leads_out(path, target):
        yield "shape-link-out", evidence
    if any(folded(part) in (".git", "git~1") for part in target.replace("\\", "/").split("/") if part):
        yield "shape-link-git", evidence


def of_content(name: str, new: bytes, old: bytes | None) -> Iterator[Shape]:
    """Programs, binary content under a name of source code, and text that does not say what it shows."""
    if b"\0" in new[:BINARY_LOOK_BYTES] or new.startswith(_MAGIC[5][0]):
        was_binary = old is not None and b"\0" in old[:BINARY_LOOK_BYTES]
        kind = next((what for magic, what in _MAGIC if new.startswith(magic)), "")
        if kind:
            yield "shape-program", (kind,)
        elif name.rpartition(".")[2].lower() in _SOURCES and "." in name and not was_binary:
            yield "shape-disguised", ()
        return
    for kind, lines in hidden.found(new, old).items():
        yield kind, shown(lines)


def of_file(found: os.stat_result, large_bytes: int | None) -> Iterator[Shape]:
    """Links to the same content, and size."""
    if found.st_nlink > 1:
        yield "shape-hard-link", (f"{found.st_nlink} names",)
    if large_bytes is not None and found.st_size > large_bytes:
        yield "shape-large", (f"{found.st_size} bytes",)


def of_top(path: str) -> Iterator[Shape]:
    """A file or package at the top that Python imports in the place of its own, or `python -m` of a tool."""
    module, _, ending = path.replace("/__init__.", ".", 1).partition(".")
    if "/" not in path.replace("/__init__.", ".", 1) and ending.endswith(_IMPORTED):
        import sys

        if module in _TOOLS or (module in sys.stdlib_module_names and module != "test"):
            yield "shape-shadow", (f"import {module}",)


class Twins:
    """Names of one directory that some file system takes for the same. A directory is listed once."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._known: dict[str, dict[str, list[str]]] = {}

    def of(self, parent: str, name: str) -> Iterator[Shape]:
        """The neighbours that something new in a directory could be taken for."""
        found = self._known.get(parent)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[parent] = _collisions(self._sides.names(parent))
        if found:
            others = [one for one in found.get(folded(name), ()) if one != name and self._sides.has(below(parent, one))]
            if others:
                yield "shape-twin", shown(sorted(others))


def _collisions(names: list[str]) -> dict[str, list[str]]:
    first: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for name in names:
        key = folded(name)
        if key in first:
            found.setdefault(key, [first[key]]).append(name)
        else:
            first[key] = name
    return found


def wants_old(new: bytes) -> bool:
    """Whether the judgement of new content depends on the old one: not where there is nothing odd about it."""
    return b"\0" in new[:BINARY_LOOK_BYTES] or hidden.is_suspect(new)
