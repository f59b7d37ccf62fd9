"""Held change sets for the command line to find, without a sandbox: written as an overlay would have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.workspace import store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.conftest import Person


def hold(
    monkeypatch: pytest.MonkeyPatch,
    person: Person,
    repository: Path,
    work: Callable[[Path], object],
    name: str | None = None,
) -> store.ChangeSetDirectory:
    """Let `work` fill the upper directory of a session's change set."""
    from pathlib import Path

    monkeypatch.setenv("XDG_STATE_HOME", person.environ["XDG_STATE_HOME"])
    change_set = store.claim(str(repository), name=name, fresh=name is None)
    work(Path(change_set.upper))
    store.release(change_set)
    return change_set


def whiteout(path: Path) -> None:
    """What overlayfs leaves of a deleted name."""
    os.mknod(path, 0o020000, 0)
