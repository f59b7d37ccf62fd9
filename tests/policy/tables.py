"""A policy as data, from the full name of one key."""

from __future__ import annotations

from typing import Any


def nested(full: str, value: object) -> dict[str, Any]:
    """`{"network": {"setup": {"allow": …}}}` for network.setup.allow."""
    section, _, rest = full.partition(".")
    return {section: nested(rest, value) if rest else value} if rest else {section: value}
