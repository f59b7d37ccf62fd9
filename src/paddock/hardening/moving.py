"""Relative paths, which start at the folder of their file, for the same file in another folder."""

from __future__ import annotations

import posixpath

from paddock.devcontainer import references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.hardening.case import Case
    from paddock.hardening.draft import Cell, Draft

_PATHS = (("build", "dockerfile"), ("build", "context"), ("dockerFile",), ("context",))


def moved(path: str, before: str, after: str) -> str:
    """A path that starts at the folder `before`, as one that starts at `after`; both relative to one place.

    Absolute ones and those that begin with a variable stay.
    """
    if not path or path.startswith(("/", "~", "$")) or posixpath.normpath(before) == posixpath.normpath(after):
        return path
    here = _parts(after)
    there = _parts(posixpath.join(before, path))  # `..` first where it leads above the place that both start from
    same = next((number for number, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
    same = min(len(here), len(there)) if same is None else same
    return "/".join([".."] * (len(here) - same) + there[same:]) or "."


def _parts(path: str) -> list[str]:
    found = posixpath.normpath(path)
    return [] if found == "." else found.split("/")


def harden(case: Case, draft: Draft) -> None:
    """All paths of the file: the build's, compose files, local Features."""
    before, after = posixpath.dirname(case.source), posixpath.dirname(case.target)
    if posixpath.normpath(before) == posixpath.normpath(after):
        return
    for path in _PATHS:
        _one(draft.at(path), before, after)
    files = draft.at(("dockerComposeFile",))
    for cell in files.cells if files and files.kind == "array" else [files]:
        _one(cell, before, after)
    features = draft.at(("features",))
    for cell in features.cells if features else ():
        cell.key = feature(cell.key or "", before, after)
    order = draft.at(("overrideFeatureInstallOrder",))
    for cell in order.cells if order else ():
        if isinstance(cell.scalar, str):
            cell.scalar = feature(cell.scalar, before, after)
    _context(case, draft, before, after)


def feature(reference: str, before: str, after: str) -> str:
    """A Feature's reference: a local one is a path that begins with a dot."""
    if references.parse(reference).kind != "local":
        return reference
    path = moved(reference, before, after)
    return path if path.startswith(("/", "./", "../")) else f"./{path}"


def _one(cell: Cell | None, before: str, after: str) -> None:
    if cell and isinstance(cell.scalar, str):
        cell.scalar = moved(cell.scalar, before, after)


def _context(case: Case, draft: Draft, before: str, after: str) -> None:
    """Without a context the reference CLI takes the Dockerfile's folder, other tools that of the file, which moves."""
    build = case.file.build
    if case.effective.kind != "dockerfile" or build is None or build.context is not None or build.dockerfile is None:
        return
    folder = posixpath.dirname(moved(build.dockerfile.raw or build.dockerfile.value, before, after)) or "."
    section = draft.at(("build",))
    if section and section.kind == "object" and section.under("dockerfile"):
        from paddock.hardening.draft import Cell
        from paddock.hardening.sheet import Part

        section.cells.append(Cell(Part(folder, "context")))
    else:
        draft.set("context", folder)
