"""Attacks on masks: files of the repository that the policy hides.

What is planted is more than any one policy masks. The host says what this one leaves open (`unmasked`), and that is
not attacked: nobody promised it.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Callable

from paddock.probes.inside.effects import Given, Skipped, in_child, libc, opens, place, row

if TYPE_CHECKING:
    from collections.abc import Iterable

SPENT = ".env.local"  # the one that the attacks may use up
PLAIN = (".env", SPENT, "server.pem", "conf/deep.key")
# Characters of patterns, of shells, of lines and of no text at all: names are bytes.
ODD = ("[x].pem", "two\nlines.pem", "back\\slash.pem", "not-text-\udcff.pem", "-option.pem", "a space.pem", ".env.*")
DIRECTORY, BELOW = "certs.pem", "certs.pem/inner/key"
# A link that a pattern matches, and the file that it leads to, which no pattern names.
LINK, BEHIND = "linked.pem", "behind-the-link"
_NEWUSER, _NEWNS, _BIND = 0x10000000, 0x20000, 0x1000
PLANTED = (*PLAIN, *ODD, BELOW, BEHIND)


def masked(given: Given, names: Iterable[str]) -> list[str]:
    """Those of the names that this policy masks. Raises Skipped where it is none."""
    found = [name for name in names if name not in given.data.get("unmasked", ())]
    if not found:
        raise Skipped("this policy masks none of the files that are planted for it")
    return found


@row("FS-23 umount-mask")
def unmounted(given: Given) -> list[str]:
    names = masked(given, (*PLAIN, BELOW))
    for name in (*names, DIRECTORY, ""):
        libc.umount2(os.fsencode(f"{given.repo}/{name}"), 2)
    return given.tries(*names)


@row("FS-23 masks-in-own-namespace")
def uncovered(given: Given) -> list[str]:
    """As root of a namespace, where one can be made: unmounted, mounted a second time, as a layer of an overlay."""
    names = masked(given, (*PLAIN, BELOW))
    points = [os.path.relpath(place(f"uncovered-{number}"), given.repo) for number in range(3)]
    for point in points:
        os.mkdir(f"{given.repo}/{point}")

    def attack() -> bytes:
        ids = os.geteuid(), os.getegid()
        if libc.unshare(_NEWUSER | _NEWNS) == 0:
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {ids[0]} 1"), ("gid_map", f"0 {ids[1]} 1")):
                with suppress(OSError), open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
        for name in (*names, DIRECTORY, ""):
            libc.umount2(os.fsencode(f"{given.repo}/{name}"), 2)
        os.chdir(given.repo)
        empty, bound, layered = map(os.fsencode, points)
        libc.mount(b".", bound, None, ctypes.c_ulong(_BIND), None)
        libc.mount(b"overlay", layered, b"overlay", ctypes.c_ulong(0), b"lowerdir=.:" + empty)
        found = given.tries(*names, *(f"{given.repo}/{point}/{name}" for point in points for name in names))
        return "\n".join(found).encode("utf-8", "surrogateescape")

    return in_child(attack).decode("utf-8", "surrogateescape").splitlines()


@row("FS-36 masks-read-empty")
def read_by_name(given: Given) -> list[str]:
    names = masked(given, PLAIN)
    return given.tries(*names, *(f"{given.repo}/./{name}" for name in names))


@row("FS-36 masks-with-odd-names")
def read_by_odd_name(given: Given) -> list[str]:
    return given.tries(*masked(given, ODD))


@row("FS-36 masks-of-directories")
def read_below(given: Given) -> list[str]:
    """By its path, by the directory's own descriptor, and by a walk."""
    names = masked(given, (BELOW,))
    found = given.tries(*names)
    for directory, _, files in os.walk(DIRECTORY):
        found += given.tries(*(f"{directory}/{name}" for name in files))
    return found


@row("FS-36 masks-behind-links")
def read_behind(given: Given) -> list[str]:
    """A link that a pattern matches hides what it leads to, by whatever name that is asked for."""
    return given.tries(*masked(given, (BEHIND,)), LINK)


@row("FS-36 masks-written")
def written(given: Given) -> list[str]:
    """A mask is no place to write to, whatever mode it is given; the host looks as well."""
    for name in masked(given, PLAIN):
        with suppress(OSError):
            os.chmod(name, 0o600)
    return opens(*masked(given, PLAIN), flags=os.O_WRONLY)


@row("FS-36 masks-replaced")
def replaced(given: Given) -> list[str]:
    """Take the mask away, or its file from below."""
    found = []
    for name in masked(given, PLAIN):
        found += _taken(name, _rename_there_and_back)
        if name == SPENT:
            found += _taken(name, os.unlink)
        try:
            os.link(name, "linked")
        except OSError:
            continue
        found += given.reads("linked")
        os.unlink("linked")
    return found


@row("FS-38 deny-rename-ancestor")
def renamed_above(given: Given) -> list[str]:
    """What is mounted over a path stays where it was; the files may go elsewhere with a directory above them."""
    found = []
    for name in masked(given, ("conf/deep.key", BELOW)):
        top, _, rest = name.partition("/")
        try:
            os.rename(top, "moved-away")
        except OSError:
            continue
        found += given.tries(f"moved-away/{rest}")
        os.rename("moved-away", top)
    return found


@row("FS-38 repository-renamed")
def renamed_itself(given: Given) -> list[str]:
    """The repository as a whole, and then a mask by its new path."""
    names = masked(given, PLAIN)
    moved = f"{given.repo}-moved"
    os.rename(given.repo, moved)
    try:
        return given.tries(*(f"{moved}/{name}" for name in names))
    finally:
        os.rename(moved, given.repo)


def _taken(name: str, task: Callable[[str], None]) -> list[str]:
    try:
        task(name)
    except OSError:
        return []
    return [f"took {name} away"]


def _rename_there_and_back(name: str) -> None:
    os.rename(name, "moved")
    os.rename("moved", name)
