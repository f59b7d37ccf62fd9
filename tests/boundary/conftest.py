"""A sandbox of each boundary to try things on, and nothing of it left afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.boundary.boxes import Box, nothing_left_open
from tests.boundary.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """What bubblewrap's sandboxes are made of; they are stopped at the end, and no descriptor is left."""
    with nothing_left_open():
        box = Box(tmp_path)
        yield box
        box.stop()


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """A workspace for Landlock's sandboxes, which are stopped at the end."""
    field = Field(tmp_path)
    yield field
    field.stop()
