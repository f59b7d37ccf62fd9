"""`paddock policy`: write, show, check the policy, and its schema for editors."""

from __future__ import annotations

import os

from paddock import sources, state
from paddock.cli.flags import declare_at_the_end
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import PaddockError, PolicyError
from paddock.frozen import as_data, replace
from paddock.policy.model import Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.policy.model import LayerKind, Policy
    from paddock.policy.rows import Row

SUMMARY = "write, show and check the policy"
DETAILS = """A policy says what a sandbox may see, change, reach and use. Without one the defaults hold.

  paddock policy init            write ./paddock.toml with every setting explained
  paddock policy init --person   the same for your own policy, for all repositories
  paddock policy show            what all files together say, and which line decided
  paddock policy check           find mistakes, in the files in force or in one FILE, and name what is risky
  paddock policy schema          JSON Schema (draft 2020-12) for editors

exit status: 0, or 126 when a file has a mistake or loosens the floor."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The verbs of `policy`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    init = verbs.add_parser("init", help="write a policy file with every setting explained; never overwrites")
    init.add_argument("--person", action="store_true", help="your own policy instead of this repository's")
    show = verbs.add_parser("show", help="print what all files together say, and which line decided")
    show.add_argument("directory", nargs="?", default=".", metavar="DIRECTORY", help="a repository (default: here)")
    check = verbs.add_parser("check", help="find mistakes in the policy files in force, or in one file")
    check.add_argument("file", nargs="?", metavar="FILE", help="check this file alone")
    schema = verbs.add_parser("schema", help="print the JSON Schema of a policy file")
    declare_at_the_end(init, show, check, schema)


def perform(options: argparse.Namespace) -> Outcome:
    """Do what the verb says."""
    match options.verb:
        case "init":
            return _init(person=options.person)
        case "show":
            return _show(options.directory)
        case "check":
            return _check_file(options.file) if options.file else _check_all()
        case _:
            return _schema()


def _init(*, person: bool) -> Outcome:
    from paddock.policy.template import default_file

    folder = state.make_private(state.config_directory()) if person else os.getcwd()
    path = f"{folder.rstrip('/')}/{'policy.toml' if person else sources.REPOSITORY_FILE}"
    sources.write_new(path, default_file(person=person))
    text = f"wrote {path}\n" + ("" if person else "it can only tighten until you trust it: paddock trust\n")
    return Outcome(text, {"schema": 1, "written": path})


def _show(directory: str) -> Outcome:
    from paddock.policy.rows import rows

    policy = sources.load(_repository(directory), None)
    found = rows(policy)
    notes = "".join(f"{paint('note', 'yellow')}  {plain(note)}\n" for note in policy.notes)
    return Outcome(_table(found) + notes, _data(policy, found))


def _table(found: tuple[Row, ...]) -> str:
    names = max(len(row.key) for row in found)
    values = min(40, max(len(plain(row.value)) for row in found))
    lines: list[str] = []
    previous = ""
    for row in found:
        section = row.key.partition(".")[0]
        if section != previous.partition(".")[0] and previous:
            lines.append("")
        name = row.key if row.key != previous else ""
        value = f"{plain(row.value) or '-':<{values}}"
        own = row.origin.kind != "built-in"
        lines.append(
            f"{name:<{names}}  {paint(value, 'bold') if own else value}  {paint(plain(str(row.origin)), 'dim')}"
        )
        previous = row.key
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _data(policy: Policy, found: tuple[Row, ...]) -> dict[str, object]:
    return {"schema": 1, "policy": [as_data(row) for row in found], "notes": list(policy.notes)}


def _check_all() -> Outcome:
    """Every file in force; the errors of all of them at once."""
    repository = _repository(".")
    documents, _ = sources.read_sources(repository)
    errors: list[PolicyError] = []
    read: list[str] = []
    for document in documents:
        try:
            if isinstance(sources.layer_of(document), Layer):
                read.append(document.where)
        except PolicyError as error:
            errors.append(error)
    if errors:
        raise _together(errors)
    policy = sources.load(repository, None)  # also holds the files against the floor
    lines = [f"{plain(name)}: no mistakes" for name in read] or ["there is no policy file; the defaults hold"]
    return _checked(lines, read, policy)


def _checked(lines: list[str], files: list[str], policy: Policy) -> Outcome:
    """No mistakes; what else is to be said."""
    from paddock.policy.cautions import cautions

    doubts = cautions(policy)
    said = [*(("note", note) for note in policy.notes), *(("caution", doubt) for doubt in doubts)]
    lines = [*lines, *(f"{paint(word, 'yellow')}  {plain(text)}" for word, text in said)]
    data = {"schema": 1, "files": files, "errors": [], "notes": list(policy.notes), "cautions": list(doubts)}
    return Outcome("\n".join(lines) + "\n", data)


def _together(errors: list[PolicyError]) -> PolicyError:
    first, *others = errors
    said = [first.why, *(f"{error.what}\n{error.why}" for error in others)]
    why = "\n".join(line for text in said for line in text.splitlines() if line)
    return PolicyError(first.what, why=why, next_step=first.next_step, code=first.code)


def _check_file(path: str) -> Outcome:
    from paddock.policy.layering import merge

    kind: LayerKind = "person" if os.path.basename(path) == "policy.toml" else "repository"
    document = replace(sources.read_file(path, kind), where=path)
    found = sources.layer_of(document)
    if isinstance(found, str):
        raise PolicyError(found)
    if found is None:
        raise PaddockError(f"{path} holds no policy", why="it has no customizations.paddock", code="no-policy")
    count = len(found.settings)
    text = f"{plain(path)}: {count} setting{'' if count == 1 else 's'}, no mistakes"
    return _checked([text], [path], replace(merge([found], trusted=True), notes=()))


def _schema() -> Outcome:
    import json

    from paddock.policy.schema import json_schema

    schema = json_schema()
    return Outcome(json.dumps(schema, indent=2) + "\n", {"schema": 1, "json_schema": schema})


def _repository(directory: str) -> str:
    from paddock.planning import find_repository, real_directory

    return find_repository(real_directory(directory))
