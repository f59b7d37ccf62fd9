"""One check: all rules over all configurations, without what comments or a baseline take out of the count."""

from __future__ import annotations

from paddock.checking import baseline, suppressing
from paddock.checking.anchors import anchor
from paddock.checking.editing import Impossible
from paddock.checking.findings import SEVERITIES, Hit
from paddock.checking.report import Report, Row
from paddock.checking.running import finding as made
from paddock.checking.running import run
from paddock.devcontainer.source import Source
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.checking.baseline import Entry
    from paddock.checking.context import Context
    from paddock.checking.files import File
    from paddock.checking.findings import Edit, Finding
    from paddock.checking.rule import Function, Rule
    from paddock.devcontainer.document import Place
    from paddock.devcontainer.model import Effective

NOT_CHECKED = "DC001"


@frozen
class Subject:
    """One configuration as it was read: `files[0]` is the devcontainer.json itself.

    `names` are the files' names in places and edits, which are relative to the folder or the repository, and those in
    `files`, which are the same for all configurations.
    """

    files: tuple[File, ...]
    names: Mapping[str, str]
    effective: Effective
    context: Context


@frozen
class Unread:
    """One configuration that could not be read: why, as far as it was read, and where that ended."""

    file: File
    why: str
    place: Place


@frozen
class Wanted:
    """What is asked of a check: which rules, on which day (2026-11-21), beside which baseline, if any."""

    rules: tuple[Rule, ...]
    functions: Mapping[str, Sequence[Function]]
    today: str
    fail_on: str = "high"
    baseline: tuple[Entry, ...] | None = None


def check(subjects: Sequence[Subject | Unread], wanted: Wanted) -> Report:
    """The report. Pure."""
    files = {file.name: file for subject in subjects for file in _files(subject)}
    rules = {rule.id: rule for rule in wanted.rules}
    # Two configurations may share a compose file or a Dockerfile, whose findings are found with each of them.
    rows = tuple({_identity(row): row for row in _rows(subjects, wanted, rules, files)}.values())
    comments = [comment for file in files.values() for comment in file.comments()]
    suppressions, wrong = suppressing.read(comments, wanted.rules)
    ran = frozenset(wanted.functions) & rules.keys()
    rows, hits = suppressing.sift(rows, suppressions, today=wanted.today, ran=ran)
    rows += tuple(_of_comment(made(rules[rule], hit)) for rule, hit in (*wrong, *hits) if rule in rules)
    texts, secret = {name: file.text for name, file in files.items()}, {rule.id for rule in wanted.rules if rule.secret}
    rows = baseline.marked(sorted(rows, key=_order), texts, secret)
    rows, gone = baseline.compared(rows, wanted.baseline or ())
    names = tuple(_files(subject)[0].name for subject in subjects)
    return Report(names, rows, wanted.rules, files, wanted.fail_on, wanted.baseline is not None, gone)


def _files(subject: Subject | Unread) -> tuple[File, ...]:
    return (subject.file,) if isinstance(subject, Unread) else subject.files


def _rows(
    subjects: Sequence[Subject | Unread], wanted: Wanted, rules: Mapping[str, Rule], files: Mapping[str, File]
) -> Iterator[Row]:
    asked = [rule for rule in wanted.rules if rule.id in wanted.functions]
    for subject in subjects:
        if isinstance(subject, Unread):
            if NOT_CHECKED in rules:
                hit = Hit(subject.why, Source("file", subject.file.name, (), subject.place))
                yield Row(made(rules[NOT_CHECKED], hit), subject.place)
            continue
        for found in run(asked, wanted.functions, subject.effective, subject.context):
            one = _renamed(found, subject.names)
            yield Row(_with_possible_edits(one, files), anchor(one.source, subject.files[0], files))


def _of_comment(finding: Finding) -> Row:
    assert finding.source.place is not None  # noqa: S101 - it is the comment's
    return Row(finding, finding.source.place)


def _renamed(finding: Finding, names: Mapping[str, str]) -> Finding:
    """The same finding with the files' names of the report."""

    def place(given: Place | None) -> Place | None:
        return replace(given, file=names.get(given.file, given.file)) if given else None

    def source(given: Source) -> Source:
        name = given.name if given.layer == "feature" else names.get(given.name, given.name)
        return replace(given, name=name, place=place(given.place))

    edits = tuple(replace(it, file=names.get(it.file, it.file), place=place(it.place)) for it in finding.edits)
    return replace(finding, source=source(finding.source), also=tuple(map(source, finding.also)), edits=edits)


def _with_possible_edits(finding: Finding, files: Mapping[str, File]) -> Finding:
    """Without edits that cannot be made, or that go to a file that must not be written."""
    by_file: dict[str, list[Edit]] = {}
    for edit in finding.edits:
        by_file.setdefault(edit.file, []).append(edit)
    try:
        for name, edits in by_file.items():
            if name not in files or not files[name].writable:
                return replace(finding, edits=())
            files[name].editor.changes(edits)
    except Impossible:
        return replace(finding, edits=())
    return finding


def _identity(row: Row) -> object:
    return (row.finding.rule, row.finding.message, row.finding.source, row.place)


def _order(row: Row) -> tuple[int, str, str, int, str]:
    """The worst first, then by place."""
    place = row.place
    return SEVERITIES.index(row.finding.severity), row.finding.rule, place.file, place.offset, row.finding.message
