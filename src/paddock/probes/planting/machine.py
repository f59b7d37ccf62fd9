"""What this machine is, told to the attacker so that it can compare: "missing" inside is what a tight sandbox shows."""

from __future__ import annotations

import os

from paddock.probes.inside import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.planting.ground import Ground

_LOOKED_FOR = (
    *machine.SWITCHES, *machine.SYSRQ, *machine.NET_SWITCHES, *machine.MEMORY, *machine.TABLES, *machine.FIRMWARE,
    *machine.DEVICES,
)  # fmt: skip
_BOOT = "/proc/sys/kernel/random/boot_id"


def plant(ground: Ground) -> None:
    """Look; nothing is changed."""
    ground.given |= {
        "there": [path for path in _LOOKED_FOR if os.path.exists(path)],
        "control groups": sorted({line.split(":", 2)[2] for line in _read("/proc/self/cgroup").splitlines()}),
        "kernel": os.uname().release,
        "boot id": _read(_BOOT).strip(),
        "oom score": int(_read("/proc/self/oom_score_adj") or 0),
    }


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
