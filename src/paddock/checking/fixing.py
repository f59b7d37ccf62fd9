"""`--fix`: the edits of findings, made together in the text, and written only where it still is what was read."""

from __future__ import annotations

import os

from paddock import replacing
from paddock.checking.editing import Impossible, changes, made
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.kernel.openat2 import openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.checking.files import File
    from paddock.checking.findings import Edit, Finding

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_AGAIN = "paddock check"


@frozen
class Fixes:
    """What would be written (`texts`, by file), for which findings, and which of them contradict those."""

    texts: Mapping[str, str]
    fixed: tuple[Finding, ...]
    left: tuple[Finding, ...]


def plan(findings: Sequence[Finding], files: Mapping[str, File]) -> Fixes:
    """All edits that go together. Those of a finding are made all or not at all; the worst finding comes first."""
    wanted: dict[str, list[Edit]] = {}
    fixed, left = [], []
    for finding in findings:
        if not finding.edits:
            continue
        more = {name: list(edits) for name, edits in wanted.items()}
        for edit in finding.edits:
            more.setdefault(edit.file, []).append(edit)
        if all(_fits(files.get(edit.file), more[edit.file]) for edit in finding.edits):
            wanted = more
            fixed.append(finding)
        else:
            left.append(finding)
    texts = {name: made(files[name].text, changes(files[name].document, edits)) for name, edits in wanted.items()}
    return Fixes({name: text for name, text in texts.items() if text != files[name].text}, tuple(fixed), tuple(left))


def _fits(file: File | None, edits: Sequence[Edit]) -> bool:
    """Whether the edits can be made, and the file can still be read afterwards."""
    if file is None or not file.writable:
        return False
    try:
        text = made(file.text, changes(file.document, edits))
    except Impossible:
        return False
    return file.reads(text)


def diff(fixes: Fixes, files: Mapping[str, File]) -> str:
    """The changes as a unified diff, as patch(1) takes it."""
    from difflib import unified_diff

    parts: list[str] = []
    for name, text in sorted(fixes.texts.items()):
        before, after = (one.split("\n") for one in (files[name].text, text))
        whole = (_ended(before), _ended(after))
        parts += unified_diff(*whole, f"a/{name}", f"b/{name}")
    return "".join(parts)


def _ended(lines: list[str]) -> list[str]:
    """The lines with their ends; the last one, where it has none, with what patch(1) wants to read there."""
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, f"{lines[-1]}\n\\ No newline at end of file\n"] if lines[-1] else ended


def write(fixes: Fixes, files: Mapping[str, File], folder: str) -> None:
    """Write each file, whole or not at all. No link in `folder` is followed. Raises PaddockError, OSError.

    All are looked at before the first is written: one that somebody changed stops everything.
    """
    root = os.open(folder, _FOLDER)
    opened: list[int] = []
    try:
        places = []
        for name in sorted(fixes.texts):
            where, _, base = name.rpartition("/")
            opened.append(_open(root, where or ".", name))
            places.append((opened[-1], base, files[name].raw, fixes.texts[name].encode()))
        for held, base, before, _ in places:
            replacing.check(held, base, before, again=_AGAIN)
        for held, base, before, after in places:
            replacing.replace_in(held, base, before, after, again=_AGAIN)
    finally:
        for one in (*opened, root):
            os.close(one)


def _open(root: int, where: str, name: str) -> int:
    try:
        return openat2(root, where, _FOLDER)
    except OSError as error:
        raise Refused(
            f"{name} is not written",
            why=f"{where} leads elsewhere: {error.strerror}",
            next_step="paddock check --diff shows what would be changed",
            code="link",
        ) from error
