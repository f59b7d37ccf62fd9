"""Configurations, rules and reports of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from paddock.checking import whole
from paddock.checking.context import Context
from paddock.checking.files import File
from paddock.checking.findings import Edit, Hit
from paddock.checking.rule import Rule, load
from paddock.devcontainer import jsonc
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.checking.baseline import Entry
    from paddock.checking.report import Report
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Effective

FILE = ".devcontainer/devcontainer.json"
TODAY = "2026-11-21"
NASTY = "\x1b[2J\u202e\r\n::error::x%0A<&\"']]>\x00\udc80"
ITSELF = tuple(one for one in load() if one.id < "DC1")


def rule(id_: str, severity: str = "high", **more: Any) -> Rule:
    return Rule(id_, f"slug-{id_[2:]}", f"the title of {id_}", severity, "why", ("a CVE",), "mend it", **more)


RULES = (
    *ITSELF,
    rule("DC201", "critical", safe_fix=True, covers=("DC202",)),
    rule("DC202", "high"),
    rule("DC301", "medium"),
    rule("DC701", "high", secret=True),
    rule("DC901", "info"),
)


def json_file(text: str, name: str = FILE) -> File:
    return File(name, "json", text.encode("utf-8", "surrogatepass"), text, jsonc.parse(name, text))


def source(file: File, *path: str | int) -> Source:
    assert file.document
    node = file.document.root.at(*path)
    assert node
    return Source("file", file.name, path, node.place)


def members(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    yield path, node
    for one in node.members:
        yield from members(one.node, (*path, one.key))
    for number, item in enumerate(node.items):
        yield from members(item, (*path, number))


def check(  # noqa: PLR0913 - what a run may be given
    text: str,
    *,
    baseline: tuple[Entry, ...] | None = None,
    fail_on: str = "high",
    others: Sequence[File] = (),
    today: str = TODAY,
    hits: dict[str, list[Hit]] | None = None,
    name: str = FILE,
) -> Report:
    """The report on one file: each text "bad" in it is a critical finding that can be fixed, and so on."""
    file = json_file(text, name)

    def of_value(value: object, *, fix: bool = False) -> Any:
        def found(_: Effective, __: Context) -> Iterator[Hit]:
            assert file.document
            for path, node in members(file.document.root):
                if node.value == value:
                    edits = (Edit(name, "remove", path),) if fix and path else ()
                    yield Hit(f"it is {value}", Source("file", name, path, node.place), edits=edits)

        return found

    functions = {
        "DC201": (of_value("bad", fix=True),),
        "DC202": (of_value("bad"), of_value("worse")),
        "DC301": (of_value("odd"),),
        "DC701": (of_value("hunter2"),),
        "DC901": (of_value("note"),),
    }
    for id_, given in (hits or {}).items():
        functions[id_] = (*functions[id_], lambda _, __, given=given: given)
    subject = whole.Subject(
        (file, *others), {}, cast("Effective", None), Context(folder="/repository", configuration=name)
    )
    return whole.check([subject], whole.Wanted(RULES, functions, today, fail_on, baseline))


def told(report: Report, *states: str) -> list[tuple[str, int]]:
    """The rules and lines of the rows in these states; those that count if none is given."""
    return [(row.finding.rule, row.place.line) for row in report.rows if row.state in (states or ("counts",))]
