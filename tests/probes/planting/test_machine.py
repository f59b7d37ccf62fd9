"""What the host says of the machine, so that "missing" inside is no proof."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.probes.inside.machine import DEVICES, SWITCHES
from paddock.probes.planting import machine
from paddock.probes.planting.ground import Ground
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def test_it_names_what_there_is_and_who_we_are(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        machine.plant(ground)
        told = ground.given
    assert told["kernel"] == os.uname().release
    assert set(told["there"]).isdisjoint(path for path in (*DEVICES, *SWITCHES) if not os.path.exists(path))
    assert "/proc/sys/kernel/core_pattern" in told["there"]
    assert all(path.startswith("/") for path in told["control groups"])
