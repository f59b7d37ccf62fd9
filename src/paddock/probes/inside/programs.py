"""Ways to run a program that its name does not tell: facts for whoever thinks of names of programs as a boundary."""

from __future__ import annotations

import os
import shutil
import stat
import sys

from paddock.probes.inside.effects import Given, Skipped, row

_SAID = b"ran"
_PROGRAM = "/bin/echo"


def said_by(*argv: str, program: int = -1) -> bytes:
    """What a program says; `program` is a descriptor in place of its path."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(there, 1)
            os.execve(program if program >= 0 else argv[0], list(argv), {})
        finally:
            os._exit(127)
    os.close(there)
    with open(here, "rb") as file:
        said = file.read()
    os.waitpid(pid, 0)
    return said.strip()


def _ran(how: str, *argv: str, program: int = -1) -> list[str]:
    return [f"ran {how}"] if said_by(*argv, program=program) == _SAID else []


@row("PK-52 by-the-linker")
def by_the_linker(given: Given) -> list[str]:
    linkers = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1")
    linker = next((path for path in linkers if os.access(path, os.X_OK)), "")
    if not linker:
        raise Skipped("no dynamic linker is known here")
    return _ran("by ld.so", linker, _PROGRAM, "ran")


@row("PK-52 from-memory")
def from_memory(given: Given) -> list[str]:
    if not hasattr(os, "memfd_create"):
        raise Skipped("this Python knows no files in memory")
    made = os.memfd_create("paddock-probe")
    with open(os.path.realpath(_PROGRAM), "rb") as file:
        os.write(made, file.read())
    return _ran("from memory", "echo", "ran", program=made)


@row("PK-52 under-another-name")
def renamed(given: Given) -> list[str]:
    return _copied("another-name", "under another name")


@row("PK-52 by-an-interpreter")
def interpreted(given: Given) -> list[str]:
    return _ran("by an interpreter", sys.executable, "-I", "-S", "-c", "print('ran')")


@row("PK-53 tmp-exec")
def from_tmp(given: Given) -> list[str]:
    found = []
    for directory in ("/tmp", os.environ.get("TMPDIR", "/tmp"), "/dev/shm", given.home):
        try:
            found += _copied(f"{directory}/paddock-probe-program", f"from {directory}")
        except OSError:
            continue
    return sorted(set(found))


def _copied(path: str, how: str) -> list[str]:
    """Run a copy of a program, and take the copy away."""
    shutil.copyfile(os.path.realpath(_PROGRAM), path)
    try:
        os.chmod(path, stat.S_IRWXU)
        # The last part of the path is what a program with many names, such as busybox, goes by.
        return _ran(how, path, "ran") if said_by(_PROGRAM, "ran") == _SAID else []
    finally:
        os.unlink(path)
