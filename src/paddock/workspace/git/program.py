"""Git, as a program on the host: with everything off that would run or fetch something else.

It only ever works on a git directory that is the host's own, or of our making (`bare`); never on a sandbox's.
"""

from __future__ import annotations

import os
import resource

from paddock.errors import PaddockError, WorkspaceError
from paddock.frozen import frozen
from paddock.process import SYSTEM_PATH, find, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.process import Finished

TIMEOUT_S = 600.0
MEMORY_BYTES = 1 << 30
OUTPUT_BYTES = 1 << 28
# No hook, no program from a configuration, no transport, no upkeep; big files as a stream and not in memory.
SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.pager=cat",
    "core.bigFileThreshold=16m", "gc.auto=0", "maintenance.auto=false", "pack.threads=1", "pack.windowMemory=64m",
    "protocol.allow=never", "submodule.recurse=false", "fetch.recurseSubmodules=false", "log.showSignature=false",
)  # fmt: skip
ENVIRONMENT = {
    "PATH": ":".join(SYSTEM_PATH),
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOC_LIMIT": "512m",  # a tree or a commit of that size is an attack
    "GIT_COMMITTER_NAME": "paddock",  # in reflogs
    "GIT_COMMITTER_EMAIL": "paddock@localhost",
}
_LAST_LINES = 3
_NO_MEMORY = (b"out of memory", b"cannot allocate memory", b"attempting to allocate")  # of git, of zlib, of mmap(2)


def settings() -> list[str]:
    """The settings as options of git."""
    return [word for setting in SETTINGS for word in ("-c", setting)]


def installed() -> str:
    """The program. Raises WorkspaceError where git is not installed."""
    program = find("git")
    if program is None:
        raise WorkspaceError(
            "git is not installed on this machine",
            why="commits are brought over by git itself",
            next_step="install git, or take the files alone: paddock apply --as tree",
            code="git-missing",
        )
    return program


@frozen
class Git:
    """Git on one git directory. `owner` is the uid and gid that it runs under, where Paddock is root."""

    directory: str
    owner: tuple[int, int] | None = None

    def run(self, *words: str, stdin: bytes | int = b"", stdout: int | None = None, output_bytes: int = 0) -> Finished:
        """Run one command to its end. Raises WorkspaceError when git is missing or does not end."""
        argv = [installed(), "--no-pager", "--no-replace-objects", f"--git-dir={self.directory}", *settings(), *words]
        limits = {
            resource.RLIMIT_DATA: MEMORY_BYTES,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: output_bytes or OUTPUT_BYTES,
        }
        try:
            return run(
                argv,
                environment=ENVIRONMENT,
                stdin=stdin,
                stdout=stdout,
                owner=self.owner,
                limits=limits,
                timeout_s=TIMEOUT_S,
            )
        except PaddockError as error:
            raise WorkspaceError(f"git {words[0]}: {error.what}", why=error.why, code="git-failed") from error

    def ask(self, *words: str, stdin: bytes = b"") -> bytes:
        """What a command prints, by way of a file that cannot grow beyond bounds. Raises WorkspaceError."""
        target = os.memfd_create("git")
        try:
            done = self.run(*words, stdin=stdin, stdout=target)
            starved = any(sign in done.stderr.lower() for sign in _NO_MEMORY)
            if os.fstat(target).st_size >= OUTPUT_BYTES or (done.status and starved):
                raise too_much(f"git {words[0]} was given {MEMORY_BYTES >> 20} MiB of memory")
            if done.status:
                raise failure(words[0], done)
            with open(os.dup(target), "rb") as file:
                file.seek(0)
                return file.read()
        finally:
            os.close(target)


def too_much(why: str) -> WorkspaceError:
    """More than anybody commits, and more than we look through."""
    return WorkspaceError(
        "the sandbox's commits are too much to be looked through",
        why=why,
        next_step="look inside: paddock run -- git log --stat   or take the files alone: paddock apply --as tree",
        code="git-too-much",
    )


def failure(what: str, done: Finished) -> WorkspaceError:
    """Why git says that it failed; its words may quote names from the sandbox."""
    lines = done.stderr.decode("utf-8", "surrogateescape").strip().splitlines()
    ended = f"it ended with status {done.status}"
    return WorkspaceError(
        f"git {what} failed", why="\n".join(lines[-_LAST_LINES:]) or ended, code="git-failed",
        next_step="the commits stay held; take the files alone: paddock apply --as tree",
    )  # fmt: skip


def owner_of(found: os.stat_result) -> tuple[int, int] | None:
    """Whom git must run as on a directory: as root, its owner; nothing of root's must be left in a user's repository,
    nor a user's configuration be obeyed by root (CVE-2022-24765).
    """
    if os.geteuid() != 0 or found.st_uid == 0:
        return None
    return found.st_uid, found.st_gid
