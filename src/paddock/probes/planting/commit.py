"""A repository with one commit of all that is there, as `git init`, `git add .` and `git commit` leave it.

Written here: a proof has about a hundred grounds, and three programs for each took a tenth of its time. The formats
are those of gitformat-pack(5), gitformat-index(5) and gitrepository-layout(5). Objects are named by SHA-1, as git does
where nobody says otherwise.
"""

from __future__ import annotations

import bisect
import hashlib
import os
import stat
import struct
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BRANCH = "refs/heads/main"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_DIRECTORY, _FILE, _PROGRAM, _LINK = 0o40000, 0o100644, 0o100755, 0o120000
_LONGEST = 0xFFF  # of a path, in an entry of the index; longer ones are written as that
_WORD = 0xFFFFFFFF


def commit(top: str, author: str, message: str, when: int) -> None:
    """Make `top` a repository, and everything in it the first commit. `author` is "Name <address>"."""
    made = _Objects()
    entries: list[bytes] = []
    tree = _tree(os.fsencode(top), b"", made, entries)
    who = f"{author} {when} +0000"
    text = f"tree {tree.hex()}\nauthor {who}\ncommitter {who}\n\n{message}\n"
    head = made.add("commit", text.encode())
    git = f"{top}/.git"
    for name in ("hooks", "info", "objects/info", "objects/pack", "refs/heads", "refs/tags"):
        os.makedirs(f"{git}/{name}")
    for name, content in (
        ("config", _CONFIG.encode()),
        (_BRANCH, f"{head.hex()}\n".encode()),
        ("HEAD", f"ref: {_BRANCH}\n".encode()),
        ("index", _signed(struct.pack(">4sII", b"DIRC", 2, len(entries)) + b"".join(entries))),
        *made.files(),
    ):
        with open(f"{git}/{name}", "wb") as file:
            file.write(content)


class _Objects:
    """What goes into the one pack."""

    def __init__(self) -> None:
        self._packed: dict[bytes, bytes] = {}

    def add(self, kind: str, content: bytes) -> bytes:
        """Its name."""
        name = _sha1(f"{kind} {len(content)}\0".encode() + content)
        self._packed[name] = _head(_KINDS[kind], len(content)) + zlib.compress(content, 1)
        return name

    def files(self) -> Iterable[tuple[str, bytes]]:
        """The pack and its index, version 2 of each."""
        places, written = {}, struct.pack(">4sII", b"PACK", 2, len(self._packed))
        for name, content in self._packed.items():
            places[name] = len(written)
            written += content
        pack = _signed(written)
        names = sorted(places)
        below = [bisect.bisect(names, bytes([first]) + b"\xff" * 20) for first in range(256)]
        table = struct.pack(">4sI256I", b"\xfftOc", 2, *below) + b"".join(names)
        checks = [zlib.crc32(self._packed[name]) for name in names]
        table += struct.pack(f">{2 * len(names)}I", *checks, *(places[name] for name in names))
        called = f"objects/pack/pack-{pack[-20:].hex()}"
        return ((f"{called}.pack", pack), (f"{called}.idx", _signed(table + pack[-20:])))


def _tree(top: bytes, inside: bytes, made: _Objects, entries: list[bytes]) -> bytes:
    """Add a directory with all below it, in the order of trees, which is that of the index as well; its name."""
    found = []
    for entry in sorted(os.scandir(os.path.join(top, inside)), key=_order):
        path = os.path.join(inside, entry.name)
        if entry.is_dir(follow_symlinks=False):
            mode, name = _DIRECTORY, _tree(top, path, made, entries)
        else:
            mode, content = _content(entry)
            name = made.add("blob", content)
            entries.append(_indexed(path, entry.stat(follow_symlinks=False), mode, name))
        found.append(b"%o %s\0" % (mode, entry.name) + name)
    return made.add("tree", b"".join(found))


def _order(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name + b"/" if entry.is_dir(follow_symlinks=False) else entry.name


def _content(entry: os.DirEntry[bytes]) -> tuple[int, bytes]:
    if entry.is_symlink():
        return _LINK, os.readlink(entry.path)
    with open(entry.path, "rb") as file:
        return _PROGRAM if entry.stat().st_mode & stat.S_IXUSR else _FILE, file.read()


def _indexed(path: bytes, found: os.stat_result, mode: int, name: bytes) -> bytes:
    times = (*divmod(found.st_ctime_ns, 10**9), *divmod(found.st_mtime_ns, 10**9))
    numbers = (*times, found.st_dev, found.st_ino, mode, found.st_uid, found.st_gid, found.st_size)
    entry = struct.pack(">10I", *(number & _WORD for number in numbers)) + name
    entry += struct.pack(">H", min(len(path), _LONGEST)) + path
    return entry + bytes(8 - len(entry) % 8)


def _head(kind: int, size: int) -> bytes:
    """The type and the size of a packed object: four bits of the size first, and then seven in each byte."""
    byte, size = kind << 4 | size & 0xF, size >> 4
    written = bytearray()
    while size:
        written.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*written, byte])


def _signed(content: bytes) -> bytes:
    return content + _sha1(content)


def _sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()
