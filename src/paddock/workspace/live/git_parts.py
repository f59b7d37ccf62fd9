"""What git obeys in a repository's own directory, whatever the files around it say (gitrepository-layout(5)).

A sandbox commits in mode live: objects, refs, logs and the index are its to write. These parts are not:

* `hooks/`, `info/attributes` and every `config` run programs, or name those that run
* `rebase-merge/git-rebase-todo` of a rebase that is not finished runs its `exec` lines when somebody goes on with it
* `commondir` and a `.git` that is a file or a link make git read all of that elsewhere (CVE-2026-40068)

A configuration is judged by a list of what is harmless: git's own list of what runs a program grows with each version.
"""

from __future__ import annotations

import re

from paddock.workspace.holding import is_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

# Where they are there already, they cannot be written at all.
READ_ONLY = ("hooks", "config", "config.worktree", "commondir", "gitdir", "info", "worktrees")
# A new one of these can make a repository of a directory, and so give its other files a meaning.
TELLING = frozenset(["HEAD", "objects", "refs", "commondir", "config", "config.worktree", "hooks", "info"])
PARTS = ("config", "config.worktree", "commondir")
TODO = "git-rebase-todo"
_TODO_PLACE = f"rebase-merge/{TODO}"
DIRECTORIES = ("hooks", "info", "rebase-merge")  # that hold the other parts
LONGEST_CONFIG = 1 << 20  # bytes

_SECTION = re.compile(r'\[([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\["\\])*)")?\]\s*(?:[#;].*)?')
_ENTRY = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?")
# Neither a program nor a place from which one is taken. A URL with "::" names a remote helper, which is a program.
_HARMLESS = {
    "core": {
        "repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase", "precomposeunicode",
        "symlinks", "autocrlf", "eol", "safecrlf", "abbrev", "quotepath", "untrackedcache", "preloadindex",
        "commitgraph", "sparsecheckout", "sparsecheckoutcone",
    },
    "extensions": {"objectformat", "refstorage", "preciousobjects", "partialclone"},
    "user": {"name", "email"},
    "init": {"defaultbranch"},
    "branch": {"remote", "merge", "rebase", "pushremote", "description", "vscode-merge-base", "github-pr-owner-number"},
    "remote": {"url", "pushurl", "fetch", "push", "tagopt", "prune", "mirror", "skipfetchall", "promisor",
               "partialclonefilter", "gh-resolved"},
    "submodule": {"url", "active", "branch", "ignore", "shallow", "fetchrecursesubmodules"},
    "pull": {"rebase", "ff"},
    "push": {"default", "autosetupremote", "followtags"},
    "fetch": {"prune", "prunetags"},
    "merge": {"ff", "conflictstyle"},
    "rebase": {"autosquash", "autostash", "updaterefs"},
    "rerere": {"enabled", "autoupdate"},
    "gc": {"auto", "autodetach"},
    "index": {"version"},
    "color": {"ui"},
    "lfs": {"repositoryformatversion"},
}  # fmt: skip
_URLS = ("url", "pushurl")


def in_git(path: str) -> bool:
    """Whether a path is in a `.git`."""
    return any(map(is_git, path.split("/")[:-1]))


def part(path: str) -> tuple[str, str] | None:
    """The directory that would have to be a repository's, and the part of it that this file would be."""
    parent, _, name = path.rpartition("/")
    if name in PARTS:
        return parent, name
    above, _, inside = parent.rpartition("/")
    place = f"{inside}/{name}"
    if (inside == "hooks" and not name.endswith(".sample")) or place in ("info/attributes", _TODO_PLACE):
        return above, place
    return None


def is_description(path: str) -> bool:
    """Whether git writes a file of that name into every bare repository; R means something else by it."""
    return path.rpartition("/")[2] == "description"


def is_repository(path: str, names: Collection[str]) -> bool:
    """Whether git takes the directory with these names for a repository."""
    if is_git(path.rpartition("/")[2]):
        return True
    return "HEAD" in names and ("commondir" in names or ("objects" in names and "refs" in names))


def is_judged(inside: str) -> bool:
    """Whether its content decides, rather than its being there."""
    return inside in ("config", "config.worktree", _TODO_PLACE)


def running_lines(text: str) -> tuple[str, ...]:
    """The steps of a rebase that run a command (git-rebase(1), --exec)."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(line for line in lines if line.split(maxsplit=1)[:1] in (["exec"], ["x"]))


def suspect_lines(text: str) -> tuple[str, ...]:
    """The lines of a git configuration that are not known to be harmless, in their order."""
    found = []
    keys: set[str] | None = None
    for raw in text.split("\n"):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        section = _SECTION.fullmatch(line)
        if section:
            keys = _HARMLESS.get(section[1].lower())
            if keys is None:
                found.append(line)
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None or keys is None or not _is_harmless(entry, keys):
            found.append(line)
    return tuple(found)


def _is_harmless(entry: re.Match[str], keys: set[str]) -> bool:
    name, value = entry[1].lower(), entry[2] or ""
    if name not in keys or value.endswith("\\"):  # the next line would go on with it
        return False
    return name not in _URLS or ("::" not in value and not value.lstrip('"').startswith("-"))
