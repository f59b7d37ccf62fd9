"""What is simply taken out of a file because a rule finds it there, and what becomes another value."""

from __future__ import annotations

from paddock.checking.facts import editor
from paddock.devcontainer import runflags
from paddock.hardening.arguments import loopback
from paddock.hardening.changes import change, comment, lines
from paddock.hardening.needs import means

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.findings import Finding
    from paddock.devcontainer.source import Path
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change
    from paddock.hardening.draft import Cell, Draft

_VARIABLES = ("DC101", "DC105", "DC106", "DC311", "DC701", "DC702", "DC706", "DC707")
_EDITOR = ("DC310", "DC311", "DC408", "DC604", "DC607", "DC608", "DC609", "DC612", "DC613", "DC706", "DC707", "DC701")
# What goes, by where in the file it is found.
_GOES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("privileged",): ("DC201",),
    ("initializeCommand",): ("DC401",),
    ("shutdownAction",): ("DC902",),
    ("hostRequirements", "gpu"): ("DC206",),
    ("containerEnv",): _VARIABLES,
    ("remoteEnv",): _VARIABLES,
    ("build", "args"): ("DC703", "DC706", "DC707"),
    ("build", "cacheFrom"): ("DC510",),
    ("features",): ("DC708", "DC706", "DC707"),
    ("portsAttributes",): ("DC303", "DC307"),
    ("otherPortsAttributes",): ("DC303", "DC307"),
    ("customizations",): (*_EDITOR, "DC407", "DC510"),
    ("settings",): _EDITOR,
}
_ENVIRONMENTS = ("containerEnv", "remoteEnv")


def harden(case: Case, draft: Draft) -> list[Change]:
    """All of it."""
    _leave_out(case, draft)
    return [
        *_taken(case, draft),
        *_build_options(case, draft),
        *_ports(case, draft),
        *_extensions(case, draft),
        *_variables_of_others(case, draft),
    ]


def _taken(case: Case, draft: Draft) -> Iterator[Change]:
    for one in case.findings:
        path = one.source.path
        if one.source.layer != "file" or case.kept(one.rule):
            continue
        cell = draft.at(path)
        if cell and _goes(one.rule, path):
            made = change(case.rules[one.rule], f"{_name(path)} is taken away: {one.message}", one.source.where)
            cell.remove(*comment(made))
            yield made
        elif cell and one.rule == "DC306":
            made = change(case.rules["DC306"], f"{_name(path)} is notify: {one.message}", one.source.where)
            cell.scalar = "notify"
            cell.say(*comment(made))
            yield made


def _goes(rule: str, path: Path) -> bool:
    return any(
        path[: len(where)] == where and rule in rules and (len(path) > len(where) or len(where) > 1 or _alone(where))
        for where, rules in _GOES.items()
    )


def _alone(where: tuple[str, ...]) -> bool:
    """Whether the member itself may go, not only a part of it."""
    return where[0] in ("privileged", "initializeCommand", "shutdownAction")


def _name(path: Path) -> str:
    return next(str(step) for step in reversed(path) if isinstance(step, str))


def _leave_out(case: Case, draft: Draft) -> None:
    """Features that the person leaves out."""
    for use in case.file.features:
        cell = draft.at(use.origin.path)
        if cell and any(means(word, use.reference) for word in case.without):
            cell.remove(*lines(f"{use.reference} is left out, as --without says"))


def _build_options(case: Case, draft: Draft) -> Iterator[Change]:
    """Flags of the build, whose words are several items."""
    options = case.file.build.options if case.file.build else ()
    for flag in runflags.parse(options, runflags.BUILD).flags:
        found = case.at(flag.origin)
        if found is None or found.rule != "DC403":
            continue
        made = change(case.rules["DC403"], f"{flag.name} is taken away: {found.message}", flag.origin.where)
        *above, first = flag.origin.path
        for number in range(flag.words):
            cell = draft.at((*above, int(first) + number))
            if cell:
                cell.remove(*(comment(made) if not number else ()))
        yield made


def _ports(case: Case, draft: Draft) -> Iterator[Change]:
    """`appPort` as text goes to the engine as it is."""
    for port in case.file.ports:
        cell = draft.at(port.origin.path) if port.kind == "publish" else None
        found = loopback(str(cell.scalar), case, port.origin.where) if cell and isinstance(cell.scalar, str) else None
        if cell and found:
            cell.scalar = found[0]
            cell.say(*comment(found[1]))
            yield found[1]


def _extensions(case: Case, draft: Draft) -> Iterator[Change]:
    """Extensions in whatever version there is: they start by themselves, and can make the editor act on the host."""
    if case.kept("DC508"):
        return
    for _, origin in editor.extensions(case.effective):
        if not any(one.rule == "DC508" and one.source == origin for one in case.findings) or origin.layer != "file":
            continue
        cell = draft.at(origin.path)
        loose = [one for one in cell.cells if _is_loose(one)] if cell else []
        if loose:
            names = ", ".join(str(one.scalar) for one in loose)
            made = change(case.rules["DC508"], f"not installed, since they have no version: {names}", origin.where)
            loose[0].remove(*comment(made))
            for one in loose[1:]:
                one.remove()
            yield made


def _is_loose(cell: Cell) -> bool:
    name = cell.scalar
    return isinstance(name, str) and not name.startswith("-") and "@" not in name


def _variables_of_others(case: Case, draft: Draft) -> Iterator[Change]:
    """Variables that a label or Feature sets: the file has the last word on each."""
    for variable in (*case.effective.container_environment, *case.effective.remote_environment):
        found: Finding | None = case.at(variable.origin)
        if variable.origin.layer in ("label", "feature") and found and found.rule in _VARIABLES:
            made = change(case.rules[found.rule], f"{variable.name} is not set", variable.origin.where)
            section = _ENVIRONMENTS[variable.remote]
            yield made
            _put(draft, section, variable.name, None if variable.remote else "", comment(made))


def _put(draft: Draft, section: str, name: str, value: str | None, remarks: tuple[str, ...]) -> None:
    from paddock.hardening.draft import Cell
    from paddock.hardening.sheet import Body, Part

    cell = draft.at((section,))
    if cell is None:
        draft.set(section, {name: value}, *remarks)
        return
    cell.cells.append(Cell(Part(value, name, remarks)))
    if cell.kind != "object":
        cell.put(Body("object", (Part(value, name, remarks),)))
