"""What a plan promises about each probe: that it fails, that it succeeds, or nothing.

The one place where expectations are. A policy that allows something turns a probe round, and the answer names the
line; a gap that was accepted takes a promise back, and the answer names the gap.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.plan.matching import decide
from paddock.plan.model import Rule
from paddock.probes import permitted
from paddock.probes.inside.network import ALLOWED, HOST, NAMED, OTHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Literal

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe

    Ports = Mapping[str, int]
    Turn = Callable[[Plan | None, Probe, Ports], "Expectation | None"]

_SHOWN = 5  # rules in a reason
_NONE: Ports = {}
BY_NAME = (ALLOWED, OTHER)  # what is tried by the policy's own word for this machine
PUBLISHED = "NW-44 published-ports"
ROUTES = "NW-04 no-default-route"

# What gVisor's kernel answers by itself, whatever the container's is.
_GUESTS = {
    **dict.fromkeys(("FS-33 every-mount-flags", "FS-33 ws-mount-flags"), "gVisor shows flags of its own mounts"),
    **dict.fromkeys(("PK-45 dev-nodes", "PK-46 dev-kvm"), "gVisor's devices are its own, and lead to no driver here"),
    **dict.fromkeys(("RS-15 oom-score", "RS-16 own-priority"), "gVisor orders its own processes, and none of here"),
    "RS-02 memory-of-one": "gVisor counts no process's memory; a limit ends the whole sandbox, or is a gap",
}


@frozen
class Expectation:
    """`word` is "fails" (the attack does), "works" (what the policy allows, or what must go on), "open" or "void".

    "open" is what nobody promised, "void" what makes no sense with this plan, such as a question to the gateway where
    there is none. `why` is for all but "fails": the policy's line, the gap, or what is not promised.
    `only` are the paths or names that may be reached, where it is not all or none.
    """

    word: Literal["fails", "works", "open", "void"]
    why: str = ""
    only: tuple[str, ...] = ()

    def permits(self, reached: str) -> bool:
        """Whether the plan lets this be reached: `reached` is what a probe says, such as "read /srv/notes"."""
        if not self.only:
            return self.word in ("works", "open")
        what = reached.partition(" ")[2] or reached
        return any(what == name or what.startswith(f"{name}/") for name in self.only)


@frozen
class Promise:
    """One promise: its sentence, the gaps that take it back, and what of a plan turns it round."""

    sentence: str
    gaps: tuple[str, ...] = ()
    turn: Turn | None = None


# What an engine inside needs, and no more than that.
NESTING = frozenset([
    "PK-12 nested-userns-unshare", "PK-12 nested-userns-clone", "PK-12 namespaces-refused-unheard",
    "PK-21 mounts-refused-unheard",
])  # fmt: skip

FAILS, WORKS = Expectation("fails"), Expectation("works")


def _network(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:
    """A rule for `host` may be for the very port that a probe tries; a published port is reached on purpose."""
    if plan is None:
        return None
    if probe.id in BY_NAME:
        rule = decide(plan.network, HOST, ports.get(probe.id, 0)) if plan.network.mode == "allow" else None
        return _allowed([rule]) if isinstance(rule, Rule) else None
    if probe.id == ROUTES and plan.boundary.use == "landlock":
        return Expectation("open", "Landlock makes no network of its own; it refuses sockets instead")
    if probe.id == PUBLISHED:
        shown = [f"port {it.inside} inside at 127.0.0.1:{it.outside} ({it.origin})" for it in plan.network.published]
        return Expectation("works", _listed(shown)) if shown else Expectation("void", "the policy publishes no port")
    return None


def _gateway(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:
    """Where there is no gateway, questions to it make no sense."""
    if plan is None:
        return Expectation("void", "about Paddock's gateway, which another sandbox does not have")
    if plan.network.mode == "off":
        return Expectation("void", f"the plan has no network ({plan.network.origin})")
    if probe.id == NAMED:
        rules = [rule for rule in plan.network.rules if (rule.host, rule.port) != (HOST, ports.get(ALLOWED))]
        return _allowed(rules) if rules else Expectation("void", "the policy names no host")
    if ALLOWED in ports and not isinstance(decide(plan.network, HOST, ports[ALLOWED]), Rule):
        return Expectation("void", f"the policy does not let {HOST} be reached, and so none of its services")
    return None


def _allowed(rules: Iterable[Rule]) -> Expectation:
    """Reached because of these lines."""
    return Expectation("works", _listed([f"{it.host}:{it.port}{_wider(it)} ({it.origin})" for it in rules]))


def _wider(rule: Rule) -> str:
    return " in private networks too" if rule.private and rule.host != HOST else ""


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"reachable, as the policy says: {', '.join(texts[:_SHOWN])}{more}"


def _ours(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:  # noqa: ARG001 - the table's shape
    """What other sandboxes may keep by other means, a kernel of their own for one."""
    return Expectation("open", "other sandboxes may do without") if plan is None else None


def _tracing(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:
    if plan and plan.syscalls == "debug":
        return Expectation("works", f'syscalls = "debug" ({plan.syscalls_origin})')
    return _ours(plan, probe, ports)


def _limit(name: str) -> Turn:
    """Without a limit in the plan, its use is nobody's promise."""

    def turn(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:  # noqa: ARG001
        if plan is None or plan.limit(name) is not None:
            return None
        line = next((f'limits.{name} = "none" ({it.origin})' for it in plan.lifted if it.name == name), "")
        return Expectation("open", line or f"the plan has no limit of this kind: limits.{name}")

    return turn


def _workspace(plan: Plan | None, probe: Probe, ports: Ports) -> Expectation | None:  # noqa: ARG001
    if plan is None:
        return Expectation("open", "another sandbox may be meant to write the repository itself")
    if plan.workspace.mode == "live":
        return Expectation("open", f'workspace.mode = "live" ({plan.workspace.origin})')
    return None


def _reviewed(plan: Plan | None, probe: Probe, *_: object) -> Expectation | None:  # noqa: ARG001 - the table's shape
    """What is merely written runs nothing yet: other sandboxes leave it to the person to look."""
    return Expectation("open", "another sandbox may be meant to write the repository itself") if plan is None else None


# In mode live a change is there before anybody has looked; what is found at once, or at the end, is moved out.
_LIVE = ("live-hazards-window", "live-protection")
PROMISES: Mapping[str, Promise] = {
    "outside": Promise("what is outside the workspace cannot be read or written", ("metadata",), permitted.files),
    "masks": Promise("masked files are seen as empty", ("masked-files",)),
    "workspace": Promise("the repository on disk stays as it is until somebody applies", (), _workspace),
    "links": Promise("a file's names outside the repository keep what they had", ("hard-links",)),
    "private": Promise("temporary directories are the sandbox's own", ("private-paths",), permitted.files),
    "temporary": Promise("the host's temporary files cannot be read", (), permitted.files),
    "shared-memory": Promise("the host's shared memory cannot be read", ("ipc-isolation",), permitted.files),
    "writing": Promise("the workspace is changed inside only where the policy's mode has it", (), permitted.writing),
    "descriptors": Promise("nothing that the caller has open is inherited"),
    "view": Promise("the view of the file system is made for the sandbox", ("private-paths",)),
    "mounts": Promise("the file-system view cannot be changed from inside"),
    "processes": Promise("other processes cannot be touched, nor their memory read"),
    "signals": Promise("other processes cannot be signalled", ("host-signals",)),
    "visibility": Promise(
        "other processes, and the machine's tables in /proc, cannot be seen", ("process-visibility",)
    ),
    "namespaces": Promise("the sandbox has namespaces and a name of its own", ("process-visibility",), _ours),
    "hardening": Promise("the boundary's second line is there: no_new_privs, a filter", (), _ours),
    "tracing": Promise("programs inside cannot look into each other's memory", (), _tracing),
    "ipc": Promise("shared memory, queues and keys of the host are not there", ("ipc-isolation",)),
    "kernel-surface": Promise("the kernel's risky calls are refused"),
    "privileges": Promise("there are no privileges inside, and none can be gained"),
    "devices": Promise("only harmless devices exist"),
    "terminal": Promise("the caller's terminal cannot be written to or read"),
    "network": Promise("nothing is reached but what the policy names", ("network-destinations",), _network),
    "gateway": Promise("what the policy names is reached by that name only", (), _gateway),
    "sockets": Promise("no service of the host is reached through a socket", ("unix-sockets", "host-sockets")),
    "environment": Promise("no secret and no handle comes in by the environment", (), permitted.variables),
    "credentials": Promise("no credential of the person's is readable", (), permitted.files),
    "secrets": Promise("a secret that stays outside reaches its own service, and no other place"),
    "later": Promise("nothing is left that the host would run", _LIVE),
    "held": Promise("in mode live, what the host obeys keeps its name and its content", ("live-protection",)),
    "review": Promise(
        "what the host would run, trust or be steered by is held for a person, by its name", _LIVE, _reviewed
    ),
    "policy": Promise("only the person's own word loosens anything"),
    "closed": Promise("where the sandbox cannot be made as promised, nothing runs"),
    "approval": Promise("what needs a person's word does not go on without it"),
    "shown": Promise("what is shown of the inside steers no terminal"),
    "verdicts": Promise("what is printed inside makes no verdict"),
    "packages": Promise("a package reaches no more than anything else inside"),
    "limits": Promise("nothing inside comes before the person's own programs"),
    "process-limit": Promise("processes end where the plan says", (), _limit("processes")),
    "memory-limit": Promise("memory ends where the plan says", ("memory-total",), _limit("memory")),
    "processor-limit": Promise("processors' time ends where the plan says", ("cpu-total",), _limit("cpus")),
    "open-files-limit": Promise("open files end where the plan says", (), _limit("open_files")),
    "file-limit": Promise("a file's size ends where the plan says", (), _limit("file_size")),
    "time-limit": Promise("the time of all processes ends where the plan says", (), _limit("wall")),
    "private-sizes": Promise("private directories end where a part of the memory does", ("private-paths",)),
    "end": Promise("nothing lives on, and nothing is left behind"),
    "own-files": Promise("Paddock's own files are out of reach"),
    "record": Promise("what was decided is on record, out of reach and whole"),
    "registries": Promise("young and unknown packages do not install"),
    "work": Promise("ordinary work goes on"),
    "facts": Promise("what was found, for the report"),
}


def expect(probe: Probe, plan: Plan | None, gaps: tuple[str, ...] = (), ports: Ports = _NONE) -> Expectation:
    """What to expect of a probe. Without a plan (another sandbox) every attack should fail and all work should go on.

    `gaps` are those that were accepted for this run, `ports` the host's listeners by the probe that looks for each.
    """
    if plan and plan.nested and probe.id in NESTING:
        return Expectation("works", f"nested = true ({plan.nested_origin})")
    promise = PROMISES[probe.promise]
    turned = promise.turn(plan, probe, ports) if promise.turn else None
    if probe.kind == "work":
        return turned if turned and turned.word == "void" else WORKS
    if probe.kind == "depends":
        return Expectation("open", "a fact, not a promise")
    if plan and "gvisor" in (plan.boundary.use, plan.boundary.minimum) and probe.id in _GUESTS:
        return Expectation("open", _GUESTS[probe.id])
    open_gaps = [gap for gap in promise.gaps if gap in gaps]
    if open_gaps:
        return Expectation("open", f"gap {open_gaps[0]}, which was accepted")
    return turned or FAILS
