"""Attacks on the machine itself: its switches, its memory, its log, its devices, and what it tells of itself."""

from __future__ import annotations

import ctypes
import os

from paddock.probes.inside.effects import Given, Skipped, opens, row
from paddock.probes.inside.processes import contents

# Whether there are such files on this machine is the host's to say (`planting/machine`): inside, "missing" is what a
# tight sandbox shows.
_KERNEL = ("modprobe", "core_pattern", "hostname", "randomize_va_space", "usermodehelper/bset")
SWITCHES = (
    *(f"/proc/sys/kernel/{name}" for name in _KERNEL),
    "/sys/kernel/uevent_helper",
    "/proc/sys/fs/binfmt_misc/register",
)
SYSRQ = ("/proc/sysrq-trigger",)
_NET = ("ipv4/ip_forward", "ipv4/conf/all/forwarding", "core/somaxconn", "ipv4/ping_group_range")
NET_SWITCHES = tuple(f"/proc/sys/net/{name}" for name in _NET)
MEMORY = ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port")
TABLES = ("/proc/timer_list", "/proc/sched_debug", "/proc/slabinfo", "/proc/vmallocinfo", "/proc/pagetypeinfo")
FIRMWARE = tuple(
    f"/sys/{name}"
    for name in ("firmware", "kernel/security", "kernel/debug", "kernel/tracing", "kernel/mm", "block", "devices")
)
DEVICES = (
    "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vsock", "/dev/vhost-vsock", "/dev/vhost-net", "/dev/dri/card0",
    "/dev/dri/renderD128", "/dev/input/event0", "/dev/uinput", "/dev/loop-control", "/dev/loop0", "/dev/hpet",
    "/dev/userfaultfd", "/dev/snd/seq", "/dev/video0", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/mapper/control",
)  # fmt: skip
_PLAIN_DEVICES = frozenset(
    "null zero full random urandom tty ptmx pts shm fd core console stdin stdout stderr".split()  # noqa: SIM905
)
_CONTROL_GROUPS = ("release_agent", "notify_on_release", "cgroup.procs", "devices.allow")


def _there(given: Given, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths, if the machine has any of them."""
    if not set(given["there"]).intersection(paths):
        raise Skipped("this machine has none of them")
    return paths


@row("PK-35 kernel-switches")
def switches(given: Given) -> list[str]:
    return opens(*_there(given, SWITCHES), flags=os.O_WRONLY)


@row("PK-36 sysrq")
def sysrq(given: Given) -> list[str]:
    return opens(*_there(given, SYSRQ), flags=os.O_WRONLY)


@row("PK-37 release_agent")
def release_agent(given: Given) -> list[str]:
    """What a control group's directory lets be written: a program to start outside, members, devices, a child."""
    with open("/proc/self/mountinfo", errors="surrogateescape") as file:
        mounted = [line.split()[4] for line in file if line.partition(" - ")[2].startswith("cgroup")]
    found = []
    for directory in mounted[:20]:
        found += opens(*(f"{directory}/{name}" for name in _CONTROL_GROUPS), flags=os.O_WRONLY)
        try:
            os.mkdir(f"{directory}/paddock-probe")
            os.rmdir(f"{directory}/paddock-probe")
            found.append(f"made a group in {directory}")
        except OSError:
            continue
    return found


@row("PK-38 sysctl-net")
def sysctl_net(given: Given) -> list[str]:
    return opens(*_there(given, NET_SWITCHES), flags=os.O_WRONLY)


@row("PK-39 kcore-mem")
def memory(given: Given) -> list[str]:
    return _read_some(_there(given, MEMORY))


def _read_some(paths: tuple[str, ...]) -> list[str]:
    """Which give at least a few bytes."""
    found = []
    for path in paths:
        try:
            with open(path, "rb", buffering=0) as file:
                found += [f"read {path}"] if file.read(16) else []
        except OSError:
            continue
    return found


@row("PK-40 kmsg")
def kernel_log(given: Given) -> list[str]:
    found = opens("/proc/kmsg", "/dev/kmsg")
    try:
        given.syscall("syslog", 3, ctypes.create_string_buffer(64), 64)
        found.append("syslog")
    except OSError:
        pass
    return found


@row("PK-42 proc-keys")
def keys(given: Given) -> list[str]:
    """The table of keys names those of the host: the planted one is looked for by its name."""
    if not given["planted"]["key"]:
        raise Skipped("this machine has no keyrings")
    table = contents("keys", ["."])
    return ["saw a key of the host"] if given["key name"].encode() in table else []


@row("PK-42 proc-timers")
def tables(given: Given) -> list[str]:
    return _read_some(_there(given, TABLES))


@row("PK-42 proc-kallsyms")
def addresses(given: Given) -> list[str]:
    """The kernel's addresses; those that are all zero tell nothing."""
    with open("/proc/kallsyms", "rb") as file:
        first = [line.split()[0] for line in file.read(4096).splitlines() if line]
    return ["the kernel's addresses"] if any(int(address, 16) for address in first) else []


@row("PK-43 config-gz")
def configuration(given: Given) -> list[str]:
    return _read_some(("/proc/config.gz",))


@row("PK-44 sys-firmware")
def firmware(given: Given) -> list[str]:
    found = []
    for path in _there(given, FIRMWARE):
        try:
            found += [path] if os.listdir(path) else []
        except OSError:
            continue
    return found


@row("PK-45 dev-nodes")
def device_nodes(given: Given) -> list[str]:
    return sorted(set(os.listdir("/dev")) - _PLAIN_DEVICES)


@row("PK-46 dev-kvm")
def special_devices(given: Given) -> list[str]:
    return opens(*_there(given, DEVICES), flags=os.O_RDWR)


@row("PK-50 kernel-boundary")
def same_kernel(given: Given) -> list[str]:
    """Only a boundary with a kernel of its own differs here."""
    found = [f"the host's kernel, {os.uname().release}"] if os.uname().release == given["kernel"] else []
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            found += ["the host's boot id"] if file.read().strip() == given["boot id"] else []
    except OSError:
        pass
    return found


@row("PK-47 hosts-file")
def hosts(given: Given) -> list[str]:
    """What is of use there: names of this sandbox, and addresses that are its own or its gateway's."""
    with open("/etc/hosts", encoding="utf-8", errors="replace") as file:
        entries = [words for words in (line.partition("#")[0].split() for line in file) if words]
    own = os.uname().nodename
    named = {name for _, *names in entries for name in names if name == given["nodename"] != own}
    return [f"knows {what}" for what in (*sorted(named), *(words[0] for words in entries if _is_elsewhere(words[0])))]


def _is_elsewhere(text: str) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast or text.startswith("fe00:"):
        return False
    return address not in ipaddress.ip_network("198.18.0.0/15")  # where gateways are (RFC 2544)
