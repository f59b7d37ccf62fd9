"""What a sandbox is made of, as far as it can be seen from inside: for the report, never for a verdict.

A kernel of another kind shows some of this otherwise or not at all, and a filter that is "on" may let everything pass.
"""

from __future__ import annotations

import ctypes
import os
import platform

from paddock.probes.inside.effects import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_LONGEST = 200
_CAPABILITIES = (  # noqa: SIM905 - forty words
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()
_SECCOMP = {"0": "none", "1": "strict", "2": "filter"}
_LANDLOCK_CREATE_RULESET = 444


def collect(given: Any) -> dict[str, str]:
    """Name → a short text. What cannot be found out is not there."""
    found = {}
    for name, fact in _FACTS.items():
        try:
            text = fact(given)
        except (OSError, ValueError, KeyError, IndexError):
            continue
        if text:
            found[name] = text[:_LONGEST]
    return found


def _status() -> dict[str, str]:
    with open("/proc/self/status") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def _capabilities(line: str) -> str:
    """A mask in words: none, all, or their names."""
    mask = int(_status()[line], 16)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        every = (1 << int(file.read()) + 1) - 1
    if mask in (0, every):
        return "all" if mask else "none"
    missing = bin(mask).count("1") > len(_CAPABILITIES) // 2  # noqa: FURB161 - bit_count is newer than 3.8
    named = every & ~mask if missing else mask
    names = [name for number, name in enumerate(_CAPABILITIES) if named >> number & 1]
    return ("all but " if missing else "") + (", ".join(names) or f"{named:#x}")


def _namespaces(given: Any, *, own: bool) -> str:
    found = []
    for name, outside in given["namespaces"].items():
        if (os.readlink(f"/proc/self/ns/{name}") != outside) is own:
            found.append(name)
    return ", ".join(found) or "none"


def _lines(path: str) -> list[str]:
    with open(path, errors="backslashreplace") as file:
        return [line.strip() for line in file.read().splitlines() if line.strip()]


def _map(path: str) -> str:
    return "; ".join("{} is {} outside, {} of them".format(*line.split()) for line in _lines(path)[:4])


def _filter(_: Any) -> str:
    status = _status()
    count = status.get("Seccomp_filters", "")
    return _SECCOMP.get(status["Seccomp"], status["Seccomp"]) + (f" ({count})" if count not in ("", "0") else "")


def _landlock(_: Any) -> str:
    words = (ctypes.c_long(_LANDLOCK_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(1))
    version = libc.syscall(*words)
    return f"version {version}" if version > 0 else "not here"


def _modules(_: Any) -> str:
    """The kernel's security modules, and how this process is labelled."""
    label = "".join(_lines("/proc/self/attr/current")).rstrip("\0")
    return label or "no label"


_FACTS: dict[str, Callable[[Any], str]] = {
    "kernel": lambda _: f"{platform.system()} {platform.release()} {platform.machine()}",
    "python": lambda _: platform.python_version(),
    "user": lambda _: f"uid {os.getuid()}, gid {os.getgid()}, groups {sorted(os.getgroups())}",
    "ids of users": lambda _: _map("/proc/self/uid_map"),
    "ids of groups": lambda _: _map("/proc/self/gid_map"),
    "capabilities": lambda _: _capabilities("CapEff"),
    "bounding set": lambda _: _capabilities("CapBnd"),
    "no new privileges": lambda _: {"0": "no", "1": "yes"}[_status()["NoNewPrivs"]],
    "seccomp": _filter,
    "landlock": _landlock,
    "security label": _modules,
    "own namespaces": lambda given: _namespaces(given, own=True),
    "shared namespaces": lambda given: _namespaces(given, own=False),
    "control groups": lambda _: ", ".join(sorted({line.split(":", 2)[2] for line in _lines("/proc/self/cgroup")})),
    "mounts": lambda _: str(len(_lines("/proc/self/mountinfo"))),
    "root file system": lambda _: next(
        line.partition(" - ")[2].split()[0] for line in _lines("/proc/self/mountinfo") if line.split()[4] == "/"
    ),
    "processes in sight": lambda _: str(sum(name.isdigit() for name in os.listdir("/proc"))),
}
