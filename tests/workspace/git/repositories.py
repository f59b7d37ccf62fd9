"""A repository of the host's, sandboxes in which an agent commits, and what the host's git must not notice."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.packing import pack
from paddock.workspace import shelf, store
from paddock.workspace.git import bringing, dropping
from paddock.workspace.git.bringing import Report, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workspace.laboratory import Laboratory

WHO = ("-c", "user.name=An Agent", "-c", "user.email=agent@example.test", "-c", "safe.directory=*")
ALONE = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}  # fmt: skip


def git(where: Path | str, *words: str, stdin: str = "") -> str:
    """What git prints, at whatever place."""
    done = subprocess.run(
        ["git", *WHO, *words], cwd=where, env=ALONE, input=os.fsencode(stdin), capture_output=True, check=False
    )
    assert done.returncode == 0, f"git {words}: {done.stderr.decode()}"
    return os.fsdecode(done.stdout)


def commit(where: Path, message: str = "work", **files: str) -> str:
    """Write files (a double underscore is a slash), commit them; the id."""
    for name, text in files.items():
        path = where / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(where, "add", "--all")
    git(where, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(where, "rev-parse", "HEAD").strip()


class GitLaboratory:
    """`lab`, with a repository that has one commit on `main`."""

    def __init__(self, lab: Laboratory, *, object_format: str = "sha1") -> None:
        self.lab = lab
        self.host = lab.repository
        git(self.host, "init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
        self.first = commit(self.host, "first", hello="hello\n")

    def run(self, work: Callable[[Path], object], **claim: object) -> store.ChangeSetDirectory:
        """A session in which an agent works, with git too."""
        return self.lab.run(work, **claim)

    def wanted(self, **how: object) -> Wanted:
        return Wanted(pack, **how)  # type: ignore[arg-type]

    def look(self, **how: object) -> Report:
        return bringing.look(self.lab.held, self.wanted(**how))

    def bring(self, **how: object) -> Report:
        with store.held(self.lab.held) as locked:
            return bringing.bring(locked, self.wanted(**how))

    def drop(self) -> bool:
        with store.held(self.lab.held) as locked:
            return dropping.drop(locked)

    @property
    def branch(self) -> str:
        """The branch that the sandbox's HEAD becomes."""
        return f"paddock/{self.lab.held.name}"

    def branches(self) -> dict[str, str]:
        lines = git(self.host, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").splitlines()
        return dict(line.split(" ") for line in lines)

    def untouched(self) -> str:
        """A hash over all of the host's git directory but objects, and what belongs to branches of ours."""
        return state_of(self.host / ".git")


def state_of(directory: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if "objects" in name.split("/") or "/paddock" in name or path.is_dir():
            continue
        found = path.lstat()
        total.update(repr((name, found.st_mode, found.st_mtime_ns, found.st_ino, path.read_bytes())).encode())
    return total.hexdigest()


def leftovers(change_set: store.ChangeSetDirectory) -> list[str]:
    """What is in a change set's directory beside what belongs there."""
    known = {shelf.UPPER, shelf.WORK, "meta", "bases", "branches", "own"}
    return sorted(name for name in os.listdir(change_set.path) if name not in known and not name.startswith("base"))
