"""The landlock boundary: for machines that refuse user namespaces. Pure: a plan becomes rules, words and gaps.

There is no view of files of its own here: the command sees the host's paths and may open only what a rule names.
Signals, memory and TCP of others are closed by Landlock, sockets and shared memory by the system-call filter.
What neither can hold is a gap with a name. Two doors are closed unless somebody opens them by accepting their
gap, since some programs need them: `ipc-isolation` (/dev/shm) and `unix-sockets`.
"""

from __future__ import annotations

from paddock.boundary.base import Gap
from paddock.boundary.limits import divide
from paddock.frozen import frozen
from paddock.kernel.landlock import EXECUTE, IOCTL_DEV, READ, READ_FILE, TRUNCATE, WRITE, WRITE_FILE, Rule
from paddock.plan.environment import COMPILED
from paddock.plan.paths import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.boundary.limits import Division
    from paddock.kernel.seccomp import Machine, Profile, Sockets
    from paddock.plan.model import Mount, Plan

IPC, UNIX_SOCKETS = "ipc-isolation", "unix-sockets"

# Not /dev/ptmx and /dev/pts: the host's terminals are there.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
# Node asks /proc/self for its memory and fails without; no rule can name "self", so /proc is open as a whole, and
# the gap `process-visibility` says so. /sys is not: only what C libraries and allocators read.
MACHINE_FACTS = ("/proc", "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage/enabled")

# Elsewhere missing, here denied, which some programs take for a broken machine (pip reads debian_version).
DISTRIBUTION = ("/etc/debian_version", "/etc/lsb-release", "/etc/redhat-release")

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the host's, opened only where that gap is accepted

# Landlock ABIs, see paddock.kernel.landlock.
_TRUNCATE, _SCOPES = 3, 6
_SHOWN = 3  # paths named in a gap

_USE = READ | EXECUTE
_OWN = READ | EXECUTE | WRITE


@frozen
class Facts:
    """What must be known of the machine. `tasks`: threads that the caller has already, of all programs together."""

    abi: int
    machine: Machine
    as_root: bool
    tasks: int = 0
    controllers: tuple[str, ...] = ()


@frozen
class LandlockProfile:
    """All that a confined command is. `together` is for a control group, `limits` for each process.

    `directories`, `links` (path, where to) and `files` (path, content) are to be made before the start, in the
    sandbox's own directory.
    """

    abi: int
    machine: Machine
    rules: tuple[Rule, ...]
    sockets: Sockets
    syscalls: Profile
    directories: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, int], ...]
    together: tuple[tuple[str, float], ...]
    argv: tuple[str, ...]
    cwd: str


def compile(plan: Plan, facts: Facts, directory: str) -> LandlockProfile:  # noqa: A001 - the design's word
    """The profile of a plan. `directory` is the sandbox's own, empty, and nobody else's; it holds HOME and /tmp.

    A plan with gaps compiles: whether it may run is decided before, from `gaps`.
    """
    home, temporary, runtime = (f"{directory}/{name}" for name in ("home", "tmp", "run"))
    links, files = _in_home(plan, home)
    division = divide(plan, facts.controllers)
    rules = [
        *_workspace(plan),
        *(
            Rule(m.source, _rights(m))
            for m in plan.mounts
            if m.source == m.target or within(m.target, plan.person.home)
        ),
        *(Rule(f.target, READ_FILE, optional=True) for f in plan.files if within(f.target, "/etc")),
        *(Rule(path, READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV) for path in DEVICES),
        *(Rule(path, READ, optional=True) for path in (*MACHINE_FACTS, *DISTRIBUTION)),
        *(Rule(path, _OWN) for path in (home, temporary, runtime)),
    ]
    if IPC in plan.boundary.accepted_gaps:
        rules.append(Rule(_SHARED_MEMORY, READ | WRITE))
    return LandlockProfile(
        abi=facts.abi,
        machine=facts.machine,
        rules=tuple(sorted(set(rules), key=lambda rule: (rule.path, rule.rights))),
        sockets="unix" if UNIX_SOCKETS in plan.boundary.accepted_gaps else "none",
        syscalls="debug" if plan.syscalls == "debug" else "default",
        directories=tuple(sorted({home, temporary, runtime, *_parents((*links, *files), home)})),
        links=tuple(sorted(links.items())),
        files=tuple(sorted(files.items())),
        environment=_environment(plan, home, temporary, runtime),
        limits=_limits(division, facts, plan),
        together=tuple(sorted(division.together.items())),
        argv=plan.command,
        cwd=plan.cwd,
    )


def gaps(plan: Plan, facts: Facts) -> tuple[Gap, ...]:
    """What of this plan cannot be kept, on this machine, in the order in which it matters."""
    division = divide(plan, facts.controllers)
    return (
        *_hopeless(plan, facts),
        *_of_the_plan(plan),
        *_of_old_kernels(facts.abi),
        *division.gaps,
        *_processes(plan, facts),
        *(gap for gap in _OPENED if gap.name in plan.boundary.accepted_gaps),
        *_ALWAYS,
    )


_ALWAYS = (
    Gap(
        "process-visibility",
        "the host's processes do not exist inside",
        "there are no namespaces: the command lines of the host's processes can be read, with the machine's name and "
        "what /proc tells of its keys, interfaces and control groups, and the scheduling of your own changed; their "
        "memory, environment and open files stay closed",
    ),
    Gap(
        "metadata",
        "files outside are out of reach altogether",
        "Landlock guards contents and names in directories, but not stat, chmod, chown, times, extended attributes "
        "and inotify: modes of your own files anywhere can be seen and changed",
    ),
    Gap(
        "survivors",
        "nothing outlives the sandbox, by the kernel's own hand",
        "a process of Paddock ends what the command leaves behind; if that one is killed with SIGKILL, daemons stay",
    ),
    Gap(
        "private-paths",
        "HOME, /tmp and /etc have their usual paths and contents of their own",
        "without a mount namespace HOME and the temporary directory lie elsewhere (as HOME, TMPDIR and XDG_* say), "
        "without a limit on size; /tmp itself is closed, files in /etc are the host's, moved mounts are left out",
    ),
)

_OPENED = (
    Gap(IPC, "the host's shared memory is out of reach", f"{_SHARED_MEMORY} is open, since this gap is accepted"),
    Gap(
        UNIX_SOCKETS,
        "the host's services are out of reach",
        "UNIX sockets are open, since this gap is accepted: those of Docker, D-Bus (systemd-run) and ssh-agent "
        "are a way out, except from kernel 7.1 on (Landlock ABI 9)",
    ),
)


def _hopeless(plan: Plan, facts: Facts) -> Iterator[Gap]:
    if facts.as_root:
        yield Gap(
            "root",
            "the command does not run as the host's root",
            "without a user namespace root stays root, and Landlock leaves root many ways out",
            "run paddock as an ordinary user",
            acceptable=False,
        )
    if plan.workspace.mode in ("review", "scratch"):
        yield Gap(
            "workspace-review",
            f"changes are held ({plan.workspace.mode})",
            "without a mount namespace there is no copy-on-write view of the repository",
            "--workspace live or --workspace readonly",
            acceptable=False,
        )
    if plan.network.mode != "off":
        yield Gap(
            "network-destinations",
            "only the listed names can be reached",
            "Landlock knows ports but no destinations",
            "--net off",
            acceptable=False,
        )

    if plan.network.published:
        yield Gap(
            "published-ports",
            "ports inside are reachable from this machine",
            "there is no network of its own, and with the network off nothing can listen",
            "leave --publish out",
            acceptable=False,
        )


def _of_the_plan(plan: Plan) -> Iterator[Gap]:
    if plan.canaries:
        yield Gap(
            "canaries",
            "false credentials lie where thieves look",
            "without a mount namespace they would have to be put into your own files",
            "take canaries out of [workspace]",
        )
    if plan.workspace.masks:
        names = ", ".join(mask.target for mask in plan.workspace.masks[:_SHOWN])
        more = ", …" if len(plan.workspace.masks) > _SHOWN else ""
        yield Gap(
            "masked-files",
            f"masked files are seen empty ({names}{more})",
            "Landlock cannot deny a file inside an allowed directory",
            "move the files out of the repository",
        )
    inside = [m.target for m in plan.mounts if m.access == "read" and within(m.target, plan.workspace.source)]
    if plan.workspace.mode == "live":
        named = f", {', '.join(inside[:_SHOWN])}" if inside else ""
        yield Gap(
            "live-protection",
            f"in mode live .git/hooks and other files that the host runs later stay as they are{named}",
            "Landlock cannot deny a file inside an allowed directory; what is changed is put back when it is found",
            "--workspace readonly",
        )


def _of_old_kernels(abi: int) -> Iterator[Gap]:
    if abi < _SCOPES:
        yield Gap(
            "host-signals",
            "the host's processes cannot be signalled",
            f"Landlock keeps signals inside from ABI 6 on (kernel 6.12), this kernel has {abi}: the command can kill "
            "every process of yours, the one that ends its own leftovers included",
        )
    if abi < _TRUNCATE:
        yield Gap(
            "truncate",
            "files outside cannot be changed",
            f"Landlock guards truncate(2) from ABI 3 on (kernel 6.2), this kernel has {abi}: every file that you can "
            "write can be emptied",
        )


def _processes(plan: Plan, facts: Facts) -> Iterator[Gap]:
    limit = plan.limit("processes")
    if limit and limit.origin.kind != "built-in" and "pids" not in facts.controllers:
        yield Gap(
            "process-total",
            f"at most {limit.value:g} processes in the sandbox ({limit.origin})",
            "without a control group or a user namespace the kernel counts all processes of the user together",
        )


def _workspace(plan: Plan) -> Iterator[Rule]:
    # INVARIANT FS-01: what holds no changes back gets no rights to make them.
    yield Rule(plan.workspace.source, _OWN if plan.workspace.mode == "live" else _USE)


def _rights(mount: Mount) -> int:
    return _OWN if mount.access == "write" else _USE


def _in_home(plan: Plan, home: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the plan shows below HOME, as links and files in the private one.

    Never something inside what is a link already: that would be made on the host.
    """
    links: dict[str, str] = {}
    inside = [mount for mount in plan.mounts if within(mount.target, plan.person.home)]
    for mount in sorted(inside, key=lambda mount: (mount.target.count("/"), mount.target)):
        path = home + mount.target[len(plan.person.home.rstrip("/")) :]
        if path != home and not any(within(path, link) for link in links):
            links[path] = mount.source
    files = {}
    for file in plan.files:
        path = home + file.target[len(plan.person.home.rstrip("/")) :]
        taken = any(within(path, link) or within(link, path) for link in links)
        if within(file.target, plan.person.home) and not taken:
            files[path] = file.content
    return links, files


def _parents(paths: tuple[str, ...], home: str) -> Iterator[str]:
    for path in paths:
        parent = path.rpartition("/")[0]
        while within(parent, home) and parent != home:
            yield parent
            parent = parent.rpartition("/")[0]


def _environment(plan: Plan, home: str, temporary: str, runtime: str) -> tuple[tuple[str, str], ...]:
    variables = {variable.name: variable.value for variable in plan.environment}
    variables |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), temporary)
    if COMPILED in variables:
        variables[COMPILED] = f"{temporary}/pycache"
    variables |= {
        "GIT_CONFIG_NOSYSTEM": "1",  # /etc/gitconfig is there and denied, which git takes for a broken machine
        "HOME": home,
        "XDG_CACHE_HOME": f"{home}/.cache",
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_DATA_HOME": f"{home}/.local/share",
        "XDG_STATE_HOME": f"{home}/.local/state",
        "XDG_RUNTIME_DIR": runtime,
    }
    return tuple(sorted(variables.items()))


def _limits(division: Division, facts: Facts, plan: Plan) -> tuple[tuple[str, int], ...]:
    limits = dict(division.per_process)
    processes = plan.limit("processes")
    if processes:
        # The kernel counts all threads of the user: allow as many more as the plan says.
        limits["processes"] = facts.tasks + int(processes.value)
    return tuple(sorted(limits.items()))
