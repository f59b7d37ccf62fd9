"""An everyday morning of the person on the host: what they do in a repository without a thought.

It runs what was planted, where that was let through: each plant does no more than leave its name.
"""

from __future__ import annotations

import os

from paddock import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.probes.scenarios.scene import Scene

_IDENTITY = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
_COMMIT = ("git", *_IDENTITY, "commit", "--allow-empty", "-q", "-m", "morning")
# A session of their own: an interactive shell takes the terminal that it finds.
_LOGIN, _INTERACTIVE = ("setsid", "-w", "bash", "-lc", "true"), ("setsid", "-w", "bash", "-ic", "true")
_PYTHON = ("python3", "-B", "-c")
WITH_GIT: tuple[tuple[str, ...], ...] = (
    ("git", "status"),
    ("git", "st"),  # as people spell it who have an alias
    ("git", "diff"),
    ("git", "add", "--all", "--dry-run"),
    _COMMIT,
)
HABITS: tuple[tuple[str, ...], ...] = (
    *WITH_GIT,
    ("direnv", "allow"),  # by habit
    ("direnv", "exec", ".", "true"),
    ("make",),
    ("make", "-C", "hidden"),
    (*_PYTHON, "import conftest"),  # as pytest and editors do before they look at a test
    (*_PYTHON, "import json"),
    (".venv/bin/python", "-B", "-c", "pass"),
    _LOGIN,
    _INTERACTIVE,
)
# Directories that a file manager, a prompt or an editor asks git about.
VISITED = ("vendor/lib", "vendor/pointer", "tests/data/bare")


def live(scene: Scene, habits: Iterable[tuple[str, ...]] = HABITS) -> frozenset[str]:
    """Go through it all; the names that were left with the witnesses."""
    for habit in habits:
        _do(scene, habit)
    for directory in VISITED:
        if os.path.isdir(f"{scene.ground.repo}/{directory}"):
            _do(scene, ("git", "status"), directory)
    return frozenset(os.listdir(scene.witnesses))


def _do(scene: Scene, habit: tuple[str, ...], directory: str = ".") -> None:
    """One act. Programs that this machine does not have are not missed."""
    name = habit[0]
    own = f"{scene.ground.repo}/{name}"
    program = process.find(name) if "/" not in name else own if os.access(own, os.X_OK) else None
    if program:
        scene.host(program, *habit[1:], cwd=f"{scene.ground.repo}/{directory}")
