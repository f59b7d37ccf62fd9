from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paddock.probes import running
from paddock.probes.running import Answer
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, play, stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

pytestmark = needs("git")
ROW = "LC-20 verdict-cannot-be-forged"


def test_a_reader_that_believes_what_is_printed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(text: bytes, word: str, names: Sequence[str]) -> tuple[dict[str, Answer], tuple[str, ...]]:
        """Whatever parses, the first one counting, and no end is missed."""
        found: dict[str, Answer] = {}
        for line in text.splitlines():
            try:
                found.setdefault(json.loads(line.partition(b" ")[2])["id"], Answer())
            except (ValueError, KeyError):
                continue
        return found, ()

    with stage(tmp_path, OPEN) as scene:
        assert play(ROW, scene) == {ROW: []}
        monkeypatch.setattr(running, "read", read)
        believed = play(ROW, scene)[ROW]
    assert isinstance(believed, list)
    assert set(believed) >= {"believed: a second answer", "believed: no end", "believed: another's word"}
