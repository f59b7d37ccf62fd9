"""A repository under git with ignored directories."""

from __future__ import annotations

import pytest

from tests.workspace.ignored.ground import Ground


@pytest.fixture
def ground(lab, tmp_path, monkeypatch) -> Ground:
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody's own ignore rules
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return Ground(lab)
