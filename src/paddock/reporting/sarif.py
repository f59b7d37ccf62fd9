"""SARIF 2.1.0 (OASIS): the frame of a log file. Its runs are made where their findings are known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# What code hosts sort by ("security-severity"): numbers as in CVSS, as text.
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def log(runs: Sequence[Any]) -> str:
    """The log file of these runs."""
    import json

    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"
