"""How often each rule of `paddock check` speaks on a folder of real configurations, as a table in Markdown.

python benchmarks/rules.py FOLDER

FOLDER holds NNN.json and SOURCES.tsv, which says where each file stood in its repository. Files are put back to their
place in a repository of their own, with nothing else in it: compose files, Dockerfiles and images are not there.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.checking import rule as rules
from paddock.checking import running
from paddock.checking.search import of_file
from paddock.checking.surroundings import look
from paddock.devcontainer.document import Broken
from paddock.devcontainer.effective import effective
from paddock.devcontainer.finding import Found
from paddock.devcontainer.labels import NotKnown
from paddock.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.checking.findings import Finding


@frozen
class Judged:
    """One file: what its rules say, each on its own (`said`), and what a person is told (`told`)."""

    number: str
    said: tuple[Finding, ...]
    told: tuple[Finding, ...]


def judge(folder: Path) -> Iterator[Judged]:
    """All files that can be read."""
    functions = rules.functions()
    catalogue = tuple(one for one in rules.load() if one.id in functions)
    with (folder / "SOURCES.tsv").open() as sources, tempfile.TemporaryDirectory() as top:
        for row in csv.DictReader(sources, delimiter="\t"):
            number = row["file"].removesuffix(".json")
            repository = Path(top, number)
            path = repository / row["path"]
            path.parent.mkdir(parents=True)
            (repository / ".git").mkdir(exist_ok=True)
            path.write_bytes((folder / row["file"]).read_bytes())
            try:
                said = _said(path, repository, catalogue, functions)
            except Broken:
                continue
            yield Judged(number, said, running.in_order(running.distinct(said, catalogue)))


def _said(
    path: Path, repository: Path, catalogue: tuple[rules.Rule, ...], functions: Mapping[str, tuple[rules.Function, ...]]
) -> tuple[Finding, ...]:
    opened = of_file(str(path))
    configuration = opened.configurations[0]
    found = Found(opened.folder, str(repository), configuration, configuration, ())
    result = effective(found, ask=lambda name: NotKnown(name, "no engine is asked"))
    context = look(opened, configuration, result.layers[-1].document.text, str(repository))
    return tuple(
        running.finding(one, hit)
        for one in catalogue
        for function in functions[one.id]
        for hit in function(result, context)
    )


def main(folder: Path) -> None:
    """Print the table."""
    files: Counter[str] = Counter()
    findings: Counter[str] = Counter()
    count = 0
    for judged in judge(folder):
        count += 1
        files.update({one.rule for one in judged.told})
        findings.update(one.rule for one in judged.told)
    print(f"{count} files\n\n| rule | name | files | findings |\n|---|---|---|---|")
    functions = rules.functions()
    for one in rules.load():
        if files[one.id]:
            print(f"| {one.id} | {one.slug} | {files[one.id]} | {findings[one.id]} |")
    quiet = [one.id for one in rules.load() if one.id in functions and not files[one.id]]
    print(f"\nnowhere: {', '.join(quiet)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
