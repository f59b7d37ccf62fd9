"""The run flags of a hardened configuration. Flags are replaced, never added beside another one: podman refuses a
second network and a second mount of one target.

What is kept is what is known to be harmless; an engine has some two hundred flags, and new ones with each version.
"""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts.mounts import is_copied
from paddock.devcontainer import mounts, runflags, runvalues
from paddock.devcontainer.merging import DEFAULT
from paddock.frozen import replace
from paddock.hardening.case import NUMERIC_USER
from paddock.hardening.changes import change, comment, lines, suppression
from paddock.hardening.mounting import resolved
from paddock.hardening.sheet import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.checking.findings import Finding
    from paddock.devcontainer.model import Flag, Mount
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change
    from paddock.hardening.draft import Draft
    from paddock.hardening.workspace import Guard

_HARMLESS = frozenset(
    "add-host arch blkio-weight cgroupns cpu-period cpu-quota cpu-shares cpus cpuset-cpus cpuset-mems "  # noqa: SIM905
    "device-read-bps device-read-iops device-write-bps device-write-iops entrypoint env expose gidmap group-add "
    "health-cmd health-interval health-retries health-start-period health-timeout hostname http-proxy init interactive "
    "ipc label log-driver memory memory-reservation memory-swap memory-swappiness no-healthcheck oom-score-adj os pid "
    "pids-limit platform publish pull read-only read-only-tmpfs rm runtime shm-size stop-signal stop-timeout sysctl "
    "timeout tty tz uidmap ulimit umask unsetenv user userns uts variant workdir".split()
)
# podman: "conflicting options: dns and the network mode: none"; a way to a network has no meaning without one.
_OF_NETWORKS = frozenset(
    ("dns", "dns-option", "dns-search", "ip", "ip6", "link", "link-local-ip", "mac-address", "network-alias")
)
_MOUNTS = {"--volume": runvalues.volume, "--mount": mounts.of_text, "--tmpfs": runvalues.tmpfs}
_BY_RULE = {
    "--privileged": "DC201",
    "--cap-add": "DC202",
    "--device": "DC206",
    "--gpus": "DC206",
    "--publish-all": "DC303",
}
_NAMESPACES = ("--pid", "--ipc", "--uts", "--cgroupns", "--userns")
_OWN = re.compile(r"private|none|shareable|(keep-id|auto|nomap)(:.*)?")  # podman-run(1)
LIMITED = "memory, processes and processors are limited"
EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104 - it is what is looked for
_LIMITS = {
    "--memory": ("--memory",),
    "--pids-limit": ("--pids-limit",),
    "--cpus": ("--cpus", "--cpu-quota", "--cpuset-cpus", "--cpu-period"),
}


def harden(case: Case, draft: Draft, guards: Sequence[Guard], held: frozenset[str]) -> list[Change]:
    """The flags of the file, without what is dangerous, and then what is missing."""
    one = _Arguments(case, draft, tuple(guard.flag for guard in guards if guard.flag), held)
    one.keep_what_may_stay()
    one.add_what_is_missing(guards)
    draft.replace_items("runArgs", one.parts, one.waiting)
    return one.done


class _Arguments:
    """The list on its way."""

    def __init__(self, case: Case, draft: Draft, ours: tuple[str, ...], held: frozenset[str]) -> None:
        self.case = case
        self.draft = draft
        self.ours = ours
        self.held = held
        self.parts: list[Part] = []
        self.waiting: list[str] = []  # comments about what went, until the next flag
        self.done: list[Change] = []

    def keep_what_may_stay(self) -> None:
        words = [replace(one, value=one.raw or one.value) for one in self.case.file.run_args]
        parsed = runflags.parse(words)
        for flag in parsed.flags:
            self.one(flag)
        if any(flaw.code == "no-flag" for flaw in parsed.flaws):
            self.gone("DC808", "the words after the first one that is no flag are taken away")
        cell = self.draft.at(("runArgs",))
        self.waiting += cell.after if cell else []

    def one(self, flag: Flag) -> None:
        """One flag: it stays, changes, or goes."""
        if flag.name in _MOUNTS:
            self.mount(flag)
        elif flag.name in ("--network", "--cap-drop", "--security-opt"):
            self.replaced(flag)
        else:
            self.any_other(flag, self.case.at(flag.origin))

    def any_other(self, flag: Flag, found: Finding | None) -> None:
        if flag.name == "--user" and found and found.rule == "DC207":
            return  # the user is said by properties
        name, shown = flag.name.removeprefix("--"), f"{_shown(flag, self.case)} is taken away"
        rule = _BY_RULE.get(flag.name) or (found.rule if found and _about_flag(found.rule) else "")
        if rule == "DC303" and flag.name == "--publish":
            self.published(flag)
        elif rule and not self.case.kept(rule):
            self.gone(rule, shown, flag)
        elif flag.name in _NAMESPACES and not _OWN.fullmatch(flag.value or "") and not self.case.kept("DC205"):
            self.gone("DC205", shown, flag)
        elif name in _OF_NETWORKS and not self.case.kept("DC301"):
            self.gone("DC301", f"{shown}: there is no network", flag)
        elif name in _HARMLESS or rule or self.case.kept("DC808") or self.reasons(flag):
            self.keep(flag)
        else:
            self.gone("DC808", shown, flag)

    def reasons(self, flag: Flag) -> list[str]:
        """Why the person keeps it, by each of the rules that find it."""
        rules = {one.rule for one in self.case.findings if one.source == flag.origin}
        return [suppression(one) for one in self.case.keeps if one.rule in rules]

    def replaced(self, flag: Flag) -> None:
        """What the hardened file says itself. That stays where it stands."""
        case, value = self.case, flag.value or ""
        if flag.name == "--network":
            if value == "none" or (case.kept("DC301") and case.at(flag.origin) is None):
                self.keep(flag)
            elif (found := case.at(flag.origin)) and found.rule == "DC205":
                self.gone("DC205", f"--network={value} is taken away", flag)
        elif flag.name == "--cap-drop":
            if value.upper() == "ALL" or case.kept("DC209"):
                self.keep(replace(flag, value=value.upper()))
        else:
            option = runvalues.security_option(value, flag.origin)
            rule = of_security_option(option)
            if rule and not case.kept(rule):
                self.gone(rule, f"{value} is taken away", flag)
            elif not option.no_new_privileges or case.kept("DC210"):
                self.keep(flag)

    def mount(self, flag: Flag) -> None:
        mount: Mount = _MOUNTS[flag.name](flag.value or "", flag.origin)
        if posixpath.normpath(mount.target) in self.held and f"{flag.name}={flag.value}" not in self.ours:
            return  # podman refuses a second mount of one target
        found = None if is_copied(mount) else resolved(self.case, mount)
        if found is None:
            self.keep(flag)
        elif not found[0]:
            self.said(found[1])
        else:
            self.said(found[1])
            self.keep(replace(flag, name="--mount", value=found[0]))

    def published(self, flag: Flag) -> None:
        made = loopback(flag.value or "", self.case, flag.origin.where)
        if made:
            self.said(made[1])
            flag = replace(flag, value=made[0])
        self.keep(flag)

    def keep(self, flag: Flag) -> None:
        text = flag.name if flag.value is None else f"{flag.name}={flag.value}"
        cell = self.draft.at(flag.origin.path)
        remarks = [*(cell.remarks if cell else []), *self.waiting]
        remarks += [one for one in self.reasons(flag) if one not in remarks]
        self.waiting = []
        if text not in [one.value for one in self.parts]:
            self.parts.append(Part(text, None, tuple(remarks)))

    def gone(self, rule: str, what: str, flag: Flag | None = None) -> None:
        self.said(change(self.case.rules[rule], what, flag.origin.where if flag else ""))

    def said(self, made: Change) -> None:
        self.done.append(made)
        self.waiting += comment(made)

    def add_what_is_missing(self, guards: Sequence[Guard]) -> None:
        case = self.case
        if not case.kept("DC209"):
            self.add("--cap-drop=ALL", change(case.rules["DC209"], "all capabilities are dropped"))
        if not case.kept("DC301"):
            self.add("--network=none", change(case.rules["DC301"], "there is no network"))
        if not case.kept("DC901"):
            self.limits()
        if case.engine == "podman" and not self.has("--userns", "--uidmap") and _numeric(case, self.draft):
            # podman-run(1), --userns=keep-id
            self.waiting += lines(f"DC207 root-user: the person's own files belong to {NUMERIC_USER} inside.")
            self.add(f"--userns=keep-id:uid={NUMERIC_USER},gid={NUMERIC_USER}", None)
        for guard in guards:
            if guard.flag:
                self.add(guard.flag, guard.made)

    def limits(self) -> None:
        limits = self.case.limits
        said = {"--memory": limits.memory, "--pids-limit": limits.processes, "--cpus": limits.cpus}
        missing = [f"{name}={value}" for name, value in said.items() if not self.has(*_LIMITS[name])]
        for number, text in enumerate(missing):
            made = (
                change(self.case.rules["DC901"], "memory, processes and processors are limited") if not number else None
            )
            self.add(text, made)

    def has(self, *names: str) -> bool:
        return any(str(one.value).partition("=")[0] in names for one in self.parts)

    def add(self, text: str, made: Change | None) -> None:
        """One flag of ours, unless it is there."""
        if text not in [one.value for one in self.parts]:
            if made:
                self.said(made)
            self.parts.append(Part(text, None, tuple(self.waiting)))
            self.waiting = []


def _about_flag(rule: str) -> bool:
    """Whether a rule's finding at a flag is mended by taking it away. Others say that something is missing."""
    return rule[:3] in ("DC1", "DC2", "DC3", "DC4", "DC7", "DC9") and rule not in ("DC901", "DC207")


def _shown(flag: Flag, case: Case) -> str:
    """A flag without what may be a secret."""
    hidden = flag.name in ("--env", "--env-file") or any(
        one.source == flag.origin and case.rules[one.rule].secret for one in case.findings
    )
    return flag.name if hidden or flag.value is None else f"{flag.name}={flag.value}"


def _numeric(case: Case, draft: Draft) -> bool:
    cell = draft.at(("remoteUser",))
    return cell is not None and cell.scalar == NUMERIC_USER and not case.kept("DC207")


def of_security_option(option: runvalues.SecurityOption) -> str:
    """The rule against an option; empty for what only takes away. Another profile may allow what the usual one does
    not: which it is nobody can see here.
    """
    if option.no_new_privileges or option.name == "mask":
        return ""
    return {"seccomp": "DC203", "no-new-privileges": "DC212"}.get(option.name, "DC204")


def loopback(text: str, case: Case, where: str) -> tuple[str, Change] | None:
    """A published port on the loopback address; None where it is not open to others, or kept so."""
    port = runvalues.published(text, DEFAULT)
    if port.address not in EVERYWHERE or case.kept("DC303"):
        return None
    outside = port.outside or port.inside.partition("/")[0]
    made = f"127.0.0.1:{outside}:{port.inside}"
    return made, change(case.rules["DC303"], f"the port {text} is published on 127.0.0.1 only", where)
