"""A change set as text: git's unified format, so that people and `git apply` can read it.

What that format cannot say (permissions beyond the executable bit, directories, held entries) stands in lines
that begin with `#`, which `git apply` passes over. Lines of content are given as they are; whoever prints to
a terminal makes them plain first. The hazards of a change stand above it.
"""

from __future__ import annotations

import os
import stat

from paddock.frozen import frozen
from paddock.reporting.text import visible
from paddock.workspace import content, holding, lines
from paddock.workspace.content import open_file, open_upper_file
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from paddock.workspace.change import Change

LARGEST_BYTES = 4 << 20
HEADER, NOTE, HAZARD, HUNK, OLD, NEW, SAME = "header", "note", "hazard", "hunk", "-", "+", " "
NO_END = "\\ No newline at end of file"


@frozen
class Line:
    """One line without its end. `kind` is one of the constants above."""

    kind: str
    text: str


@frozen
class FileDiff:
    """One change as lines; `added` and `removed` count lines of content."""

    change: Change
    lines: tuple[Line, ...]
    added: int = 0
    removed: int = 0


@frozen
class _Side:
    """One side of a comparison. `data` is None where it is too large, `absent` where there is nothing."""

    mode: int = 0
    data: bytes | None = b""
    size: int = 0
    problem: str = ""

    @property
    def absent(self) -> bool:
        return self.mode == 0


def differences(changes: Iterable[Change], upper: int, lower: int) -> Iterator[FileDiff]:
    """The changes as text, one after the other; files are read only now, beneath their roots."""
    before = ""
    for change, after in _with_next(changes):
        warnings = tuple(_hazards(change))
        if change.held:
            yield FileDiff(change, (*warnings, _held(change, upper)))
        elif change.type == "directory" and change.kind != "replaced":
            # What lies in a directory shows it: it comes after one that is made, and before one that is deleted.
            neighbour = before if change.kind == "deleted" else after
            shown = change.kind == "mode" or not neighbour.startswith(change.path + "/")
            yield FileDiff(change, (*warnings, *((_directory(change),) if shown else ())))
        else:
            yield _difference(change, warnings, upper, lower)
        before = change.path


def _with_next(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Each change with the path of the next one."""
    last = None
    for change in changes:
        if last:
            yield last, change.path
        last = change
    if last:
        yield last, ""


def _hazards(change: Change) -> Iterator[Line]:
    for hazard in change.hazards:
        yield Line(HAZARD, f"# hazard {hazard.name} ({hazard.severity}): {quoted(change.path)}: {visible(hazard.why)}")
        yield from (Line(HAZARD, f"#   | {visible(line)}") for line in hazard.evidence)


def _held(change: Change, upper: int) -> Line:
    target = f" -> {quoted(_target(upper, change.path))}" if change.type == "symlink" else ""
    return Line(NOTE, f"# held: {quoted(change.path)}{target} ({change.kind}): {holding.REASONS[change.held]}")


def _directory(change: Change) -> Line:
    name = quoted(change.path + "/")
    if change.kind == "mode":
        return _modes(change, name)
    return Line(NOTE, f"# {'deleted' if change.kind == 'deleted' else 'new'} directory: {name}")


def _modes(change: Change, name: str) -> Line:
    return Line(NOTE, f"# mode {change.old_mode & 0o7777:04o} -> {change.mode:04o}: {name}")


def _difference(change: Change, warnings: Sequence[Line], upper: int, lower: int) -> FileDiff:
    old = _side(lower, change.source or change.path, change.old_mode, change.old_size, open_file)
    new = _Side()
    if change.kind != "deleted":
        new = _side(upper, change.path, change.mode | stat.S_IFMT(change.new_mode), change.new_size, open_upper_file)
    collected = list(warnings)
    if change.note:
        collected.append(Line(NOTE, f"# {change.note}: {quoted(change.path)}"))
    parts = [(old, _Side()), (_Side(), new)] if change.kind == "replaced" else [(old, new)]
    for one, other in parts:
        if not one.absent or not other.absent:
            notes, body = _body(change, one, other)
            collected += [*notes, *_header(change, one, other), *body]
    added, removed = (sum(line.kind == kind for line in collected) for kind in (NEW, OLD))
    return FileDiff(change, tuple(collected), added, removed)


def _side(root: int, path: str, mode: int, size: int, opener: Callable[[int, str], int]) -> _Side:
    if stat.S_ISLNK(mode):
        return _Side(mode, os.fsencode(_target(root, path)))
    if not stat.S_ISREG(mode):
        return _Side()  # nothing, or a directory: what is in it is shown by itself
    try:
        descriptor = content.open_below(root, path, opener)
    except OSError as error:
        return _Side(mode, None, size, f"cannot be read: {error.strerror}")
    try:
        is_large = os.fstat(descriptor).st_size > LARGEST_BYTES  # then not a byte of it is read
        return _Side(mode, None if is_large else content.read_all(descriptor, LARGEST_BYTES), size)
    finally:
        os.close(descriptor)


def _target(root: int, path: str) -> str:
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, PLACE)
    except OSError:
        return ""
    try:
        return os.readlink(name, dir_fd=place)
    except OSError:
        return ""
    finally:
        os.close(place)


def _git_mode(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "120000"
    return "100755" if mode & stat.S_IXUSR else "100644"


def _header(change: Change, old: _Side, new: _Side) -> Iterator[Line]:
    before, after = quoted(f"a/{change.source or change.path}"), quoted(f"b/{change.path}")
    both = not old.absent and not new.absent
    if both and (old.mode ^ new.mode) & 0o7777 and _git_mode(old.mode) == _git_mode(new.mode):
        yield _modes(change, quoted(change.path))
        if change.kind == "mode":
            return
    yield Line(HEADER, f"diff --git {before} {after}")
    if old.absent:
        yield Line(HEADER, f"new file mode {_git_mode(new.mode)}")
    elif new.absent:
        yield Line(HEADER, f"deleted file mode {_git_mode(old.mode)}")
    elif _git_mode(old.mode) != _git_mode(new.mode):
        yield Line(HEADER, f"old mode {_git_mode(old.mode)}")
        yield Line(HEADER, f"new mode {_git_mode(new.mode)}")
    if change.kind == "renamed":
        yield Line(HEADER, "similarity index 100%")
        yield Line(HEADER, f"rename from {quoted(change.source)}")
        yield Line(HEADER, f"rename to {quoted(change.path)}")


def _body(change: Change, old: _Side, new: _Side) -> tuple[list[Line], list[Line]]:
    """What comes above the header and what below."""
    if change.kind in ("mode", "renamed"):
        return [], []
    before, after = quoted(f"a/{change.source or change.path}"), quoted(f"b/{change.path}")
    names = ("/dev/null" if old.absent else before, "/dev/null" if new.absent else after)
    if old.data is None or new.data is None:
        why = old.problem or new.problem or f"large file, {old.size} bytes → {new.size} bytes"
        return [Line(NOTE, f"# {why}: {quoted(change.path)}")], [_binary(names)]
    if b"\0" in old.data[: content.BINARY_LOOK_BYTES] or b"\0" in new.data[: content.BINARY_LOOK_BYTES]:
        return [], [_binary(names)]
    text = list(_hunks(old.data, new.data))
    if text:
        text[:0] = [Line(HEADER, f"--- {_tabbed(names[0])}"), Line(HEADER, f"+++ {_tabbed(names[1])}")]
    return [], text


def _binary(names: tuple[str, str]) -> Line:
    return Line(HEADER, f"Binary files {names[0]} and {names[1]} differ")


def _tabbed(name: str) -> str:
    """A tab ends a name that has spaces, as git writes it: what follows could be a date."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name


def _hunks(old: bytes, new: bytes) -> Iterator[Line]:
    before, after = lines.split_lines(old), lines.split_lines(new)
    for group in lines.hunks(before, after):
        first, last = group[0], group[-1]
        yield Line(
            HUNK,
            f"@@ -{range_text(first.old_start, last.old_end)} +{range_text(first.new_start, last.new_end)} @@",
        )
        for step in group:
            if step.same:
                yield from content_lines(SAME, before[step.old_start : step.old_end])
            else:
                yield from content_lines(OLD, before[step.old_start : step.old_end])
                yield from content_lines(NEW, after[step.new_start : step.new_end])


def range_text(start: int, end: int) -> str:
    """Lines from `start` up to `end`, counted from 0, as the head of a hunk names them."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def content_lines(kind: str, found: Sequence[bytes]) -> Iterator[Line]:
    """Lines of a text as those of a diff, with the note where the last one has no end."""
    for line in found:
        yield Line(kind, kind + line.removesuffix(b"\n").decode("utf-8", "surrogateescape"))
        if not line.endswith(b"\n"):
            yield Line(NOTE, NO_END)
