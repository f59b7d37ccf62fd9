"""What `paddock check` found, for a person: each finding with its line and what to do about it."""

from __future__ import annotations

import re

from paddock.checking.findings import SEVERITIES
from paddock.cli.style import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.checking.fixing import Fixes
    from paddock.checking.report import Report, Row
    from paddock.checking.rule import Rule
    from paddock.devcontainer.document import Place

_COLORS = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan", "info": "blue"}
_MOST = 200  # findings; a real file has some twenty
_LONGEST = 400  # characters of one message
_MARGIN = 2
_COMMAND = re.compile(r"^([ \t+-]*)(?=::)", re.MULTILINE)
_BEFORE_SHOWN = "    "  # of an excerpt


def text(report: Report, width: int) -> str:
    """All findings that count, and how many others there are."""
    rows = report.counting[:_MOST]
    shown = {name: report.shown(name) for name in {row.place.file for row in rows}}
    blocks = [_block(row, shown[row.place.file], width) for row in rows]
    rest = len(report.counting) - _MOST
    if rest > 0:
        blocks.append(f"... and {rest} more: --format json has all of them\n")
    return inert("\n".join([*blocks, "\n".join(_sums(report)) + "\n"]))


def inert(text: str) -> str:
    """The text without lines that GitHub's runner would obey when it reads them in a log.

    It takes `::` at the beginning of a line, after blanks, and `##[` anywhere (actions/runner, ActionCommand.cs).
    """
    return _COMMAND.sub(r"\1\\", text).replace("##[", "##\\[")


def fixed(fixes: Fixes) -> str:
    """What --fix did, and what waits for the next time."""
    lines = [f"fixed {plain(name)}" for name in sorted(fixes.texts)] or ["nothing could safely be fixed"]
    if fixes.left:
        lines.append(f"{len(fixes.left)} fixes of the same lines are left: paddock check --fix")
    return "\n".join(lines) + "\n\n"


def _block(row: Row, shown: str, width: int) -> str:
    finding = row.finding
    head = f"{paint(finding.severity, 'bold', _COLORS[finding.severity])} {finding.rule} {finding.slug}"
    lines = [f"{head}  {paint(plain(str(row.place)), 'dim')}"]
    lines += _wrapped(_cut(finding.message), width)
    if finding.source.place != row.place:
        lines += _wrapped(f"from {finding.source.where} {finding.source.key}".rstrip(), width)
    lines += excerpt(shown, row.place, width)
    lines += [line for one in finding.also for line in _wrapped(f"also {one.where} {one.key}".rstrip(), width)]
    lines += _wrapped(f"fix: {_cut(finding.fix)}", width, hanging=5)
    return "\n".join(lines) + "\n"


def excerpt(text: str, place: Place, width: int) -> Iterator[str]:
    """The line of a place, as much of it as there is room for, and carets below what is meant."""
    begin = text.rfind("\n", 0, place.offset) + 1
    line = text[begin : min(place.offset + _LONGEST, len(text))].partition("\n")[0].rstrip("\r")
    number = f"{_BEFORE_SHOWN}{place.line} | "
    room = max(width - len(number), 20)
    parts = (line[: place.offset - begin].removeprefix("\ufeff"), line[place.offset - begin : place.end - begin])
    left, meant, right = (plain(it.replace("\t", " ")) for it in (*parts, line[place.end - begin :]))
    left = left if len(left) <= room // 2 else f"...{left[3 - room // 2 :]}"
    yield f"{paint(number, 'dim')}{(left + meant + right)[:room].rstrip()}"
    carets = "^" * max(1, min(len(meant), room - len(left)))
    yield f"{' ' * (len(number) - 2)}{paint('|', 'dim')} {' ' * len(left)}{paint(carets, 'red')}"


def _sums(report: Report) -> Iterator[str]:
    counted = ", ".join(f"{count} {severity}" for severity, count in report.counted().items() if count)
    files = f"{len(report.configurations)} configuration{'s' * (len(report.configurations) != 1)}"
    yield paint(f"{counted or 'nothing found'} in {files}", "bold")
    for state, what in (("suppressed", "suppressed by comments"), ("known", "known to the baseline")):
        number = sum(row.state == state for row in report.rows)
        if number:
            yield f"{number} {what}"
    if report.gone:
        yield f"{len(report.gone)} of the baseline are gone: --write-baseline forgets them"
    fixable = sum(bool(row.finding.edits) for row in report.counting)
    if fixable:
        yield f"{fixable} can be fixed: paddock check --diff shows how, --fix does it"
    if report.counting:
        yield f"next: paddock check --explain {report.counting[0].finding.rule}"


def listed(rules: Sequence[Rule], width: int) -> str:
    """One line for each rule, in the order of their ids."""
    import textwrap

    lines = []
    for rule in rules:
        head = f"{rule.id} {rule.severity:<8} {rule.slug:<24} "
        said = textwrap.wrap(rule.title, max(width - len(head), 20), break_on_hyphens=False)
        lines += [head + said[0], *(f"{'':{len(head)}}{line}" for line in said[1:])]
    sums = ", ".join(f"{sum(rule.severity == one for rule in rules)} {one}" for one in SEVERITIES)
    fixes = sum(rule.safe_fix for rule in rules)
    return "\n".join([*lines, "", f"{len(rules)} rules: {sums}; {fixes} with a safe fix"]) + "\n"


def explained(rules: Sequence[Rule], width: int) -> str:
    """Each rule in full."""
    return "\n".join("".join(f"{line}\n" for line in _explained(rule, width)) for rule in rules)


def _explained(rule: Rule, width: int) -> Iterator[str]:
    import textwrap

    yield f"{paint(rule.id, 'bold')} {rule.slug}"
    parts = (
        ("what", f"{rule.title} ({rule.severity})"),
        ("why", rule.why),
        ("fix", f"{rule.fix}{' (--fix does it where it is safe)' if rule.safe_fix else ''}"),
        ("see", "; ".join(rule.references)),
        ("covers", ", ".join(rule.covers)),
        ("suppress", f"// paddock: ignore {rule.id} until 2027-01-31 because REASON"),
    )
    for what, said in parts:
        if said:
            lines = textwrap.wrap(said, max(width - 12, 20), break_on_hyphens=False)
            yield f"  {paint(f'{what:<10}', 'dim')}{lines[0]}"
            yield from (f"{'':12}{line}" for line in lines[1:])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _wrapped(text: str, width: int, hanging: int = 0) -> list[str]:
    import textwrap

    indent = " " * _MARGIN
    return textwrap.wrap(
        plain(text), max(width, 40), initial_indent=indent, subsequent_indent=indent + " " * hanging,
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip
