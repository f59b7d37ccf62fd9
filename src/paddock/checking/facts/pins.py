"""Whether an image's name always means the same image."""

from __future__ import annotations

import re

_DIGEST = re.compile(r"@sha(256|512):[0-9a-f]{64,128}$")


def unpinned(image: str) -> tuple[str, str] | None:
    """What to say of an image that may be another one tomorrow, and how bad it is; None for one with a digest."""
    if not image or "$" in image or image.lower() == "scratch" or _DIGEST.search(image):
        return None
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        return f"{image} is whatever was published last", "medium"
    return f"{image} is pinned by a tag, which can be moved", "low"
