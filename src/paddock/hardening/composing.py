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
from paddock.devcontainer import runvalues
from paddock.devcontainer.mounts import with_compose
from paddock.errors import Refused
from paddock.frozen import replace
from paddock.hardening import arguments
from paddock.hardening.arguments import of_security_option
from paddock.hardening.changes import change, comment, lines
from paddock.hardening.mounting import of_others, resolved
from paddock.hardening.workspace import COMMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.findings import Finding
    from paddock.devcontainer.model import Mount, Path, Port, Source
    from paddock.devcontainer.service import Project, Service
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change
    from paddock.hardening.draft import Draft

FILE = "compose.yaml"
_FOLDER = "${localWorkspaceFolder}"
_IGNORED = ("runArgs", "workspaceMount", "appPort")
# Keys that go as a whole where a rule finds something at the flag that they are, and what they become.
_RESET = {
    "network_mode": ("DC205",), "pid": ("DC205",), "ipc": ("DC205",), "uts": ("DC205",), "userns_mode": ("DC205",),
    "cgroup": ("DC205",), "devices": ("DC206",), "device_cgroup_rules": ("DC206",), "gpus": ("DC206",),
    "volumes_from": ("DC111",), "group_add": ("DC215",), "sysctls": ("DC213",), "runtime": ("DC214",),
    "cgroup_parent": ("DC904",), "container_name": ("DC906",), "extra_hosts": ("DC309",), "restart": ("DC902",),
    "use_api_socket": ("DC216",), "ulimits": ("DC903",), "deploy": ("DC206",),
}  # fmt: skip
_LISTS = ("devices", "device_cgroup_rules", "volumes_from", "group_add", "extra_hosts")
_VARIABLES = ("DC101", "DC105", "DC106", "DC311", "DC702")
_LIMITS = {"--memory": "mem_limit", "--pids-limit": "pids_limit", "--cpus": "cpus"}


def harden(case: Case, draft: Draft) -> tuple[str, list[Change]]:
    """The text of the second compose file, and the changes that it and the JSON file beside it make."""
    project: Project = case.effective.project  # type: ignore[assignment] # the model stands below it
    one = _Compose(case, project)
    moved_here = one.of_json(draft)
    one.done += of_others(case, draft)
    for service in project.started([it.value for it in case.effective.run_services]):
        one.service(service, moved_here if service is project.service else [])
    if case.own:
        return _as_it_is(case, one.done), []
    one.networks()
    _name_file(case, draft)
    return "\n".join(one.text) + "\n", one.done


def _as_it_is(case: Case, done: list[Change]) -> str:
    """The second compose file of a file that harden made: it is one of those that were read, and says all already."""
    project: Project = case.effective.project  # type: ignore[assignment]
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


def _name_file(case: Case, draft: Draft) -> None:
    """The compose files, ours last. Compose takes all relative paths from the first one's folder, which stays."""
    path = f"./{FILE}"
    files = draft.at(("dockerComposeFile",))
    names = (
        [cell.scalar for cell in files.cells] if files and files.kind == "array" else [files.scalar if files else None]
    )
    known = [str(one) for one in names if one]
    if not known:  # an empty list stands for the files that Compose takes by itself
        project: Project = case.effective.project  # type: ignore[assignment]
        here = posixpath.dirname(case.target)
        top = case.effective.repository
        known = [os.path.relpath(f"{top}/{it.file}", f"{case.effective.folder}/{here}") for it in project.files]
    draft.set("dockerComposeFile", [*(one for one in known if posixpath.normpath(one) != FILE), path])


class _Compose:
    """The file on its way: lines of YAML, whose scalars are those of JSON."""

    def __init__(self, case: Case, project: Project) -> None:
        self.case = case
        self.project = project
        self.done: list[Change] = []
        self.text = [
            *lines(f"Made by `paddock harden` from {case.source}: laid over the compose files that it names.", "#"),
            f"name: {_quoted(_project_name(case))}",
            "services:",
        ]

    def of_json(self, draft: Draft) -> list[str]:
        """Mounts of devcontainer.json that can only be read-only here, and keys that did nothing."""
        found = []
        for key in _IGNORED:
            cell = draft.at((key,))
            if cell:
                made = change(self.case.rules["DC802"], f"{key} is taken away: with compose it does nothing")
                cell.remove(*comment(made))
                self.done.append(made)
        for mount in self.case.file.mounts:
            cell = draft.at(mount.origin.path)
            made_of = resolved(self.case, with_compose(mount)) if cell else None
            if cell is None or made_of is None:
                continue
            text, made = made_of
            source = self.in_compose(mount)
            self.done.append(made)
            if mount.kind == "volume" and text:
                cell.put(text)
                cell.say(*comment(made))
                continue
            cell.remove(*comment(made))
            if text and source:
                found.append(f"{source}:{mount.target}:ro")
        return found

    def in_compose(self, mount: Mount) -> str:
        """A source of devcontainer.json as Compose reads it; empty where that is not possible."""
        source = facts.written(mount)
        if source.startswith(_FOLDER):
            return self.relative(self.case.effective.folder + source.removeprefix(_FOLDER))
        return self.relative(source) if source.startswith("/") else ""

    def relative(self, path: str) -> str:
        """A path of the repository from where Compose starts; any other as it is."""
        top = self.case.effective.repository
        if path != top and not path.startswith(f"{top}/"):
            return path
        found = os.path.relpath(path, self.project.directory)
        return found if found.startswith(".") else f"./{found}"

    def service(self, service: Service, more: list[str]) -> None:
        """One service: the named one gets all that is missing, those beside it lose what is dangerous."""
        own = service is self.project.service
        self.text.append(f"  {_quoted(service.name)}:")
        before = len(self.text)
        self.rights(service, own=own)
        self.resets(service)
        self.volumes(service, more)
        self.ports(service)
        self.variables(service)
        if own:
            self.limits(service)
        if len(self.text) == before:
            self.text[-1] += " {}"

    def rights(self, service: Service, *, own: bool) -> None:
        case = self.case
        privileged = service.privileged is not None and service.privileged.value
        if privileged and not case.kept("DC201"):
            self.add("privileged: false", "DC201", f"service {service.name} is not privileged", service.privileged)
        if service.cap_add and not case.kept("DC202"):
            names = ", ".join(one.value for one in service.cap_add)
            self.add("cap_add: !reset []", "DC202", f"service {service.name} gets no capability {names}", service)
        dropped = any(flag.name == "--cap-drop" and (flag.value or "").upper() == "ALL" for flag in service.flags)
        if own and not dropped and not case.kept("DC209"):
            self.add('cap_drop: ["ALL"]', "DC209", "all capabilities are dropped", None)
        options = [runvalues.security_option(one.value, one.origin) for one in service.security_opt]
        wrong = [one for one in options if (rule := of_security_option(one)) and not case.kept(rule)]
        for one in wrong[:1]:
            kept = [it.raw for it in options if it not in wrong and not it.no_new_privileges]
            text = ", ".join(map(_quoted, [*kept, "no-new-privileges:true"]))
            rule = of_security_option(one)
            what = f"service {service.name} is without {', '.join(it.raw for it in wrong)}"
            self.add(f"security_opt: !override [{text}]", rule, what, one)
        if not wrong and not any(one.no_new_privileges for one in options) and not case.kept("DC210"):
            what = f"no program of service {service.name} gains rights by being started"
            self.add('security_opt: ["no-new-privileges:true"]', "DC210", what, None)

    def resets(self, service: Service) -> None:
        for key, rules in _RESET.items():
            found = [
                one
                for one in self.of(service)
                if one.rule in rules and _below(one.source)[:1] == (key,) and not self.case.kept(one.rule)
            ]
            if found:
                empty = "[]" if key in _LISTS else "{}" if key in ("sysctls", "ulimits", "deploy") else "null"
                what = f"service {service.name}: {key} is taken away: {found[0].message}"
                self.add(f"{key}: !reset {empty}", found[0].rule, what, found[0])

    def volumes(self, service: Service, more: list[str]) -> None:
        """All volumes where one must go; else those that are laid over the others, target by target."""
        case, kept, over = self.case, [], [*more]
        gone = False
        for mount in (one for one in service.mounts if _below(one.origin)[:1] == ("volumes",)):
            found = None if facts.is_workspace(mount, case.effective) else resolved(case, mount)
            if found is None or mount.kind == "volume":
                kept.append(self.short(mount))
                continue
            self.done.append(found[1])
            self.text += [f"    {line}" for line in comment(found[1], "#")]
            if found[0]:
                over.append(f"{self.short(mount, read_only=True)}")
            gone = gone or not found[0]
        over += self.guarded(service)
        targets = {_target(one) for one in over}
        listed = [*(one for one in kept if _target(one) not in targets), *over] if gone else over
        if listed or gone:
            self.text.append(f"    volumes: {'!override ' if gone else ''}[{', '.join(map(_quoted, listed))}]")

    def short(self, mount: Mount, *, read_only: bool = False) -> str:
        source = self.relative(mount.source) if mount.kind == "bind" else mount.source
        options = [name if not value else f"{name}={value}" for name, value in mount.options if _is_short(name)]
        options = [one for one in options if one not in ("rw", "ro")]
        options += ["ro"] if read_only or mount.read_only else []
        parts = [source, mount.target] if source else [mount.target]
        return ":".join([*parts, *([",".join(options)] if options else [])])

    def guarded(self, service: Service) -> Iterator[str]:
        """`.git`, and what decides about dev containers, read-only over the repository."""
        case = self.case
        for mount in service.mounts:
            if not facts.is_workspace(mount, case.effective) or mount.read_only:
                continue
            git = case.git if mount.source == case.effective.folder else case.git_above
            names = [(".git", "DC601")] if git else []
            below = os.path.relpath(case.effective.folder, mount.source)
            names += [(posixpath.normpath(posixpath.join(below, one)), "DC509") for one in case.guarded]
            held = [it.target for it in service.mounts if it.read_only]
            for name, rule in names:
                if not case.kept(rule) and posixpath.join(mount.target, name) not in held:
                    made = change(case.rules[rule], f"service {service.name}: {name} is read-only")
                    made = made if rule == "DC509" else replace(made, breaks=COMMITS)
                    self.done.append(made)
                    self.text += [f"    {line}" for line in comment(made, "#")]
                    yield f"{self.relative(posixpath.join(mount.source, name))}:{posixpath.join(mount.target, name)}:ro"

    def ports(self, service: Service) -> None:
        open_to_all = [one for one in self.of(service) if one.rule == "DC303" and _below(one.source)[:1] == ("ports",)]
        if open_to_all and not self.case.kept("DC303"):
            listed = [_loopback(one) for one in service.ports]
            text = f"ports: !override [{', '.join(map(_quoted, listed))}]"
            self.add(text, "DC303", f"service {service.name} publishes on 127.0.0.1 only", open_to_all[0])

    def variables(self, service: Service) -> None:
        found = {
            str(_below(one.source)[1]): one
            for one in self.of(service)
            if one.rule in _VARIABLES and _below(one.source)[:1] == ("environment",) and len(_below(one.source)) > 1
        }
        wanted = {name: one for name, one in found.items() if not self.case.kept(one.rule)}
        for name, one in wanted.items():
            made = change(self.case.rules[one.rule], f"service {service.name}: {name} is empty", one.source.where)
            self.done.append(made)
            self.text += [f"    {line}" for line in comment(made, "#")]
        if wanted:
            empty = ", ".join(f'{_quoted(name)}: ""' for name in wanted)
            self.text.append(f"    environment: {{{empty}}}")

    def limits(self, service: Service) -> None:
        limits = self.case.limits
        said = {"--memory": limits.memory, "--pids-limit": limits.processes, "--cpus": limits.cpus}
        missing = [name for name in said if not any(flag.name == name for flag in service.flags)]
        if self.case.kept("DC901") or not missing:
            return
        made = change(self.case.rules["DC901"], arguments.LIMITED)
        self.done.append(made)
        self.text += [f"    {line}" for line in comment(made, "#")]
        self.text += [f"    {_LIMITS[name]}: {_quoted(said[name])}" for name in missing]

    def networks(self) -> None:
        """Services reach each other, and nothing else. A network that others made cannot be changed here."""
        if self.case.kept("DC301"):
            return
        made = change(self.case.rules["DC301"], "the services reach each other only")
        self.done.append(made)
        used = {name for one in beside.started(self.case.effective) for name in one.networks} or set()
        external = {one.name for one in self.project.shared if one.kind == "networks" and one.external}
        self.text += [*comment(made, "#"), "networks:"]
        self.text += [f"  {_quoted(name)}: {{internal: true}}" for name in sorted({"default", *used} - external)]

    def of(self, service: Service) -> list[Finding]:
        """What is found at the service."""
        return [one for one in self.case.findings if one.source.layer == "compose" and one.source.name == service.name]

    def add(self, text: str, rule: str, what: str, at: object) -> None:
        origin = getattr(at, "origin", None) or getattr(at, "source", None)
        made = change(self.case.rules[rule], what, origin.where if origin else "")
        self.done.append(made)
        self.text += [f"    {line}" for line in comment(made, "#")]
        self.text.append(f"    {text}")


def _below(source: Source) -> Path:
    """The path in a service; before it stand `services` and its name."""
    return source.path[2:]


def _loopback(port: Port) -> str:
    open_to_all = port.address in arguments.EVERYWHERE
    return f"127.0.0.1:{port.outside}:{port.inside}" if open_to_all else port.raw


def _is_short(name: str) -> bool:
    """Whether an option has a place in the short form of a volume."""
    return name in ("z", "Z", "cached", "delegated", "consistent", "nocopy", "U", "rw", "ro")


def _target(text: str) -> str:
    parts = runvalues.parts(text)
    return posixpath.normpath(parts[1] if len(parts) > 1 else parts[0])


def _project_name(case: Case) -> str:
    """Another project than the team's own: Compose finds running containers by this name."""
    import re

    name = re.sub(r"[^a-z0-9_-]", "", os.path.basename(case.effective.folder).lower()).lstrip("_-")
    return f"{name or 'project'}-paddock"


def _quoted(text: object) -> str:
    import json

    return json.dumps(str(text))
