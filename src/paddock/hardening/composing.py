"""With compose: the second compose file, which is laid over the team's own.

`runArgs` do nothing there, and of mounts in devcontainer.json only source and target are passed on (measured).

Lists of compose files are united; what must go from one is replaced as a whole with `!override`, or emptied with
`!reset` (docs.docker.com/reference/compose-file/merge; Compose from 2.24, podman-compose from 1.1).
"""

from __future__ import annotations

import os
import posixpath

from paddock.checking.facts import beside
from paddock.checking.facts import mounts as facts
from paddock.devcontainer.mounts import with_compose
from paddock.errors import Refused
from paddock.hardening.case import NUMERIC_USER
from paddock.hardening.changes import change, comment, lines
from paddock.hardening.mounting import of_others, resolved
from paddock.hardening.services import Services, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.model import Mount
    from paddock.devcontainer.service import Project
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change
    from paddock.hardening.draft import Draft

FILE = "compose.yaml"
_FOLDER = "${localWorkspaceFolder}"
_IGNORED = ("runArgs", "workspaceMount", "appPort")


def harden(case: Case, draft: Draft) -> tuple[str, list[Change]]:
    """The text of the second compose file, and the changes that it and the JSON file beside it make."""
    project: Project = case.effective.project  # type: ignore[assignment] # the model stands below it
    mapped = _mapped(case, draft)
    services = Services(case, project, mapped)
    moved = _of_json(case, draft, services)
    for service in project.started([it.value for it in case.effective.run_services]):
        services.service(service, moved if service is project.service else [])
    done = [*of_others(case, draft), *services.done]
    if case.own:
        return _as_it_is(case, project, done), []
    _name_file(case, draft, project)
    networks, made = _networks(case, project)
    title = f"Made by `paddock harden` from {case.source}: laid over the compose files that it names."
    # a container of a pod has the pod's user namespace, and podman-compose makes one unless it is told not to
    pod = ["x-podman: {in_pod: false}"] if mapped else []
    text = [*lines(title, "#"), f"name: {quoted(_project_name(case))}", *pod, *services.text, *networks]
    return "\n".join(text) + "\n", [*done, *made]


def _mapped(case: Case, draft: Draft) -> str:
    """How podman maps the person to the user inside. For a user with a name the reference CLI adapts the image."""
    cell = draft.at(("remoteUser",))
    if case.engine != "podman" or case.kept("DC207"):
        return ""
    return f"keep-id:uid={NUMERIC_USER},gid={NUMERIC_USER}" if cell and cell.scalar == NUMERIC_USER else "keep-id"


def _as_it_is(case: Case, project: Project, done: list[Change]) -> str:
    """The second compose file of a file that harden made: it is one of those that were read, and says all already."""
    place = f"{case.effective.folder}/{posixpath.dirname(case.source)}/{FILE}"
    here = next((one for one in project.files if f"{case.effective.repository}/{one.file}" == place), None)
    if here is None or done:
        raise Refused(
            f"{case.source} is not as paddock harden wrote it" + (f": {done[0].what}" if done else ""),
            why=f"its {FILE} cannot be made again without what it was made from",
            next_step="paddock harden, for the team's own file",
            code="not-ours",
        )
    return here.text


def _name_file(case: Case, draft: Draft, project: Project) -> None:
    """The compose files, ours last. Compose takes all relative paths from the first one's folder, which stays."""
    files = draft.at(("dockerComposeFile",))
    cells = [] if files is None else files.cells if files.kind == "array" else [files]
    known = [str(cell.scalar) for cell in cells if cell.scalar]
    if not known:  # an empty list stands for the files that Compose takes by itself
        here = f"{case.effective.folder}/{posixpath.dirname(case.target)}"
        known = [os.path.relpath(f"{case.effective.repository}/{it.file}", here) for it in project.files]
    draft.set("dockerComposeFile", [*(one for one in known if posixpath.normpath(one) != FILE), f"./{FILE}"])


def _of_json(case: Case, draft: Draft, services: Services) -> list[str]:
    """Mounts of devcontainer.json that can only be read-only there, as volumes; and keys that did nothing."""
    found = []
    for key in _IGNORED:
        cell = draft.at((key,))
        if cell:
            made = change(case.rules["DC802"], f"{key} is taken away: with compose it does nothing")
            cell.remove(*comment(made))
            services.done.append(made)
    for mount in case.file.mounts:
        cell = draft.at(mount.origin.path)
        made_of = resolved(case, with_compose(mount)) if cell else None
        if cell is None or made_of is None:
            continue
        text, made = made_of
        services.done.append(made)
        if mount.kind == "volume" and text:
            cell.put(text)
            cell.say(*comment(made))
            continue
        cell.remove(*comment(made))
        source = _in_compose(case, services, mount)
        if text and source:
            found.append(f"{source}:{mount.target}:ro")
    return found


def _in_compose(case: Case, services: Services, mount: Mount) -> str:
    """A source of devcontainer.json as Compose reads it; empty where that is not possible."""
    source = facts.written(mount)
    if source.startswith(_FOLDER):
        return services.relative(case.effective.folder + source.removeprefix(_FOLDER))
    return services.relative(source) if source.startswith("/") else ""


def _networks(case: Case, project: Project) -> tuple[list[str], list[Change]]:
    """Services reach each other, and nothing else. A network that others made cannot be changed here."""
    if case.kept("DC301"):
        return [], []
    used = {name for one in beside.started(case.effective) for name in one.networks}
    external = sorted({one.name for one in project.shared if one.kind == "networks" and one.external} & used)
    more = f", and all that is in {', '.join(external)}, which this project has not made" if external else ""
    made = change(case.rules["DC301"], f"the services reach each other only{more}")
    closed = [f"  {quoted(name)}: {{internal: true}}" for name in sorted({"default", *used} - {*external})]
    return [*comment(made, "#"), "networks:", *closed], [made]


def _project_name(case: Case) -> str:
    """Another project than the team's own: Compose finds running containers by this name."""
    import re

    name = re.sub(r"[^a-z0-9_-]", "", os.path.basename(case.effective.folder).lower()).lstrip("_-")
    return f"{name or 'project'}-paddock"
