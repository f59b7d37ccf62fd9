"""The workspace itself: what must be possible in it, and what it is made of."""

from __future__ import annotations

import os
import stat

from paddock.probes.inside.effects import Given, row

_LARGE = 3 << 20  # bytes: more than any pipe or page cache gathers at once


@row("FS-01 ws-rw")
def changes(given: Given) -> list[str]:
    """Everything that editors, compilers and git do with files, in a directory of the probe's own."""
    os.mkdir("work")
    os.chdir("work")
    content = os.urandom(1024) * (_LARGE // 1024)
    with open("new", "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with open("new", "ab") as file:
        file.write(b"more")
    os.rename("new", "renamed")
    os.chmod("renamed", 0o755)
    os.utime("renamed", (1, 1))
    os.symlink("renamed", "link")
    os.link("renamed", "second")
    with open("link", "rb") as file:
        same = file.read() == content + b"more"
    found = os.stat("second")
    checks = {
        "what was written is read": same,
        "modes": stat.S_IMODE(found.st_mode) == 0o755,
        "times": found.st_mtime == 1,
        "links": found.st_nlink == 2,
        "listing": sorted(os.listdir(".")) == ["link", "renamed", "second"],
    }
    for name in os.listdir("."):
        os.unlink(name)
    os.chdir("..")
    os.rmdir("work")
    return [what for what, works in checks.items() if not works]


@row("FS-01 ws-changed")
def committed(given: Given) -> list[str]:
    """A file that was there before: replaced the way editors do it, truncated, and its directory renamed."""
    os.mkdir("aside")
    with open("hello.txt", encoding="utf-8") as file:
        before = file.read()
    with open("aside/hello.new", "w", encoding="utf-8") as file:
        file.write(before.upper())
    os.replace("aside/hello.new", "hello.txt")
    with open("hello.txt", "r+", encoding="utf-8") as file:
        after = file.read()
        file.truncate(0)
        file.seek(0)
        file.write(before)
    os.rmdir("aside")
    return [] if (before, after) == ("hello\n", "HELLO\n") else [f"read {after!r}"]


@row("FS-01 ws-readonly")
def written(given: Given) -> list[str]:
    """As a program would that has no business here."""
    found = []
    for what, task in (("a new file", _made), ("hello.txt", _opened), ("the name of hello.txt", _renamed)):
        try:
            task()
        except OSError:
            continue
        found.append(f"wrote {what}")
    return found


def _made() -> None:
    os.close(os.open("left-here", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def _opened() -> None:
    os.close(os.open("hello.txt", os.O_WRONLY | os.O_APPEND))


def _renamed() -> None:
    os.rename("hello.txt", "hello")
    os.rename("hello", "hello.txt")


@row("FS-40 staged-layers")
def staged_layers(given: Given) -> list[str]:
    """What the workspace is put together from is out of sight, from every process inside."""
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    places = ["/run/paddock-stage", *(f"/proc/{pid}/root/run/paddock-stage" for pid in numbers)]
    return given.tries(*(f"{place}/0-lower-0/.env" for place in places))


@row("FS-40 overlay-marks")
def overlay_marks(given: Given) -> list[str]:
    """Marks of overlayfs cannot be forged: the host would see the lower directory vanish or change.

    Of those that anybody may set (user.overlay.*), an overlay stores each one level deeper, and `FS-40
    lower-layer-untouched` judges what became of them.
    """
    os.mkdir("marked")
    for name in ("user.overlay.opaque", "user.overlay.redirect"):
        try:
            os.setxattr("marked", name, b"y")
        except OSError:
            continue
    os.setxattr("marked", "trusted.overlay.opaque", b"y")
    return ["forged trusted.overlay.opaque"]
