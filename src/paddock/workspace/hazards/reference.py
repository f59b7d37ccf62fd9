"""The reference page of all hazards, made from the catalogue; a test holds `docs/reference/hazards.md` to it."""

from __future__ import annotations

from paddock.policy.additions import FAMILIES
from paddock.workspace.hazards import catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.hazards.rule import Rule

_HEAD = """\
# Hazards

<!-- Made by paddock.workspace.hazards.reference.page(); edit src/paddock/workspace/hazards/catalogue.toml instead. -->

A hazard is a changed file that a program on the host would execute, trust or be steered by. `paddock diff` names the
hazards of each change with the lines that matter; nothing that carries one is applied without a word for its class.

**Severity.** High: it runs by itself, or at an everyday act (`git status`, `cd`, opening the editor, starting an
agent). Medium: it runs at the next build, test, installation or push. Low: it is odd, or only runs when asked to.

**Names.** A pattern is as in `.gitignore`, except that it matches at any depth, also with a slash in the middle; only
a slash at the start ties it to the top, and one at the end means everything below. Every spelling that some file
system takes for the same name counts: letter case, Unicode form, invisible characters, dots and spaces at the end, DOS
names (`.GIT`, `git~1`, `.git::$DATA`). A link that stands where such a file or its directory is looked for counts too,
and so does the target of a link at the top (`CLAUDE.md -> docs/agents.md`).

**Content.** Where the table names a format, only the entries that execute or steer something count: a new version in
`package.json` is no hazard, a new `postinstall` is. A file that can no longer be read in its format is a hazard as a
whole, and so is one that is too large to be compared.

**Deletions and renames.** What is deleted runs nothing, so a deletion is a hazard only where the file held something
back (marked †). A rename is judged at its new place as a new file, and at its old one as a deletion.

**Git.** Commits come over by git's own transfer and are no hazard; inside of `.git` only what git executes or is
steered by is shown, and nothing of it is ever applied.

**What this does not see.** Code that the project itself runs, such as `src/main.py`: read the diff before you run it.
What a tool includes from a file of another name (`include other.mk`). Links deeper in the tree that were there before.
A tool that nobody has put into the catalogue.

Your policy can add files and let rules pass ([policy keys](policy.md), section `[hazards]`):

    [hazards]
    add = [{ pattern = "deploy/", family = "ci", why = "it runs with the deploy key" }]
    allow = ["build-make:/Makefile"]
    large = "10MiB"

A repository's own file can add; it allows nothing until you trust it.
"""
_FAMILIES = {
    "git": "Obeyed at the next git command, as editors run them unasked.",
    "shell": "Runs when somebody enters the directory, opens a shell or starts a program there.",
    "editor": "Runs or is obeyed when the folder is opened.",
    "agent": "Orders and rights for the next agent.",
    "build": "Runs at the next build, test, installation or commit.",
    "ci": "Runs elsewhere, with the repository's secrets, or decides who looks.",
    "container": "Runs when the container is built or started, in part on the host.",
    "policy": "Decides what Paddock itself allows.",
    "shape": "What something is, whatever its name.",
}


def page() -> str:
    """The whole page, as Markdown."""
    rules = catalogue.load().rules
    parts = [_HEAD]
    for family in FAMILIES:
        rows = [_row(rule) for rule in rules if rule.family == family]
        table = "\n".join(["| name | severity | files | because | reference |", "|---|---|---|---|---|", *rows])
        parts.append(f"## {family}\n\n{_FAMILIES[family]}\n\n{table}\n")
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    files = ", ".join(f"`{pattern}`" for pattern in rule.patterns) or "any"
    if rule.content != "any":
        files += f" ({rule.content})"
    mark = " †" if rule.deleted else ""
    cells = (f"`{rule.name}`{mark}", rule.severity, files, rule.why, rule.reference)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
