"""`--fix`: the edits of findings, made together in the text, and written only where it still is what was read."""

from __future__ import annotations

import os

from paddock import replacing
from paddock.checking.editing import Impossible, made
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.kernel.openat2 import openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paddock.checking.files import File
    from paddock.checking.findings import Edit, Finding
    from paddock.checking.report import Report

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_AGAIN = "paddock check"
_MOST_ROUNDS = 8  # real files need two
_MOST_TRIED = 60_000  # edits, those that are tried again counted again: a file may be made of contradictions


@frozen
class Fixes:
    """What would be written (`texts`, by file), for which findings, and which of them contradict those."""

    texts: Mapping[str, str]
    fixed: tuple[Finding, ...]
    left: tuple[Finding, ...]


def plan(findings: Sequence[Finding], files: Mapping[str, File]) -> Fixes:
    """All edits that go together. Those of a finding are made all or not at all; the worst finding comes first."""
    plan = _Plan(files)
    plan.take([finding for finding in findings if finding.edits])
    texts = {name: text for name, text in plan.texts.items() if text != files[name].text}
    return Fixes(texts, tuple(plan.fixed), tuple(plan.left))


def settle(report: Report, again: Callable[[Mapping[str, str]], Report]) -> Fixes:
    """All edits, and those that are safe only after them, until there are no more; nothing is written meanwhile.

    `again` gives the report on the texts by file, which are what the files would be.
    """
    fixes = plan([row.finding for row in report.counting], report.files)
    texts, fixed = dict(fixes.texts), [*fixes.fixed]
    for _ in range(_MOST_ROUNDS):
        if not fixes.texts:
            break
        report = again(texts)
        fixes = plan([row.finding for row in report.counting], report.files)
        texts.update(fixes.texts)
        fixed += fixes.fixed
    return Fixes(texts, tuple(fixed), fixes.left)


class _Plan:
    """Edits that go together, so far."""

    def __init__(self, files: Mapping[str, File]) -> None:
        self.files = files
        self.wanted: dict[str, list[Edit]] = {}
        self.texts: dict[str, str] = {}
        self.fixed: list[Finding] = []
        self.left: list[Finding] = []
        self.tried = 0

    def take(self, findings: Sequence[Finding]) -> None:
        """All of them where that is possible, else each half after the other: contradictions are rare."""
        spent = self.tried > _MOST_TRIED
        if not findings or (not spent and self._takes(findings)):
            self.fixed += findings
        elif len(findings) == 1 or spent:
            self.left += findings
        else:
            self.take(findings[: len(findings) // 2])
            self.take(findings[len(findings) // 2 :])

    def _takes(self, findings: Sequence[Finding]) -> bool:
        wanted = {name: list(edits) for name, edits in self.wanted.items()}
        named = {edit.file for finding in findings for edit in finding.edits}
        for edit in (edit for finding in findings for edit in finding.edits):
            wanted.setdefault(edit.file, []).append(edit)
        self.tried += sum(len(wanted[name]) for name in named)
        texts = {name: _edited(self.files.get(name), wanted[name]) for name in named}
        possible = {name: text for name, text in texts.items() if text is not None}
        if len(possible) < len(texts):
            return False
        self.wanted = wanted
        self.texts |= possible
        return True


def _edited(file: File | None, edits: Sequence[Edit]) -> str | None:
    """The text with these edits; None where they cannot be made, or it could not be read afterwards."""
    if file is None or not file.writable:
        return None
    try:
        text = made(file.text, file.editor.changes(edits))
    except Impossible:
        return None
    return text if file.reads(text) else None


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
