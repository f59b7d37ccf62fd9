"""Ctrl-C that comes in the middle of a system call: it is done when Python hears of the signal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def in_a_new_file(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Have `os.open` or `os.rename` of a file that has no name of its own yet be interrupted."""
    real = getattr(os, call.removeprefix("os."))

    def interrupted(*arguments: object, **how: object) -> object:
        made = real(*arguments, **how)
        if os.path.basename(str(arguments[0])).startswith("."):
            if call == "os.open":
                os.close(made)
            raise KeyboardInterrupt
        return made

    monkeypatch.setattr(call, interrupted)
