"""A person with rootless Podman, one small image, and the reference CLI."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests import busybox
from tests.devcontainer.conftest import reference_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Person

__all__ = ["reference_program"]


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A person, and the image in their storage."""
    yield from busybox.person_with_it(tmp_path_factory.mktemp("ann"))


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """A repository with a devcontainer.json of the given keys."""

    def make(files: dict[str, str] | None = None, **keys: Any) -> Path:
        place = tmp_path / "a project"
        (place / ".devcontainer").mkdir(parents=True)
        (place / ".devcontainer/devcontainer.json").write_text(json.dumps({"image": busybox.IMAGE, **keys}))
        for name, text in (files or {}).items():
            (place / name).write_text(text)
        subprocess.run(["git", "init", "-q", str(place)], check=True)
        return place

    return make
