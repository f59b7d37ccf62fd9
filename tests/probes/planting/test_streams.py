from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.ground import Ground
from paddock.probes.planting.streams import Streams
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = needs("git")


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[Streams]:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        yield Streams(ground)


def test_ordinary_writing_has_no_effect(streams: Streams) -> None:
    os.write(streams.written, b"an answer\n")
    os.write(streams.errors[1], b"a complaint\n")
    assert list(streams.effects()) == []
    assert streams.text().endswith(b"an answer\n")
    assert streams.said() == "a complaint\n"


def overwrite(streams: Streams) -> None:
    with open(streams.output, "r+b") as file:
        file.write(b"!")


@pytest.mark.parametrize(
    ("row", "deed"),
    [
        ("FS-15 stdin-reopened-for-writing", lambda it: os.write(it.input[1], b"injected")),
        ("FS-15 stdin-flags-changed", lambda it: os.set_blocking(it.input[0], False)),
        ("FS-15 stdout-overwritten-by-reopening", overwrite),
        ("FS-15 stdout-mode-changed", lambda it: os.fchmod(it.written, 0o755)),
        ("FS-15 stdout-times-changed", lambda it: os.utime(it.written, (1, 1))),
    ],
)
def test_each_effect_is_seen(streams: Streams, row: str, deed: Callable[[Streams], object]) -> None:
    deed(streams)
    assert [name for name, _ in streams.effects()] == [row]


def test_an_emptied_pipe_holds_nobody_up(streams: Streams) -> None:
    os.read(streams.errors[0], 1 << 16)
    assert streams.said() == ""
