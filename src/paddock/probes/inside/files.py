"""Attacks on files: what may be read, what may be written, and ways around both."""

from __future__ import annotations

import ctypes
import os
import re
import stat
from typing import TYPE_CHECKING

from paddock.probes.inside.effects import Given, check, libc, opens, row

if TYPE_CHECKING:
    from paddock.probes.inside.effects import Attack

SECRETS = {
    "FS-02 home-canary-read": ".ssh/id_canary",
    "CR-01 ssh": ".ssh/id_ed25519",
    "CR-02 aws": ".aws/credentials",
    "CR-03 gh": ".config/gh/hosts.yml",
    "CR-04 kube": ".kube/config",
    "CR-05 docker": ".docker/config.json",
    "CR-06 netrc": ".netrc",
    "CR-07 npmrc": ".npmrc",
    "CR-08 pypirc": ".pypirc",
    "CR-09 git-credentials": ".git-credentials",
    "CR-11 gnupg": ".gnupg/private-keys-v1.d/key",
    "CR-12 shell-history": ".bash_history",
    "CR-12 python-history": ".python_history",
    "CR-13 claude": ".claude/.credentials.json",
    "CR-14 codex": ".codex/auth.json",
    "CR-15 cargo": ".cargo/credentials.toml",
    "CR-16 azure": ".azure/msal_token_cache.json",
    "CR-18 browser": ".mozilla/firefox/profile/logins.json",
    "CR-19 vault": ".vault-token",
    "CR-20 terraform": ".terraform.d/credentials.tfrc.json",
}
MASKED = (".env", ".env.local", "server.pem", "conf/deep.key")
SPENT = ".env.local"  # the one that the attacks may use up
AT_FDCWD = -100
PLACES = ("/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/proc/2/root", "/proc/2/cwd", "/proc/thread-self/root")


def _secret(path: str) -> Attack:
    return lambda given: given.reads(f"{given.home}/{path}")


for _name, _path in SECRETS.items():
    row(_name)(_secret(_path))


@row("FS-03 sibling-project-read")
def sibling(given: Given) -> list[str]:
    above = os.path.dirname(given.repo)
    return given.tries(f"{above}/other/.env", f"{above}/other/notes", f"{given.repo}/../other/notes", "../other/notes")


@row("FS-04 prefix-sibling")
def prefix_sibling(given: Given) -> list[str]:
    return given.reads(f"{given.repo}-evil/secret")


@row("FS-05 parent-listing")
def parent_listing(given: Given) -> list[str]:
    allowed = {os.path.basename(given.repo)}
    above = sorted(set(os.listdir(os.path.dirname(given.repo))) - allowed)
    home = [name for name in os.listdir(given.home) if f"{given.home}/{name}" in given["planted"]]
    return [f"saw {name}" for name in (*above, *home)]


@row("FS-07 symlink-write-out")
def symlink_write_out(given: Given) -> list[str]:
    """The host looks whether anything arrived."""
    os.symlink(given["outside"], "way-out")
    with open("way-out/arrived", "w") as file:
        file.write("!")
    return []


@row("FS-10 symlink-committed")
def symlink_committed(given: Given) -> list[str]:
    home = given.home.lstrip("/")
    return given.tries("link-to-home/.ssh/id_canary", f"link-to-root/{home}/.ssh/id_canary", "link-to-secret")


@row("FS-12 proc-self-root")
def proc_self_root(given: Given) -> list[str]:
    secret = f"{given.home}/.ssh/id_canary"
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    return given.tries(*(f"{place}{secret}" for place in (*PLACES, *(f"/proc/{pid}/root" for pid in numbers))))


@row("FS-14 leaked-dirfd")
def leaked_directory(given: Given) -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            with open(os.open(".ssh/id_canary", os.O_RDONLY, dir_fd=int(name)), "rb") as file:
                found += [f"read below descriptor {name}"] if given.holds(file.read(4096)) else []
        except OSError:
            continue
    return found


@row("FS-15 inherited-fds")
def inherited(given: Given) -> list[str]:
    return list(given["at start"])  # what was open before anything was imported


@row("FS-15 stdin-reopened-for-writing")
def stdin_reopened(given: Given) -> list[str]:
    """The host looks whether its own input was written to: another program would read that next."""
    with open(os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK), "wb", buffering=0) as file:
        file.write(b"injected")
    return []


@row("FS-15 stdout-read-by-reopening")
def stdout_read(given: Given) -> list[str]:
    opened = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
    content = os.read(opened, 1 << 20)
    if stat.S_ISFIFO(os.fstat(opened).st_mode):
        os.write(1, content)  # answers that nobody had read yet
    return ["read /proc/self/fd/1"] if given.holds(content) else []


@row("FS-15 stderr-read-by-reopening")
def stderr_read(given: Given) -> list[str]:
    """A pipe, with another program's words in it."""
    return given.reads("/proc/self/fd/2")


@row("FS-15 stdout-overwritten-by-reopening")
def stdout_overwritten(given: Given) -> list[str]:
    """The file is open for appending only; the host looks at its beginning."""
    with open(os.open("/proc/self/fd/1", os.O_WRONLY | os.O_NONBLOCK), "wb", buffering=0) as file:
        file.write(b"overwritten")
    return []


@row("FS-15 stdout-mode-changed")
def stdout_mode(given: Given) -> list[str]:
    """The host looks at the file: a program with content of the sandbox's choice."""
    os.fchmod(1, 0o755)
    return []


@row("FS-15 stdout-times-changed")
def stdout_times(given: Given) -> list[str]:
    """The host looks at the file: build tools go by its time."""
    os.utime(1, (1, 1))
    return []


@row("FS-15 stdin-flags-changed")
def stdin_flags(given: Given) -> list[str]:
    """The host looks at its own end: O_NONBLOCK belongs to the open file, which all programs share."""
    os.set_blocking(0, False)
    return []


@row("FS-15 links-of-other-processes")
def links_of_others(given: Given) -> list[str]:
    """The descriptors of PID 1 and of the keeper lead nowhere outside."""
    found = []
    for pid in ("1", "2", str(given["victim"])):
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{name}"
                found += given.tries(path, f"{path}/.ssh/id_canary", f"{path}{given.home}/.ssh/id_canary")
        except OSError:
            continue
    return found


@row("FS-16 etc-write")
def etc_write(given: Given) -> list[str]:
    os.close(os.open("/etc/paddock-probe", os.O_CREAT | os.O_WRONLY))
    os.unlink("/etc/paddock-probe")
    return ["wrote /etc"]


@row("FS-17 usr-write")
def usr_write(given: Given) -> list[str]:
    os.close(os.open("/usr/local/bin/paddock-probe", os.O_CREAT | os.O_WRONLY))
    os.unlink("/usr/local/bin/paddock-probe")
    return ["wrote /usr"]


@row("FS-18 rootfs-ro")
def rootfs(given: Given) -> list[str]:
    with open("/proc/self/mountinfo", errors="replace") as file:
        options = {fields[4]: fields[5] for fields in map(str.split, file)}
    return [f"{path} is writable" for path in ("/", "/usr", "/dev") if "ro" not in options.get(path, "").split(",")]


@row("FS-19 home-write-is-private")
def home_write(given: Given) -> list[str]:
    """The host looks at the real home."""
    with open(f"{given.home}/arrived-at-home", "w") as file:
        file.write("!")
    with open(f"{given.home}/.bashrc", "a") as file:
        file.write("echo hello\n")
    return []


@row("FS-21 mount-tmpfs")
def mount_tmpfs(given: Given) -> list[str]:
    os.mkdir("mount-point")
    check(libc.mount(b"tmpfs", b"mount-point", b"tmpfs", ctypes.c_ulong(0), None))
    libc.umount2(b"mount-point", 2)
    return ["mounted"]


@row("FS-21 bind-over")
def bind_over(given: Given) -> list[str]:
    """Hide one directory behind another."""
    os.mkdir("mount-point-1")
    check(libc.mount(b".", b"mount-point-1", None, ctypes.c_ulong(0x1000), None))
    libc.umount2(b"mount-point-1", 2)
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
    os.mkdir("mount-point-2")
    given.syscall("move_mount", tree, b"", AT_FDCWD, b"mount-point-2", 4)
    libc.umount2(b"mount-point-2", 2)
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


@row("FS-23 umount-mask")
def umount_mask(given: Given) -> list[str]:
    for name in MASKED:
        libc.umount2(f"{given.repo}/{name}".encode(), 2)
    libc.umount2(given.repo.encode(), 2)
    return given.tries(*MASKED)


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
    os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return opens("device") or ["made a device"]


@row("FS-26 mknod-block")
def mknod_block(given: Given) -> list[str]:
    os.mknod("disk", stat.S_IFBLK | 0o666, os.makedev(254, 0))
    return ["made a block device"]


@row("FS-26 whiteout-forged")
def forged_whiteout(given: Given) -> list[str]:
    os.mknod("whiteout", stat.S_IFCHR, os.makedev(0, 0))
    return ["made a whiteout"]


@row("FS-28 hardlink-in")
def hardlink_in(given: Given) -> list[str]:
    os.link(f"{given.home}/.ssh/id_canary", "taken")
    return given.reads("taken")


@row("FS-29 hardlink-preexisting")
def hardlink_preexisting(given: Given) -> list[str]:
    """The host looks at the other name."""
    with open("shared-name", "a") as file:
        file.write("changed inside")
    os.chmod("shared-name", 0o777)
    return []


@row("FS-30 host-tmp")
def host_tmp(given: Given) -> list[str]:
    return given.reads(given["tmp"])


@row("FS-30 host-var-tmp")
def host_var_tmp(given: Given) -> list[str]:
    return given.reads(given["var tmp"])


@row("FS-31 dev-shm")
def dev_shm(given: Given) -> list[str]:
    return given.reads(given["shm"])


@row("FS-32 mount-propagation")
def propagation(given: Given) -> list[str]:
    with open("/proc/self/mountinfo", errors="replace") as file:
        return [line.split()[4] for line in file if "shared:" in line]


@row("FS-33 ws-mount-flags")
def mount_flags(given: Given) -> list[str]:
    flags = os.statvfs(given.repo).f_flag
    return [name for name, bit in (("suid", os.ST_NOSUID), ("dev", os.ST_NODEV)) if not flags & bit]


@row("FS-36 masks-read-empty")
def masks(given: Given) -> list[str]:
    return given.tries(*MASKED, *(f"{given.repo}/./{name}" for name in MASKED))


@row("FS-36 masks-written")
def masks_written(given: Given) -> list[str]:
    """A mask is no place to write to; the host looks as well."""
    found = []
    for name in MASKED:
        found += opens(name, flags=os.O_WRONLY)
    return found


@row("FS-36 masks-replaced")
def masks_replaced(given: Given) -> list[str]:
    """Take the mask away, or its file from below."""
    found = []
    for name in MASKED:
        for task in (_rename_there_and_back, os.unlink if name == SPENT else os.stat):
            try:
                task(name)
            except OSError:
                continue
            found += [] if task is os.stat else [f"took {name} away"]
        try:
            os.link(name, "linked")
        except OSError:
            continue
        found += given.reads("linked")
        os.unlink("linked")
    return found


def _rename_there_and_back(name: str) -> None:
    os.rename(name, "moved")
    os.rename("moved", name)


@row("FS-38 deny-rename-ancestor")
def rename_ancestor(given: Given) -> list[str]:
    os.rename("conf", "conf-moved")
    found = given.reads("conf-moved/deep.key")
    os.rename("conf-moved", "conf")
    return found


@row("FS-42 masked-path-race")
def covered(given: Given) -> list[str]:
    paths = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kallsyms", "/dev/null")
    there = [path for path in paths if os.path.lexists(path)]
    return [f"{path} is not the null device" for path in there if os.lstat(path).st_rdev != os.makedev(1, 3)]


@row("FS-40 staged-layers")
def staged_layers(given: Given) -> list[str]:
    """What the workspace is put together from is out of sight, from every process inside."""
    names = [name for name in os.listdir("/proc") if name.isdigit()]
    places = ["/run/paddock-stage", *(f"/proc/{pid}/root/run/paddock-stage" for pid in names)]
    layers = [f"{place}/0-lower-0/.env" for place in places]
    return given.tries(*layers, f"{given.repo}/.env")


@row("PE-20 own-state")
def own_state(given: Given) -> list[str]:
    """Paddock's own files: state, policy, runtime directory, change sets."""
    return given.tries(*given["own files"]) + opens(*given["own files"], flags=os.O_WRONLY)


@row("FS-40 overlay-marks")
def overlay_marks(given: Given) -> list[str]:
    """Marks of overlayfs cannot be forged: the host would see the lower directory vanish or change."""
    os.mkdir("marked")
    found = []
    for name in ("user.overlay.opaque", "trusted.overlay.opaque", "user.overlay.redirect"):
        try:
            os.setxattr("marked", name, b"y")
        except OSError:
            continue
        found.append(name)
    # userxattr overlays store a mark set from inside one level deeper; the host judges the upper directory
    return [name for name in found if name.startswith("trusted")]
