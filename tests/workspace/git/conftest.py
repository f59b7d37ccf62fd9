"""The fixture of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import capabilities
from tests.workspace.git.repositories import GitLaboratory

if TYPE_CHECKING:
    from tests.workspace.laboratory import Laboratory


@pytest.fixture
def rig(lab: Laboratory) -> GitLaboratory:
    """A repository of the host's with one commit, and sandboxes to commit in."""
    capabilities.require("overlay", "git", "bubblewrap")
    return GitLaboratory(lab)
