"""What a second compose file says of one service: what it takes away, and what it adds."""

from __future__ import annotations

import os
import posixpath

from paddock.checking.facts import mounts as facts
from paddock.devcontainer import runvalues
from paddock.frozen import replace
from paddock.hardening import arguments
from paddock.hardening.arguments import of_security_option
from paddock.hardening.changes import change, comment
from paddock.hardening.mounting import resolved
from paddock.hardening.workspace import COMMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.findings import Finding
    from paddock.devcontainer.model import Mount, Port
    from paddock.devcontainer.service import Project, Service
    from paddock.devcontainer.source import Path, Source
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change

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
_LIFTED = ("-1", "0", "unlimited")


class Services:
    """The services on their way: lines of YAML, whose scalars are those of JSON, and the changes that they are."""

    def __init__(self, case: Case, project: Project, mapped: str) -> None:
        """`mapped` is the user namespace of the named service, empty for the engine's own way."""
        self.case = case
        self.project = project
        self.mapped = mapped
        self.done: list[Change] = []
        self.text = ["services:"]

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
        self.text.append(f"  {quoted(service.name)}:")
        before = len(self.text)
        self.rights(service, own=own)
        self.resets(service)
        self.network(service)
        self.volumes(service, more)
        self.ports(service)
        self.variables(service)
        if own:
            self.limits(service)
            self.user(service)
        if len(self.text) == before:
            self.text[-1] += " {}"

    def rights(self, service: Service, *, own: bool) -> None:
        """Privileges, capabilities and security options."""
        case = self.case
        if service.privileged and service.privileged.value and not case.kept("DC201"):
            self.add(
                "privileged: false", "DC201", f"service {service.name} is not privileged", service.privileged.origin
            )
        if service.cap_add and not case.kept("DC202"):
            names = ", ".join(one.value for one in service.cap_add)
            self.add(
                "cap_add: !reset []",
                "DC202",
                f"service {service.name} gets no capability {names}",
                service.cap_add[0].origin,
            )
        dropped = any(flag.name == "--cap-drop" and (flag.value or "").upper() == "ALL" for flag in service.flags)
        if own and not dropped and not case.kept("DC209"):
            self.add('cap_drop: ["ALL"]', "DC209", "all capabilities are dropped", None)
        options = [runvalues.security_option(one.value, one.origin) for one in service.security_opt]
        wrong = [one for one in options if (rule := of_security_option(one)) and not case.kept(rule)]
        for one in wrong[:1]:
            kept = [it.raw for it in options if it not in wrong and not it.no_new_privileges]
            text = ", ".join(map(quoted, [*kept, "no-new-privileges:true"]))
            rule = of_security_option(one)
            what = f"service {service.name} is without {', '.join(it.raw for it in wrong)}"
            self.add(f"security_opt: !override [{text}]", rule, what, one.origin)
        if not wrong and not any(one.no_new_privileges for one in options) and not case.kept("DC210"):
            what = f"no program of service {service.name} gains rights by being started"
            self.add('security_opt: ["no-new-privileges:true"]', "DC210", what, None)

    def resets(self, service: Service) -> None:
        """Keys that go as a whole."""
        for key, rules in _RESET.items():
            found = [
                one
                for one in self.of(service)
                if one.rule in rules and _below(one.source)[:1] == (key,) and not self.case.kept(one.rule)
            ]
            if found:
                empty = "[]" if key in _LISTS else "{}" if key in ("sysctls", "ulimits", "deploy") else "null"
                what = f"service {service.name}: {key} is taken away: {found[0].message}"
                self.add(f"{key}: !reset {empty}", found[0].rule, what, found[0].source)

    def volumes(self, service: Service, more: list[str]) -> None:
        """All volumes where one must go; else those that are laid over the others, target by target."""
        case, kept, over = self.case, [], [*more]
        gone = False
        for mount in (one for one in service.mounts if _below(one.origin)[:1] == ("volumes",)):
            found = None if facts.is_workspace(mount, case.effective) else resolved(case, mount)
            if found is None or mount.kind == "volume":
                kept.append(self.short(mount))
                continue
            self.say(found[1])
            if found[0]:
                over.append(f"{self.short(mount, read_only=True)}")
            gone = gone or not found[0]
        over += self.guarded(service)
        targets = {_target(one) for one in over}
        listed = [*(one for one in kept if _target(one) not in targets), *over] if gone else over
        if listed or gone:
            self.text.append(f"    volumes: {'!override ' if gone else ''}[{', '.join(map(quoted, listed))}]")

    def short(self, mount: Mount, *, read_only: bool = False) -> str:
        """A volume in the short form, which every version merges by its target."""
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
                    self.say(made)
                    yield f"{self.relative(posixpath.join(mount.source, name))}:{posixpath.join(mount.target, name)}:ro"

    def ports(self, service: Service) -> None:
        """Published ports, on the loopback address."""
        open_to_all = [one for one in self.of(service) if one.rule == "DC303" and _below(one.source)[:1] == ("ports",)]
        if open_to_all and not self.case.kept("DC303"):
            listed = [_loopback(one) for one in service.ports]
            text = f"ports: !override [{', '.join(map(quoted, listed))}]"
            self.add(text, "DC303", f"service {service.name} publishes on 127.0.0.1 only", open_to_all[0].source)

    def variables(self, service: Service) -> None:
        """Variables that lead out of the container or bring secrets of the host in."""
        found = {
            str(_below(one.source)[1]): one
            for one in self.of(service)
            if one.rule in _VARIABLES and _below(one.source)[:1] == ("environment",) and len(_below(one.source)) > 1
        }
        wanted = {name: one for name, one in found.items() if not self.case.kept(one.rule)}
        for name, one in wanted.items():
            made = change(self.case.rules[one.rule], f"service {service.name}: {name} is empty", one.source.where)
            self.say(made)
        if wanted:
            empty = ", ".join(f'{quoted(name)}: ""' for name in wanted)
            self.text.append(f"    environment: {{{empty}}}")

    def network(self, service: Service) -> None:
        """Any network but the project's own, which is closed. What shares another service's network has that one's."""
        for flag in service.flags:
            value = flag.value or ""
            told = any(_below(one.source)[:1] == ("network_mode",) and one.rule == "DC205" for one in self.of(service))
            closed = value == "none" or value.startswith(("service:", "container:"))
            if flag.name == "--network" and not (told or closed or self.case.kept("DC301")):
                what = f"service {service.name} is in the project's own network"
                self.add("network_mode: !reset null", "DC301", what, flag.origin)

    def limits(self, service: Service) -> None:
        """What it may take, where nothing is said or the limit is lifted."""
        limits = self.case.limits
        said = {"--memory": limits.memory, "--pids-limit": limits.processes, "--cpus": limits.cpus}
        held = {flag.name for flag in service.flags if flag.value not in _LIFTED}
        missing = [name for name in said if name not in held]
        if self.case.kept("DC901") or not missing:
            return
        made = change(self.case.rules["DC901"], arguments.LIMITED)
        self.say(made)
        self.text += [f"    {_LIMITS[name]}: {quoted(said[name])}" for name in missing]

    def user(self, service: Service) -> None:
        """The mapping that podman needs for an ordinary user; the reference CLI makes none with compose."""
        if self.mapped and not any(flag.name == "--userns" for flag in service.flags):
            self.text.append("    # the person's own files belong to the user inside (podman-run(1), --userns)")
            self.text.append(f"    userns_mode: {quoted(self.mapped)}")

    def of(self, service: Service) -> list[Finding]:
        """What is found at the service."""
        return [one for one in self.case.findings if one.source.layer == "compose" and one.source.name == service.name]

    def add(self, text: str, rule: str, what: str, at: Source | None) -> None:
        """A line, with its change above it."""
        self.say(change(self.case.rules[rule], what, at.where if at else ""))
        self.text.append(f"    {text}")

    def say(self, made: Change) -> None:
        """A change, as a comment."""
        self.done.append(made)
        self.text += [f"    {line}" for line in comment(made, "#")]


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


def quoted(text: object) -> str:
    """A scalar of YAML, as JSON has it."""
    import json

    return json.dumps(str(text))
