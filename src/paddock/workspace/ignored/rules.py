"""What the host's git ignores, asked of the host's git with the host's rules.

The sandbox has no say: an agent that lists `src/` in its own .gitignore would otherwise take it out of review. Git
reads the repository of the host and the person's own configuration; it is given names, never content, and runs
nothing (no hook, no file-system monitor, no transport).
"""

from __future__ import annotations

import os
from bisect import bisect_left

from paddock import state
from paddock.process import find, run
from paddock.workspace.git import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.process import Finished

_TIMEOUT_S = 300.0
_SOME, _NONE = 0, 1  # git-check-ignore(1), exit status
_WITHOUT_CONFIGURATION = frozenset(["GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"])


def under_git(directory: str) -> bool:
    """Whether git has anything to say there. Looks only; git itself decides. A lost repository is ""."""
    while not (directory and os.path.lexists(f"{directory}/.git")):
        above = os.path.dirname(directory)
        if above == directory:  # "/", or nothing
            return False
        directory = above
    return find("git") is not None


class Rules:
    """The rules of one repository; paths are relative to the directory that it was asked for."""

    def __init__(self, directory: str) -> None:
        """`directory` is the host's: a repository, or a directory in one."""
        self.directory = directory
        self._owner = program.owner_of(os.stat(directory))
        self._tracked: list[bytes] | None = None

    def ignored(self, paths: Collection[str]) -> set[str]:
        """Those that a rule ignores, tracked or not; directories are given with a slash at the end.

        Raises WorkspaceError where git refuses (no repository, or somebody else's).
        """
        # Without the index: it would be searched for every single path. A colon in front would be magic.
        given = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        done = self._git("check-ignore", "-z", "--stdin", "--no-index", stdin=given)
        if done.status not in (_SOME, _NONE):
            raise program.failure("check-ignore", done)
        return {os.fsdecode(path[2:]) for path in done.stdout.split(b"\0") if path}

    def sources(self) -> list[str]:
        """The files that the rules come from, but for the .gitignore files; some need not exist."""
        done = self._git("rev-parse", "--git-path", "index", "--git-path", "info/exclude", "--git-path", "config")
        named = [os.fsdecode(line) for line in done.stdout.split(b"\n") if line]
        home, base = state.home(), os.environ.get("XDG_CONFIG_HOME", "")
        base = base if base.startswith("/") else f"{home}/.config"
        own = [f"{home}/.gitconfig", f"{base}/git/config", f"{base}/git/ignore"]
        excludes = self._git("config", "-z", "--type=path", "--get", "core.excludesFile").stdout.rstrip(b"\0")
        own += [os.fsdecode(excludes)] if excludes else []
        return [os.path.join(self.directory, path) for path in (*named, *own)]

    def tracks(self, path: str) -> bool:
        """Whether git tracks a path, something below it, or (a submodule, a file) one of the directories above it."""
        if self._tracked is None:
            done = self._git("ls-files", "-z", "--cached")
            if done.status:
                raise program.failure("ls-files", done)
            self._tracked = sorted(done.stdout.split(b"\0")[:-1])
        wanted = os.fsencode(path)
        if self._has(wanted, wanted + b"/"):
            return True
        while b"/" in wanted:
            wanted = wanted.rpartition(b"/")[0]
            if self._has(wanted):
                return True
        return False

    def _has(self, path: bytes, prefix: bytes | None = None) -> bool:
        tracked = self._tracked or []
        place = bisect_left(tracked, path)
        if place < len(tracked) and tracked[place] == path:
            return True
        place = bisect_left(tracked, prefix) if prefix else len(tracked)
        return place < len(tracked) and tracked[place].startswith(prefix or b"")

    def _git(self, *words: str, stdin: bytes = b"") -> Finished:
        environment = dict(program.ENVIRONMENT)
        if self._owner is None:  # the person's own rules count; root's are not for another user's git to read
            environment = {name: value for name, value in environment.items() if name not in _WITHOUT_CONFIGURATION}
            environment["HOME"] = state.home()
            environment.update({name: os.environ[name] for name in ("XDG_CONFIG_HOME",) if name in os.environ})
        settings = [*program.settings(), "-c", "safe.bareRepository=explicit"]
        argv = [program.installed(), "--no-pager", *settings, *words]
        return run(
            argv, environment=environment, cwd=self.directory, stdin=stdin, owner=self._owner, timeout_s=_TIMEOUT_S
        )
