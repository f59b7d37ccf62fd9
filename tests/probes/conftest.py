"""What tests of probes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A made-up person's machine with files only."""
    with Ground(str(tmp_path / "ground"), bare=True) as made:
        yield made
