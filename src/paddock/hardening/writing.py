"""The files of a hardened configuration: their texts, what differs from what is there, and putting them there."""

from __future__ import annotations

import os
import posixpath

from paddock import replacing
from paddock.devcontainer.files import Files, Unread
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.hardening.compiling import MARK, compiled
from paddock.hardening.composing import FILE
from paddock.hardening.sheet import written
from paddock.kernel.openat2 import openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.hardening.case import Case
    from paddock.hardening.compiling import Hardened
    from paddock.hardening.sheet import Sheet

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LARGEST = 4 << 20
_OURS = (MARK.encode(), MARK.replace("//", "#", 1).encode())


@frozen
class Texts:
    """What is to be in each file, and what is there now (empty for nothing), by paths relative to the opened folder."""

    after: Mapping[str, str]
    before: Mapping[str, bytes]
    hardened: Hardened

    @property
    def differs(self) -> bool:
        """Whether there is anything to write."""
        return any(self.before[name] != text.encode() for name, text in self.after.items())


def texts(case: Case, sheet: Sheet) -> Texts:
    """All that would be written. Raises Refused where a file of somebody else's stands in the place."""
    found = compiled(case, sheet)
    after = {case.target: written(found.sheet)}
    if found.compose:
        after[posixpath.join(posixpath.dirname(case.target), FILE)] = found.compose
    files = Files(case.effective.folder)
    before = {name: _there(files, name) for name in after}
    for name, raw in before.items():
        if raw and not raw.startswith(_OURS):
            raise Refused(
                f"{name} was not made by paddock harden",
                why="somebody wrote it, and it would be lost",
                next_step="paddock harden --output .devcontainer/NAME/devcontainer.json",
                code="not-ours",
            )
    return Texts(after, before, found)


def _there(files: Files, name: str) -> bytes:
    try:
        return files.raw(name, _LARGEST)
    except Unread as error:
        if error.missing:
            return b""
        raise


def diff(case: Case, found: Texts) -> str:
    """What is different from the team's own file; and what a second compose file says, whole."""
    from difflib import unified_diff

    own = case.file.document.text.lstrip("\ufeff").replace("\r\n", "\n")
    parts: list[str] = []
    for name, text in found.after.items():
        before, source = (own, case.source) if name == case.target else ("", "/dev/null")
        label = source if source == "/dev/null" else f"a/{source}"
        parts += unified_diff(before.splitlines(keepends=True), text.splitlines(keepends=True), label, f"b/{name}")
    return "".join(one if one.endswith("\n") else f"{one}\n\\ No newline at end of file\n" for one in parts)


def write(case: Case, found: Texts) -> None:
    """Put the files there, each whole or not at all; no link is followed. Raises PaddockError, OSError."""
    root = os.open(case.effective.folder, _FOLDER)
    try:
        for name, text in found.after.items():
            where, _, base = name.rpartition("/")
            held = _made(root, where, name)
            try:
                replacing.replace_in(held, base, found.before[name], text.encode(), again="paddock harden --diff")
            finally:
                os.close(held)
    finally:
        os.close(root)


def _made(root: int, where: str, name: str) -> int:
    """The folder of a file, made where it is missing."""
    here = os.dup(root)
    for part in where.split("/") if where else ():
        try:
            try:
                below = openat2(here, part, _FOLDER)
            except FileNotFoundError:
                os.mkdir(part, 0o755, dir_fd=here)
                below = openat2(here, part, _FOLDER)
        except OSError as error:
            raise Refused(
                f"{name} is not written",
                why=f"{part} is no folder of its own here: {error.strerror}",
                next_step="paddock harden --diff shows what would be written",
                code="link",
            ) from error
        finally:
            os.close(here)
        here = below
    return here
