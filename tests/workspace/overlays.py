"""A sandbox's file system without a sandbox: a real, unprivileged overlay, and trees as values to compare."""

from __future__ import annotations

import ctypes
import hashlib
import os
import pickle
import stat
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddock.kernel import libc, mounts
from paddock.kernel.namespaces import CLONE_NEWNS, CLONE_NEWUSER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.workspace.store import ChangeSetDirectory


def apart(writable: str, work: Callable[[], bytes]) -> bytes:
    """Run `work` in a forked process with namespaces of its own and all capabilities there; what it returns.

    Everything outside of `writable` is read-only for it: the operations are random.
    """
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(here)
            uid, gid = os.getuid(), os.getgid()
            libc.call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
            for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
            shut_all_but(writable)
            os.umask(0o022)
            os.write(there, work())
            status = 0
        except BaseException:  # noqa: BLE001 - the parent must see it, whatever it is
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(there)
    with open(here, "rb") as result:
        returned = result.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, "the work inside failed, see its traceback"
    return returned


def shut_all_but(writable: str) -> None:
    """Make the file systems read-only but for one directory, and make sure of it."""
    bind, remount, read_only, none = mounts.MS_BIND, mounts.MS_REMOUNT, mounts.MS_RDONLY, None
    libc.call("mount", os.fsencode(writable), os.fsencode(writable), none, ctypes.c_ulong(bind | 0x4000), none)
    parents = {"/", "/tmp", "/home", "/root", "/var", "/var/tmp", "/dev/shm", os.path.dirname(writable)}
    for place in sorted(path for path in parents if os.path.ismount(path)):
        flags = bind | remount | read_only | _locked_flags(place)
        libc.call("mount", b"none", os.fsencode(place), none, ctypes.c_ulong(flags), none)
    for place in sorted(path for path in parents if os.path.isdir(path)):
        assert os.statvfs(place).f_flag & os.ST_RDONLY, f"{place} is still writable"


def _locked_flags(place: str) -> int:
    """Flags that a less privileged remount must repeat (mount_namespaces(7)); but for one the numbers are the same."""
    flags = os.statvfs(place).f_flag
    relative = 1 << 21 if flags & os.ST_RELATIME else 0
    return flags & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME) | relative


def inside(change_set: ChangeSetDirectory, work: Callable[[str], object]) -> bytes:
    """Run `work(PATH)` in a process of its own that sees the repository through an overlay at PATH."""
    merged = f"{change_set.path}/merged"
    os.makedirs(merged, exist_ok=True)

    def task() -> bytes:
        mounts.overlay([*change_set.layers, change_set.repository], change_set.upper, change_set.work, merged)
        returned = work(merged)
        return returned if isinstance(returned, bytes) else b""

    try:
        return apart(os.path.commonpath([change_set.path, change_set.repository]), task)
    finally:
        os.rmdir(merged)


def seen_inside(change_set: ChangeSetDirectory) -> bytes:
    """The tree as a sandbox would see it now, as bytes to compare."""
    return inside(change_set, lambda merged: pickle.dumps(tree(merged)))


@dataclass(frozen=True)
class Node:
    """One path of a tree, without what two equal trees may differ in."""

    kind: str
    mode: int
    content: str


def tree(root: str | Path) -> dict[bytes, Node]:
    """Every path below `root`: type, permission bits, content or target."""
    return {path: _node(full, found) for path, full, found in _walk(os.fsencode(root))}


def fingerprint(root: str | Path) -> str:
    """One hash over content, modes, owners, mtimes, link counts, inode numbers, targets and attributes."""
    total = hashlib.sha256()
    for path, full, found in [(b"", os.fsencode(root), os.lstat(root)), *_walk(os.fsencode(root))]:
        attributes = sorted((name, os.getxattr(full, name, follow_symlinks=False)) for name in _attributes(full, found))
        facts = (found.st_uid, found.st_gid, found.st_mtime_ns, found.st_nlink, found.st_ino, found.st_rdev)
        total.update(repr((path, _node(full, found), facts, attributes)).encode())
    return total.hexdigest()


def _attributes(full: bytes, found: os.stat_result) -> list[str]:
    return [] if stat.S_ISLNK(found.st_mode) else os.listxattr(full, follow_symlinks=False)


def _walk(root: bytes) -> list[tuple[bytes, bytes, os.stat_result]]:
    found = []
    waiting = [b""]
    while waiting:
        inner = waiting.pop()
        for name in sorted(os.listdir(os.path.join(root, inner))):
            path = os.path.join(inner, name)
            full = os.path.join(root, path)
            about = os.lstat(full)
            found.append((path, full, about))
            if stat.S_ISDIR(about.st_mode):
                waiting.append(path)
    return sorted(found)


def _node(full: bytes, found: os.stat_result) -> Node:
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return Node("link", 0, os.fsdecode(os.readlink(full)))
    if stat.S_ISDIR(found.st_mode):
        return Node("directory", mode, "")
    if stat.S_ISREG(found.st_mode):
        return Node("file", mode, _content(full, mode))
    return Node("special", mode, "")


def _content(full: bytes, mode: int) -> str:
    try:
        with open(full, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except PermissionError:
        before = os.lstat(full)
        os.chmod(full, 0o400)
        with open(full, "rb") as file:
            data = file.read()
        os.chmod(full, mode)
        os.utime(full, ns=(before.st_atime_ns, before.st_mtime_ns))
        return hashlib.sha256(data).hexdigest()
