from __future__ import annotations

import pytest

from paddock.gateway.shared import place


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process on a busy machine may be late with its greeting, and would be taken for none."""
    monkeypatch.setattr(place, "_GREETING_TIMEOUT_S", 60.0)
