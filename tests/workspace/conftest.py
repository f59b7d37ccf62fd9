"""The fixture of this room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.workspace import removal, shelf
from tests.workspace.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    """A repository of its own with a state directory of its own; cleared even where shutil.rmtree would not."""
    yield Laboratory(tmp_path, monkeypatch)
    with shelf.opened(str(tmp_path)) as place:
        for name in os.listdir(place):
            removal.remove(place, name)
