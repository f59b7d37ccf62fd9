"""Random sequences of file operations, which can be done anywhere twice."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Every kind of name: plain, one that is a prefix of another, a newline, an escape, a backslash, quotes,
# bytes that are no UTF-8, beyond ASCII, a pattern's signs, spaces at the ends, a leading dash.
NAMES = (
    b"a", b"a.b", b"dir", b"sub", b"new\nline", b"\x1b[31mred", b"back\\slash", b'"quoted"', b"\xff\xfe", "è-日本".encode(),
    b"*?[x]", b" ends ", b"-rf", b"\x01\x7f", b"\xe2\x80\xaegnp.exe",
)  # fmt: skip
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(b"/".join)
CONTENT = st.sampled_from((b"", b"text\n", b"no end", b"\0binary\xff", b"line\n" * 400, b"text\n" * 2))
FILE_MODES = st.sampled_from((0o644, 0o755, 0o600, 0o400, 0o000, 0o200, 0o777))
DIRECTORY_MODES = st.sampled_from((0o755, 0o700, 0o555, 0o500, 0o1777))
TARGETS = st.sampled_from((b"a", b"dir", b"../a", b"/etc/passwd", b"../../..", b"\xff gone"))


@dataclass(frozen=True)
class Operation:
    """One call; `other` is the second path or the content."""

    name: str
    path: bytes
    other: bytes = b""
    mode: int = 0

    def perform(self, root: bytes) -> bool:
        """Whether it worked. Links may point anywhere; operations never follow one out of the tree."""
        within = os.path.realpath(root) + b"/"
        names = [self.path, self.other] if self.name in ("rename", "link") else [self.path]
        if not all(os.path.realpath(root + b"/" + name).startswith(within) for name in names):
            return False
        try:
            getattr(self, self.name)(root + b"/" + self.path, root)
        except OSError:
            return False
        return True

    def write(self, path: bytes, root: bytes) -> None:
        with open(path, "wb") as file:
            file.write(self.other)

    def append(self, path: bytes, root: bytes) -> None:
        with open(path, "ab") as file:
            file.write(self.other)

    def replace(self, path: bytes, root: bytes) -> None:
        """As editors write: a new file, renamed over the old one."""
        with open(path + b"~", "wb") as file:
            file.write(self.other)
        try:
            os.rename(path + b"~", path)
        except OSError:
            os.unlink(path + b"~")  # it failed as a whole
            raise

    def truncate(self, path: bytes, root: bytes) -> None:
        os.truncate(path, 3)

    def sparse(self, path: bytes, root: bytes) -> None:
        with open(path, "wb") as file:
            file.seek(3 << 20)
            file.write(b"end")
            file.truncate(5 << 20)

    def chmod_file(self, path: bytes, root: bytes) -> None:
        if os.path.isfile(path) and not os.path.islink(path):
            os.chmod(path, self.mode)

    def chmod_directory(self, path: bytes, root: bytes) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, self.mode)

    def unlink(self, path: bytes, root: bytes) -> None:
        os.unlink(path)

    def mkdir(self, path: bytes, root: bytes) -> None:
        os.mkdir(path)

    def rmdir(self, path: bytes, root: bytes) -> None:
        os.rmdir(path)

    def remove_tree(self, path: bytes, root: bytes) -> None:
        shutil.rmtree(path)

    def rename(self, path: bytes, root: bytes) -> None:
        os.rename(path, root + b"/" + self.other)

    def symlink(self, path: bytes, root: bytes) -> None:
        os.symlink(self.other, path)

    def link(self, path: bytes, root: bytes) -> None:
        os.link(path, root + b"/" + self.other, follow_symlinks=False)

    def swap_type(self, path: bytes, root: bytes) -> None:
        """A file becomes a directory with a file in it, and the other way round."""
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
            self.write(path, root)
        else:
            os.unlink(path)
            os.mkdir(path)
            self.write(path + b"/inner", root)


NOTHING, NO_MODE = st.just(b""), st.just(0)


def _operation(name: str, other: st.SearchStrategy[bytes] = NOTHING, mode: st.SearchStrategy[int] = NO_MODE):
    return st.builds(Operation, st.just(name), PATHS, other, mode)


OPERATIONS = st.one_of(
    *(_operation(name, CONTENT) for name in ("write", "append", "replace", "swap_type")),
    *(_operation(name) for name in ("truncate", "sparse", "unlink", "mkdir", "rmdir", "remove_tree")),
    _operation("chmod_file", mode=FILE_MODES),
    _operation("chmod_directory", mode=DIRECTORY_MODES),
    _operation("rename", PATHS),
    _operation("rename", PATHS),
    _operation("link", PATHS),
    _operation("symlink", TARGETS),
)
# What a tree starts with: directories and files in most places, so that later operations meet something.
STARTS = st.lists(
    st.one_of(_operation("mkdir"), _operation("mkdir"), _operation("write", CONTENT), _operation("symlink", TARGETS)),
    min_size=10,
    max_size=40,
)
SEQUENCES = st.lists(OPERATIONS, min_size=1, max_size=25)


def perform(operations: Sequence[Operation], root: str | Path) -> bytes:
    """One byte for each operation: 1 where it worked."""
    return bytes(operation.perform(os.fsencode(root)) for operation in operations)
