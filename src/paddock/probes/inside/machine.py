"""Attacks on the machine itself: its switches, its devices, its memory, and how much of it may be used."""

from __future__ import annotations

import ctypes
import os
import resource

from paddock.probes.inside.effects import Given, check, libc, opens, row


@row("RS-16 priority-of-host")
def priority(given: Given) -> list[str]:
    os.setpriority(os.PRIO_PROCESS, given["victim"], 19)
    return ["slowed a process of the host"]


@row("RS-16 own-priority")
def own_priority(given: Given) -> list[str]:
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    return ["first before all"]


@row("RS-16 realtime")
def realtime(given: Given) -> list[str]:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return ["real-time"]


@row("RS-15 oom-score")
def oom_score(given: Given) -> list[str]:
    """The sandbox goes before the person's programs, and cannot say otherwise."""
    with open("/proc/self/oom_score_adj", "r+") as file:
        before = int(file.read())
        found = [] if before >= 300 else [f"oom_score_adj is {before}"]
        try:
            file.seek(0)
            file.write("-500")
            file.flush()
        except OSError:
            return found
    return [*found, "protected itself"]


@row("PK-47 namespaces-differ")
def namespaces(given: Given) -> list[str]:
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in given["namespaces"]}
    return [name for name, value in given["namespaces"].items() if own[name] == value]


@row("PK-35 kernel-switches")
def switches(given: Given) -> list[str]:
    names = ("modprobe", "core_pattern", "hostname", "randomize_va_space", "usermodehelper/bset")
    paths = [f"/proc/sys/kernel/{name}" for name in names]
    return opens(*paths, "/sys/kernel/uevent_helper", "/proc/sys/fs/binfmt_misc/register", flags=os.O_WRONLY)


@row("PK-36 sysrq")
def sysrq(given: Given) -> list[str]:
    return opens("/proc/sysrq-trigger", flags=os.O_WRONLY)


@row("PK-37 release_agent")
def release_agent(given: Given) -> list[str]:
    found = []
    for top, _, files in os.walk("/sys/fs/cgroup"):
        found += opens(
            *(f"{top}/{name}" for name in ("release_agent", "cgroup.procs") if name in files), flags=os.O_WRONLY
        )
    return found


@row("PK-38 sysctl-net")
def sysctl_net(given: Given) -> list[str]:
    names = ("ipv4/ip_forward", "ipv4/conf/all/forwarding", "core/somaxconn", "ipv4/ping_group_range")
    return opens(*(f"/proc/sys/net/{name}" for name in names), flags=os.O_WRONLY)


@row("PK-12 limit-lifted")
def sysctl_user(given: Given) -> list[str]:
    """--disable-userns is kept by a limit that could otherwise be lifted again."""
    return opens("/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_mnt_namespaces", flags=os.O_WRONLY)


@row("PK-39 kcore-mem")
def memory(given: Given) -> list[str]:
    found = []
    for path in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port"):
        try:
            with open(path, "rb", buffering=0) as file:
                found += [f"read {path}"] if file.read(16) else []
        except OSError:
            continue
    return found


@row("PK-40 kmsg")
def kernel_log(given: Given) -> list[str]:
    found = opens("/proc/kmsg", "/dev/kmsg")
    if "syslog" in given.numbers:
        try:
            given.syscall("syslog", 3, ctypes.create_string_buffer(64), 64)
            found.append("syslog")
        except OSError:
            pass
    return found


@row("PK-42 proc-keys-timers")
def told_by_proc(given: Given) -> list[str]:
    found = []
    for path in ("/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/sched_debug", "/proc/kallsyms"):
        try:
            with open(path, "rb") as file:
                found += [path] if file.read(16) else []
        except OSError:
            continue
    return found


@row("PK-44 sys-firmware")
def firmware(given: Given) -> list[str]:
    paths = ("firmware", "kernel/security", "kernel/debug", "kernel/tracing", "kernel/mm", "block", "devices")
    return [path for path in paths if os.path.isdir(f"/sys/{path}") and os.listdir(f"/sys/{path}")]


@row("PK-45 dev-nodes")
def device_nodes(given: Given) -> list[str]:
    plain = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd", "core", "console"}
    return sorted(set(os.listdir("/dev")) - plain - {"stdin", "stdout", "stderr"})


@row("PK-46 dev-kvm")
def special_devices(given: Given) -> list[str]:
    return opens(
        "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vsock", "/dev/vhost-vsock", "/dev/dri/card0", flags=os.O_RDWR
    )


@row("PK-49 sysv-shm")
def sysv(given: Given) -> list[str]:
    segment = check(libc.shmget(given["shm key"], ctypes.c_size_t(64), 0))
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(segment, None, 0o10000)
    return ["read shared memory of the host"] if given.holds(ctypes.string_at(address, 64)) else []


@row("PK-49 posix-mq")
def message_queue(given: Given) -> list[str]:
    queue = check(libc.mq_open(given["queue"].encode(), os.O_RDWR | os.O_NONBLOCK))
    buffer = ctypes.create_string_buffer(8192)
    check(libc.mq_receive(queue, buffer, ctypes.c_size_t(8192), None))
    return ["took a message of the host"] if given.holds(buffer.raw) else []


@row("PK-51 suid-binaries")
def setuid(given: Given) -> list[str]:
    """Whatever setuid programs are visible: none changes who we are."""
    programs = [
        path for path in ("/usr/bin/sudo", "/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount") if os.path.exists(path)
    ]
    found = []
    for program in programs:
        flags = os.statvfs(program).f_flag
        found += [f"{program} is setuid on a mount that honours it"] if not flags & os.ST_NOSUID else []
    return found


@row("RS-03 open-files")
def open_files(given: Given) -> list[str]:
    return [] if resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 16384 else ["too many"]


@row("RS-04 core-off")
def core(given: Given) -> list[str]:
    return [] if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else ["core files"]


@row("RS-05 private-sizes")
def sizes(given: Given) -> list[str]:
    found = []
    for path in ("/", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run", given.home):
        known = os.statvfs(path)
        if not known.f_flag & os.ST_RDONLY and known.f_blocks * known.f_frsize > 2 << 30:
            found.append(f"{path}: {known.f_blocks * known.f_frsize}")
    return found


@row("PK-47 hostname")
def hostname(given: Given) -> list[str]:
    return ["knows the host's name"] if os.uname().nodename == given["nodename"] else []
