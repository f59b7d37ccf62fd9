from __future__ import annotations

import os

import pytest

from paddock import starting
from paddock.errors import PaddockError


def test_a_machine_without_a_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "n", "r", "v", "riscv64")))
    with pytest.raises(PaddockError, match="riscv64"):
        starting.machine()
