"""One repository, its change sets, and sandboxes that are real overlays: what most tests of this room need."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paddock.workspace import shelf, store
from paddock.workspace.applying.apply import Report, Wishes, apply
from paddock.workspace.applying.undo import Undone, undo
from paddock.workspace.change_set import read
from paddock.workspace.selection import Selection
from tests.workspace.overlays import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from paddock.workspace.change import Change


class Laboratory:
    """`repository` is the host's; `run` works on it in a sandbox."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(base / "state"))
        self.base = base
        self.repository = base / "repository"
        self.repository.mkdir(mode=0o755, parents=True)
        self.repository.chmod(0o755)

    def write(self, **files: str) -> None:
        """Host files; a double underscore in a name is a slash."""
        for name, text in files.items():
            path = self.repository / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, work: Callable[[Path], object], **claim: object) -> store.ChangeSetDirectory:
        """A session; its change set need not be there afterwards."""
        from pathlib import Path

        change_set = store.claim(str(self.repository), **claim)  # type: ignore[arg-type]
        inside(change_set, lambda merged: work(Path(merged)))
        store.release(change_set)
        return change_set

    @property
    def held(self) -> store.ChangeSetDirectory:
        found = store.current(str(self.repository))
        assert found is not None, "nothing is held"
        return found

    @property
    def is_empty(self) -> bool:
        return store.listing(str(self.repository)) == ()

    @contextmanager
    def trees(self) -> Iterator[tuple[int, int]]:
        held = self.held
        upper, lower = shelf.open_upper(held), shelf.open_repository(held)
        try:
            yield upper, lower
        finally:
            os.close(upper)
            os.close(lower)

    def changes(self) -> tuple[Change, ...]:
        with self.trees() as (upper, lower):
            return read(upper, lower).changes

    def kinds(self) -> dict[str, str]:
        """Every changed path with its kind, and why it is held."""
        return {change.path: f"{change.kind} {change.held}".strip() for change in self.changes()}

    def apply(
        self,
        *paths: str,
        force: tuple[str, ...] = (),
        links: bool = False,
        dry_run: bool = False,
        **wishes: object,
    ) -> Report:
        forced = Selection(force) if force else None
        return apply(self.held, Wishes(Selection(paths), forced, links, dry_run, **wishes))  # type: ignore[arg-type]

    def undo(self) -> Undone:
        return undo(str(self.repository))
