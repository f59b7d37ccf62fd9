"""Standard streams: what the caller gives, and what a command gets instead.

A command never holds a descriptor of its caller's. Through /proc/self/fd it could open a pipe in the other
direction and so write into what the caller reads; a file's mode could be changed, its content read back. So
each stream is replaced: a terminal by a PTY of the sandbox's own, the null device by the sandbox's, all else by
a fresh pipe. Whoever supervises the command copies the bytes, and nothing but bytes crosses: no file, no page.
"""

from __future__ import annotations

import fcntl
import os
import stat

from paddock.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias

    # "output": errors, in the pipe of standard output. "own": a file of Paddock's own that is there already, for its
    # own programs; `look` never gives it.
    Kind: TypeAlias = Literal["terminal", "null", "pipe", "output", "own"]
    Kinds: TypeAlias = tuple[Kind, Kind, Kind]

_STANDARD = (0, 1, 2)
_NULL_DEVICE = os.makedev(1, 3)  # null(4)
_KCMP_FILE = 0  # <linux/kcmp.h>
_ANYBODY = 0o666


def refuse_unfit() -> None:
    """Refuse what is no stream of bytes; fill closed descriptors with /dev/null."""
    for descriptor in _STANDARD:
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            continue
        if stat.S_ISDIR(mode):
            raise Refused(
                f"descriptor {descriptor} is a directory",
                why="there is nothing to read from it or to write to it",
                next_step="run without that redirection",
                code="directory-descriptor",
            )
        if stat.S_ISSOCK(mode) and not _streams_bytes(descriptor):
            raise Refused(
                f"descriptor {descriptor} is a socket for messages",
                why="input and output are streams of bytes, which have no borders",
                next_step="run with pipes, files or a connection as input and output",
                code="socket-descriptor",
            )


def _streams_bytes(descriptor: int) -> bool:
    import socket

    with socket.socket(fileno=os.dup(descriptor)) as given:
        return given.type == socket.SOCK_STREAM


def look() -> Kinds:
    """What a command gets in place of our own 0, 1 and 2, all of which must be open."""
    given, output, errors = _kind(0), _kind(1), _kind(2)
    return (given, output, "output" if output == errors == "pipe" and _one_end() else errors)


def _kind(descriptor: int) -> Kind:
    if os.isatty(descriptor):
        return "terminal"
    found = os.fstat(descriptor)
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL_DEVICE:
        return "null"
    if descriptor == 0 and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
        return "null"  # nothing can come from there
    return "pipe"


def _one_end() -> bool:
    """Whether what is written to 1 and to 2 arrives in one place (`2>&1`), where its order must not be lost."""
    one, two = os.fstat(1), os.fstat(2)
    if (one.st_dev, one.st_ino) != (two.st_dev, two.st_ino):
        return False
    appends = all(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND for number in (1, 2))
    if appends or not stat.S_ISREG(one.st_mode):
        return True  # however often it was opened: what is written arrives in turn
    from paddock.kernel import libc, syscalls

    number, own = syscalls.number("kcmp", os.uname().machine), os.getpid()
    assert number is not None  # noqa: S101 - both machines have it
    try:
        # `>file 2>file` are two open files, each with a position of its own.
        return libc.syscall(number, own, own, _KCMP_FILE, 1, 2) == 0
    except OSError:  # a kernel or an outer sandbox without kcmp(2); to separate them would lose the order
        return True


def open_pipes(kinds: Kinds) -> tuple[dict[int, int], dict[int, int]]:
    """A new pipe for each stream that is to be one: the command's ends and ours, by the stream's number.

    Our ends do not wait. Raises OSError; then nothing is open.
    """
    inside: dict[int, int] = {}
    outside: dict[int, int] = {}
    try:
        for number, kind in enumerate(kinds):
            if kind != "pipe":
                continue
            read, write = os.pipe2(os.O_CLOEXEC)
            inside[number], outside[number] = (read, write) if number == 0 else (write, read)
            os.set_blocking(outside[number], False)
            if os.geteuid() == 0:
                # The command is another user: let it open /dev/stdin and its relatives. Nobody else sees the pipe.
                os.fchmod(read, _ANYBODY)
    except OSError:
        for descriptor in (*inside.values(), *outside.values()):
            os.close(descriptor)
        raise
    return inside, outside


def take(kinds: Kinds, inside: Mapping[int, int], terminal: int) -> None:
    """Put the command's streams in place of our own. The null device is opened by its path: the sandbox's own."""
    for number, kind in enumerate(kinds):
        if kind == "own":
            continue
        if kind == "terminal":
            source = terminal
        elif kind == "null":
            source = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        else:
            source = 1 if kind == "output" else inside[number]
        os.dup2(source, number, inheritable=True)
