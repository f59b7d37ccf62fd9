"""Files of the repository that the host's own configuration runs, whatever their names: no catalogue can know them.

`core.hooksPath = tools`, an alias or a filter that is a script, what an allowed `.envrc` sources, the script of a task
or of an agent's hook: who changes that file changes what runs by itself. Read from the host's side alone, before
anything of a change set is there. Every word that could be a path counts, since each program has a syntax of its own.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat

from paddock import state
from paddock.frozen import frozen
from paddock.workspace.hazards import formats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_BYTES = 1 << 20
# What starts programs without being asked. Builds do when they are told to, and what they run is code as all code is.
_ORDERS = (
    ".envrc", ".vscode/tasks.json", ".claude/settings.json", ".claude/settings.local.json", ".codex/config.toml",
    ".gemini/settings.json", ".mcp.json", ".cursor/mcp.json", ".cursor/hooks.json", ".vscode/mcp.json",
    ".devcontainer/devcontainer.json", ".devcontainer.json", ".pre-commit-config.yaml", "lefthook.yml",
    ".husky/pre-commit", ".husky/commit-msg", ".husky/pre-push", ".husky/post-checkout", ".husky/post-merge",
)  # fmt: skip
_VARIABLE = re.compile(r"\$\w+|\$\{[^{}\n]*\}|\$\([^()\n]*\)")  # `$PWD/`, `${workspaceFolder}/`, `$(pwd)/`
_WORD = re.compile(r"[^\s\"'`\\;&|<>()=,:\[\]{}!]+")


@frozen
class Named:
    """Paths, each with who names it; what lies below `directories` is named too."""

    files: Mapping[str, str] = {}
    directories: Mapping[str, str] = {}

    def by(self, path: str, *, is_link: bool = False) -> str:
        """Who names a path, or "". A link also stands for what would be below it."""
        if found := self.files.get(path) or self.directories.get(path):
            return found
        for directory, source in self.directories.items():
            if path.startswith(f"{directory}/"):
                return source
        if is_link:
            start = f"{path}/"
            both = (*self.files.items(), *self.directories.items())
            return next((source for name, source in both if name.startswith(start)), "")
        return ""


def read(repository: str, environ: Mapping[str, str] = os.environ) -> Named:
    """What the host's files in a repository, and the person's own of git, name. What cannot be read names nothing."""
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    git = _git_directory(repository)
    home = state.home(environ)
    own = posixpath.join(posixpath.dirname(state.config_directory(environ)), "git/config")
    for path, source in (
        (own, "your git configuration"),
        (f"{home}/.gitconfig", "~/.gitconfig"),
        (f"{git}/config", ".git/config"),
        (f"{git}/config.worktree", ".git/config.worktree"),
    ):
        for key, written in _entries(path):
            value = written.replace("~/", f"{home}/")
            if key == "core.hookspath":
                directories.update((place, source) for place in _hooks(repository, value))
            elif not key.startswith(("branch.", "remote.", "user.", "url.")):
                files.update((place, source) for place in _places(repository, value))
                files.update((place, source) for place in _places(repository, value, ".git"))
    for name in _ORDERS:
        for place in _places(repository, _text(f"{repository}/{name}")):
            files.setdefault(place, name)
    return Named({path: source for path, source in files.items() if "/" in path or "." in path}, directories)


def _entries(path: str) -> list[tuple[str, str]]:
    try:
        return formats.read("gitconfig", os.fsencode(_text(path)))
    except formats.Unreadable:
        return []


def _hooks(repository: str, value: str) -> Iterator[str]:
    """Where hooks are, from the top of the working tree, as it is written and where links in it lead."""
    yield from _places(repository, value)
    place = posixpath.join(repository, value.strip('"'))
    real = os.path.realpath
    for top, found in ((repository, posixpath.normpath(place)), (real(repository), real(place))):
        if found.startswith(f"{top}/"):
            yield found[len(top) + 1 :]


def _places(repository: str, text: str, start: str = "") -> Iterator[str]:
    """The words of a text that could be paths in the repository."""
    lines = (line for line in text.split("\n") if not line.lstrip().startswith(("watch_file", "#", "//")))
    for word in _WORD.findall(_VARIABLE.sub("", "\n".join(lines).replace(f"{repository}/", ""))):
        place = posixpath.normpath(posixpath.join(start, word.lstrip("/")))
        if not place.startswith("..") and place != ".":
            yield place


def _git_directory(repository: str) -> str:
    """Where the configuration is: of a worktree, in the repository that it belongs to."""
    git = f"{repository}/.git"
    pointer = _text(git)
    if pointer.startswith("gitdir:"):
        git = os.path.join(repository, pointer.removeprefix("gitdir:").strip())
    common = _text(f"{git}/commondir").strip()
    return os.path.join(git, common) if common else git


def _text(path: str) -> str:
    """A regular file of a moderate size, as text; else nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        found = os.fstat(descriptor)
        is_good = stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_BYTES
        return os.fsdecode(os.read(descriptor, LARGEST_BYTES)) if is_good else ""
    finally:
        os.close(descriptor)
