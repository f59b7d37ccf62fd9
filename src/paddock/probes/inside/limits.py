"""Attacks on limits that show in one run: priorities, what is killed first, cores, private directories.

Limits that must be used up to show that they bite are in `acts`, each in a run of its own with a small plan.
"""

from __future__ import annotations

import os
import resource

from paddock.probes.inside.effects import Given, row

_MOST_BYTES = 2 << 30  # of a private directory


@row("RS-04 core-off")
def core(given: Given) -> list[str]:
    """The memory of a program that crashes: in a file, or with the host's own handler, which 0 does not keep out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        with open("/proc/sys/kernel/core_pattern", "rb") as file:
            handled = file.read(1) == b"|"
    except FileNotFoundError:  # a kernel of another kind
        handled = False
    # core(5): the limit is not looked at for a handler; 1 alone, which the kernel means for handlers that crash.
    enough = (1,) if handled else (0, 1)
    return [] if soft in enough and hard in enough else [f"RLIMIT_CORE is {soft}, at most {hard}"]


@row("RS-05 private-sizes")
def sizes(given: Given) -> list[str]:
    """Whether the space has an end, wherever something can be written outside the repository."""
    places = ("/", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run", given.home, os.environ.get("HOME", "/"))
    found = []
    for path in dict.fromkeys((*places, os.environ.get("TMPDIR", "/"))):
        name = f"{path}/paddock-probe-{os.getpid()}"
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            continue
        os.unlink(name)
        known = os.statvfs(path)
        if not known.f_blocks:  # tmpfs(5), size=0
            found.append(f"{path} has no end")
        elif known.f_blocks * known.f_frsize > _MOST_BYTES:
            found.append(f"{path} has {known.f_blocks * known.f_frsize >> 20} MiB")
    return found


@row("RS-15 oom-score")
def oom_score(given: Given) -> list[str]:
    """The sandbox goes before the person's programs, and cannot say otherwise."""
    path = "/proc/self/oom_score_adj"
    with open(path, encoding="ascii") as file:
        before = int(file.read())
    found = [] if before > given["oom score"] else [f"oom_score_adj is {before}, as outside"]
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(given["oom score"] - 1))
    except OSError:
        return found
    return [*found, "protected itself"]


@row("RS-16 priority-of-host")
def priority(given: Given) -> list[str]:
    """The host looks at its process."""
    os.setpriority(os.PRIO_PROCESS, given["victim"], 19)
    return []


@row("RS-16 processors-of-host")
def processors(given: Given) -> list[str]:
    """Where the host's process may run, set to where it may run already."""
    os.sched_setaffinity(given["victim"], os.sched_getaffinity(given["victim"]))
    return ["chose the processors of a process of the host"]


@row("RS-16 own-priority")
def own_priority(given: Given) -> list[str]:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    return ["first before all"] if os.getpriority(os.PRIO_PROCESS, 0) < before else []


@row("RS-16 realtime")
def realtime(given: Given) -> list[str]:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return ["real-time"]


@row("RS-16 input-output-first")
def input_output(given: Given) -> list[str]:
    """IOPRIO_CLASS_RT: its reads and writes before those of everybody."""
    given.syscall("ioprio_set", 1, 0, 1 << 13)
    return ["reads and writes first"]
