"""From a configuration to its hardened one, as data. Pure: what the machine knows came in with the case."""

from __future__ import annotations

import posixpath

from paddock.checking.facts import base
from paddock.devcontainer import runvalues
from paddock.devcontainer.hooks import IN_CONTAINER
from paddock.frozen import frozen
from paddock.hardening import arguments, composing, mounting, moving, needs, taking, workspace
from paddock.hardening.case import NUMERIC_USER
from paddock.hardening.changes import change, comment, lines, suppression
from paddock.hardening.draft import Draft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.checking.findings import Finding
    from paddock.devcontainer.source import Path
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change, Keep
    from paddock.hardening.sheet import Sheet
    from paddock.hardening.workspace import Guard, Placed

MARK = "// Made by `paddock harden` from"
_NAMELESS = "dev container"
_SUPPRESSION = "paddock: ignore"
# Where a finding about the whole file is told once the workspace mount stands in it.
_AT_WORKSPACE = ("DC404", "DC601", "DC509")


@frozen
class Hardened:
    """The second configuration. `compose` is the text of its compose file, empty where there is none.

    `left` are the findings of the rules that hardening does nothing about here, the worst first.
    """

    sheet: Sheet
    compose: str
    changes: tuple[Change, ...]
    left: tuple[Finding, ...]


def compiled(case: Case, sheet: Sheet) -> Hardened:
    """The hardened configuration. Raises Refused for rights that it could not take away."""
    needs.refuse(case)
    draft = Draft(sheet)
    if not case.own:
        _begin(case, draft)
    moving.harden(case, draft)
    where = workspace.placed(case)
    guards = workspace.guards(case, where)
    taken = where.target if case.effective.workspace_mount else ""  # else one of the mounts is the workspace
    held = frozenset(posixpath.normpath(one) for one in (*(it.target for it in guards), taken) if one)
    done = [*taking.harden(case, draft), *_rights(case, draft), *_user(case, draft)]
    compose = ""
    if case.composed:
        compose, made = composing.harden(case, draft)
        done += made
    else:
        done += _workspace(draft, where)
        done += mounting.harden(case, draft, [it.mount for it in guards if it.mount], held)
        done += _guarded(case, draft, guards)
        done += arguments.harden(case, draft, guards, held)
    done += _hooks(case, draft)
    done += _digest(case, draft)
    _keep(case, draft)
    changed = tuple(dict.fromkeys(done))
    told = {one.rule for one in changed} | {one.rule for one in case.keeps}
    left = tuple(one for one in case.findings if one.rule not in told)
    return Hardened(draft.done(), compose, changed, left)


def _begin(case: Case, draft: Draft) -> None:
    """What every file of ours begins with. Suppressions are about the team's file: here, reasons are given anew."""
    draft.head = [
        *lines(
            f"Made by `paddock harden` from {case.source}, which is left as it is. "
            f"Change that file, then run this again: {case.command}"
        ),
        *lines("Each change names its rule: `paddock check --explain RULE` tells more. --keep RULE=REASON keeps one."),
        *(one for one in draft.head if _SUPPRESSION not in one),
    ]
    _without_suppressions(draft)
    title = case.file.node.get("name")
    name = str(title.value) if title and title.kind == "string" and title.value else ""
    if not name.endswith("(paddock)"):
        draft.set("name", f"{name or _NAMELESS} (paddock)", first=True)


def _without_suppressions(draft: Draft) -> None:
    waiting = [draft.root]
    while waiting:
        cell = waiting.pop()
        cell.remarks = [one for one in cell.remarks if _SUPPRESSION not in one]
        cell.after = [one for one in cell.after if _SUPPRESSION not in one]
        waiting += cell.cells


def _rights(case: Case, draft: Draft) -> list[Change]:
    """Properties that give rights: none stays, and no program gains any."""
    done = []
    for one in case.file.cap_add:
        cell = draft.at(one.origin.path)
        if cell and not case.kept("DC202"):
            made = change(case.rules["DC202"], f"the capability {one.value} is not added", one.origin.where)
            cell.remove(*comment(made))
            done.append(made)
    has = False
    for one in case.file.security_opt:
        option = runvalues.security_option(one.value, one.origin)
        rule = arguments.of_security_option(option)
        cell = draft.at(one.origin.path)
        if cell and rule and not case.kept(rule):
            made = change(case.rules[rule], f"{one.value} is taken away", one.origin.where)
            cell.remove(*comment(made))
            done.append(made)
        has = has or option.no_new_privileges
    if not has and not case.kept("DC210"):
        made = change(case.rules["DC210"], "no program gains rights by being started")
        draft.append("securityOpt", "no-new-privileges", *comment(made))
        done.append(made)
    return done


def _user(case: Case, draft: Draft) -> list[Change]:
    """Nobody is root inside: who it is instead is said by the file, the person, or a number that most images have."""
    effective = case.effective
    if case.kept("DC207"):
        return []
    said = [one.value.partition(":")[0] for one in (effective.remote_user, effective.container_user) if one]
    ordinary = next((one for one in said if one and one not in base.ROOT), "")
    image = effective.image_user.value.partition(":")[0] if effective.image_user else ""
    known = ordinary or ("" if image in base.ROOT else image)
    user = case.user or known or NUMERIC_USER
    wrong = [one for one in case.findings if one.rule == "DC207"]
    if not wrong and not case.user:
        return []
    made = change(case.rules["DC207"], f"commands run as {user}, not as root", wrong[0].source.where if wrong else "")
    before = [draft.at((key,)) for key in ("remoteUser", "containerUser")]
    if all(cell is not None and cell.scalar == user for cell in before):
        return []
    draft.set("remoteUser", user, *comment(made))
    draft.set("containerUser", user)
    return [made]


def _workspace(draft: Draft, where: Placed) -> list[Change]:
    said = comment(where.narrowed) if where.narrowed else ()
    if where.mount is not None:
        draft.set("workspaceMount", where.mount, *said)
    if where.folder is not None:
        draft.set("workspaceFolder", where.folder)
    return [where.narrowed] if where.narrowed else []


def _guarded(case: Case, draft: Draft, guards: tuple[Guard, ...]) -> list[Change]:
    """Mounts that protect the host, each once."""
    done = []
    mine = [mount.raw for mount in case.file.mounts]
    for guard in guards:
        if guard.mount and guard.mount not in mine:
            draft.append("mounts", guard.mount, *comment(guard.made))
            done.append(guard.made)
    return done


def _hooks(case: Case, draft: Draft) -> list[Change]:
    """Hooks that become root, which they cannot any more: nothing is changed in them, and a reader must know."""
    if case.kept("DC208", "DC210"):
        return []
    done = []
    for one in case.findings:
        cell = draft.at(one.source.path) if one.rule == "DC208" and one.source.layer == "file" else None
        if cell and one.source.path[0] in IN_CONTAINER:
            made = change(case.rules["DC208"], f"this fails now: {one.message}", one.source.where)
            cell.say(*comment(made))
            done.append(made)
    return done


def _digest(case: Case, draft: Draft) -> list[Change]:
    image = draft.at(("image",))
    if not case.digest or image is None or case.kept("DC501") or "@" in str(image.scalar):
        return []
    made = change(case.rules["DC501"], "the image is the one that is here today")
    image.scalar = f"{image.scalar}@{case.digest}"
    image.say(*comment(made))
    return [made]


def _keep(case: Case, draft: Draft) -> None:
    """What is kept is said where `paddock check` would find it, with the reason."""
    for keep in case.keeps:
        for path in _told_at(case, draft, keep):
            cell = next((found for found in map(draft.at, _upwards(path)) if found), None)
            if cell and cell is not draft.root:
                cell.say(suppression(keep))
            elif suppression(keep) not in draft.head:
                draft.head.append(suppression(keep))


def _told_at(case: Case, draft: Draft, keep: Keep) -> Sequence[Path]:
    """Where in the hardened file that will be; nowhere for what is found no more. Run flags say it themselves."""
    if keep.rule == "DC208" and not case.kept("DC210"):
        return []  # no-new-privileges makes sudo fail
    if keep.rule in _AT_WORKSPACE and draft.at(("workspaceMount",)):
        return [("workspaceMount",)]
    whole = base.source(case.effective).path
    found = [one.source for one in case.findings if one.rule == keep.rule]
    paths: list[Path] = [] if found else [whole]
    for source in found:
        if source.layer == "feature":
            paths.append(("features", source.name))
        elif source.layer != "file":
            paths.append(whole)
        elif case.composed or source.path[:1] != ("runArgs",) or len(source.path) == 1:
            paths.append(source.path)
    return paths


def _upwards(path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    return [path[:length] for length in range(len(path), -1, -1)]
