"""Sessions in a repository under git, and what each of them sees."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.workspace import shelf, store
from paddock.workspace.ignored import layers
from tests.workspace.overlays import inside, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workspace.laboratory import Laboratory
    from tests.workspace.overlays import Node


class Ground:
    """`run` is a whole session, from claim to release."""

    def __init__(self, lab: Laboratory) -> None:
        self.lab = lab
        self.path = str(lab.repository)
        lab.write(**{".gitignore": "node_modules/\n*.pyc\n/dist\n", "src__main.py": "main\n", "package.json": "{}\n"})
        self.git("init", "-q")
        self.commit()

    def git(self, *words: str, cwd: str = "") -> str:
        settings = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
        argv = ["git", *settings, *words]
        return subprocess.run(argv, cwd=cwd or self.path, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "state")

    def run(self, work: Callable[[Path], object] = lambda _: None, **claim: object) -> store.ChangeSetDirectory:
        change_set = store.claim(self.path, **claim)  # type: ignore[arg-type]
        try:
            inside(change_set, lambda merged: work(Path(merged)))
            store.finish(change_set)
        finally:
            store.release(change_set)
        return change_set

    def seen(self, **claim: object) -> dict[str, str]:
        """What a session sees: every file with its content, every link with its target."""
        found: dict[bytes, Node] = {}
        change_set = store.claim(self.path, **claim)  # type: ignore[arg-type]
        try:
            found.update(pickle.loads(inside(change_set, lambda merged: pickle.dumps(tree(merged)))))
        finally:
            store.release(change_set)
        wanted = {os.fsdecode(path): node.content for path, node in found.items() if node.kind != "directory"}
        return {path: content for path, content in wanted.items() if not path.startswith(".git/")}

    def fresh(self) -> set[str]:
        """The paths that a new change set sees."""
        return set(self.seen(fresh=True))

    def changed(self) -> set[str]:
        """The paths of the held change set."""
        return {change.path for change in self.lab.changes()} if not self.lab.is_empty else set()

    @property
    def home(self) -> str:
        return shelf.ignored_home_of(self.path)

    def layers(self) -> list[set[str]]:
        """The files of each layer, from the top."""
        return [
            {os.fsdecode(path) for path, node in tree(f"{self.home}/{name}").items() if node.kind != "directory"}
            for name in layers.names_in(self.home)
        ]


def install(inside: Path, *packages: str, where: str = "node_modules") -> None:
    """As `npm ci`: the directory anew, with packages in it."""
    shutil.rmtree(inside / where, ignore_errors=True)
    for package in packages:
        write(inside / where / package / "index.js", package)
    (inside / where / ".bin").mkdir()
    (inside / where / ".bin" / "tool").symlink_to(f"../{packages[0]}/index.js")


def write(path: Path, text: str = "") -> None:
    """A file; without a text one that no other path has, since equal files pass for renamed ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or str(path))
