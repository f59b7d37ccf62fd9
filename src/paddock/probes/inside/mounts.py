"""Attacks on the view of the file system: mounts made, moved and taken away, other roots, devices made by hand."""

from __future__ import annotations

import ctypes
import os
import re
import stat

from paddock.probes.inside.effects import Given, check, libc, opens, place, row

AT_FDCWD = -100
# Where containers that are made inside lie, in a directory for that alone which is gone at the end.
CONTAINERS = "/var/lib/paddock-nested"


@row("FS-18 rootfs-ro")
def rootfs(given: Given) -> list[str]:
    """A file without a name, which nobody sees and which is gone with its descriptor (open(2), O_TMPFILE)."""
    found = []
    for directory in ("/", "/usr", "/etc", "/dev"):
        try:
            os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600))
        except OSError:
            continue
        found.append(f"wrote in {directory}")
    return found


@row("FS-21 mount-tmpfs")
def mount_tmpfs(given: Given) -> list[str]:
    point = _point("mount-point")
    check(libc.mount(b"tmpfs", point, b"tmpfs", ctypes.c_ulong(0), None))
    libc.umount2(point, 2)
    return ["mounted"]


@row("FS-21 bind-over")
def bind_over(given: Given) -> list[str]:
    """Hide one directory behind another."""
    point = _point("mount-point-1")
    check(libc.mount(b".", point, None, ctypes.c_ulong(0x1000), None))
    libc.umount2(point, 2)
    return ["mounted"]


@row("FS-22 fsopen")
def fsopen(given: Given) -> list[str]:
    os.close(given.syscall("fsopen", b"tmpfs", 0))
    return ["a new file system"]


@row("FS-22 open_tree")
def open_tree(given: Given) -> list[str]:
    os.close(given.syscall("open_tree", AT_FDCWD, b"/", 1))
    return ["a clone of the root"]


@row("FS-22 move_mount")
def move_mount(given: Given) -> list[str]:
    tree = given.syscall("open_tree", AT_FDCWD, b"/", 1)
    point = _point("mount-point-2")
    given.syscall("move_mount", tree, b"", AT_FDCWD, point, 4)
    libc.umount2(point, 2)
    return ["mounted a clone"]


@row("PK-22 mount_setattr")
def mount_setattr(given: Given) -> list[str]:
    nothing = ctypes.create_string_buffer(32)
    given.syscall("mount_setattr", AT_FDCWD, b"/", 0, nothing, 32)
    return ["changed a mount"]


@row("FS-22 pivot_root")
def pivot_root(given: Given) -> list[str]:
    given.syscall("pivot_root", b".", b".")
    return ["took another root"]


@row("FS-22 chroot")
def chroot(given: Given) -> list[str]:
    os.chroot(".")
    return ["took another root"]


@row("FS-24 open-by-handle")
def open_by_handle(given: Given) -> list[str]:
    handle = ctypes.create_string_buffer((128).to_bytes(4, "little"), 8 + 128)
    mount = ctypes.c_int()
    given.syscall("name_to_handle_at", AT_FDCWD, b"/usr/bin/env", handle, ctypes.byref(mount), 0)
    directory = os.open("/usr", os.O_RDONLY | os.O_DIRECTORY)
    os.close(given.syscall("open_by_handle_at", directory, handle, os.O_RDONLY))
    return ["opened a file by its handle"]


@row("FS-25 blockdev-open")
def block_devices(given: Given) -> list[str]:
    names = [name for name in os.listdir("/dev") if re.match(r"(sd|vd|xvd|nvme|dm-|loop|mapper)", name)]
    return opens(*(f"/dev/{name}" for name in names))


@row("FS-26 mknod-null")
def mknod_character(given: Given) -> list[str]:
    node = place("device")
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return opens(node) or ["made a device"]


@row("FS-26 mknod-block")
def mknod_block(given: Given) -> list[str]:
    os.mknod(place("disk"), stat.S_IFBLK | 0o666, os.makedev(254, 0))
    return ["made a block device"]


@row("FS-26 whiteout-forged")
def forged_whiteout(given: Given) -> list[str]:
    os.mknod("whiteout", stat.S_IFCHR, os.makedev(0, 0))
    return ["made a whiteout"]


@row("FS-32 mount-propagation")
def propagation(given: Given) -> list[str]:
    with open("/proc/self/mountinfo", errors="replace") as file:
        return [line.split()[4] for line in file if "shared:" in line]


@row("FS-33 ws-mount-flags")
def mount_flags(given: Given) -> list[str]:
    flags = os.statvfs(given.repo).f_flag
    return [name for name, bit in (("suid", os.ST_NOSUID), ("dev", os.ST_NODEV)) if not flags & bit]


@row("FS-33 every-mount-flags")
def all_mount_flags(given: Given) -> list[str]:
    """The repository and private directories are for writing, and device nodes are devices; nothing else is either."""
    found = []
    with open("/proc/self/mountinfo", errors="replace") as file:
        mounts = [(line.split()[4], line.split()[5].split(","), line.partition(" - ")[2].split()[0]) for line in file]
    for path, options, kind in mounts:
        below = f"{path}/".startswith(f"{given.repo}/")
        node = path.startswith("/dev/")
        private = kind in ("proc", "devpts", "overlay") or (kind == "tmpfs" and not below)
        wanted = ["nosuid"] + ([] if node else ["nodev"])
        wanted += [] if private or node or path == CONTAINERS or (below and kind != "tmpfs") else ["ro"]
        found += [f"{path} is not {flag}" for flag in wanted if flag not in options]
    return found


@row("FS-42 masked-path-race")
def covered(given: Given) -> list[str]:
    paths = ("/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/kallsyms", "/dev/null")
    there = [path for path in paths if os.path.lexists(path)]
    return [f"{path} is not the null device" for path in there if os.lstat(path).st_rdev != os.makedev(1, 3)]


def _point(name: str) -> bytes:
    """A directory to mount on."""
    made = place(name)
    os.mkdir(made)
    return os.fsencode(made)
