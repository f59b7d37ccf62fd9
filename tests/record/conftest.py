"""Logs as a gateway leaves them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.record import anchors, logs
from paddock.record.logs import Log
from paddock.record.writer import Writer, open_to_append

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = "ab" * 32


class Session:
    """A log that is being written."""

    def __init__(self, path: str, limit_bytes: int = 1 << 20) -> None:
        self.log = Log(os.path.basename(path).removesuffix(".jsonl"), path)
        self.broken: list[str] = []
        self.descriptor = open_to_append(path)
        self.writer = Writer(
            self.descriptor, "amber-fern", PLAN, limit_bytes=limit_bytes, on_broken=lambda: self.broken.append("yes")
        )

    def close(self, *, anchored: bool = True) -> Log:
        """End as a gateway and its parent do."""
        anchor = self.writer.close()
        self.let_go()
        if anchored:
            anchors.write(self.log.path, anchor)
        return self.log

    def let_go(self) -> None:
        """End as one that was killed."""
        os.close(self.descriptor)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own; where its logs are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "paddock" / "record"


@pytest.fixture
def session(state: Path) -> Callable[..., Session]:
    """`session(name, events=3)` begins a log in the state directory and writes some events."""
    assert logs.directory() == str(state)

    def begin(name: str = "amber-fern", events: int = 3, limit_bytes: int = 1 << 20) -> Session:
        made = Session(logs.create(name), limit_bytes)
        made.writer.begin(repository="/home/person/a repo")
        for number in range(events):
            made.writer.append("connect", name=f"{number}.example.test", port=443, verdict="allowed")
        return made

    return begin
