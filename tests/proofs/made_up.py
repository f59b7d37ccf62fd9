"""Proofs that nobody has made."""

from __future__ import annotations

from typing import Any

from paddock.probes.proof import Proof, Row, Subject

HASH = "ab" * 32
HELD = Row("FS-02 home-canary-read", "files", "A file of the home", "boundary", "high", "outside", "held")


def subject(**changes: Any) -> Subject:
    fields: dict[str, Any] = {
        "boundary": "bubblewrap", "against": "", "policy_hash": HASH, "plan_hash": "c" * 64, "gaps": ("memory-total",),
        "paddock": "1.0", "pack": "0123456789abcdef", "versions": {"python": "3.11"}, "kernel": "6.1", "machine": "x86_64",
        "user": "an ordinary user",
    }  # fmt: skip
    return Subject(**{**fields, **changes})


def proof(*rows: Row, complete: bool = True, begun: str = "2026-11-21T09:00:00Z", **changes: Any) -> Proof:
    return Proof(subject(**changes), begun, 1.5, rows or (HELD,), {"capabilities": "none"}, complete)
