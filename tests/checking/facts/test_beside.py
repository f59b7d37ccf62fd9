"""Services as configurations of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paddock.checking.facts import beside, container
from tests.checking.scenes import Scene, read

TEXT = """
services:
  app: {image: a, privileged: true}
  db: {image: b, cap_add: [SYS_ADMIN], user: x}
  rare: {image: c, profiles: [p]}
"""
SCENE = Scene(
    {
        "image": None,
        "dockerComposeFile": "c.yml",
        "service": "app",
        "workspaceFolder": "/w",
        "capAdd": ["NET_ADMIN"],
        "mounts": ["source=/,target=/h,type=bind"],
    },
    None,
    ((".devcontainer/c.yml", TEXT),),
)


def test_a_service_beside_has_nothing_of_what_the_file_says() -> None:
    with tempfile.TemporaryDirectory() as top:
        effective, _, _ = read(SCENE, Path(top))
    found = {service.name: alone for service, alone in beside.others(effective)}
    assert list(found) == ["db"]
    alone = found["db"]
    assert [one.value for one in container.added_capabilities(alone)] == ["SYS_ADMIN"]
    assert not list(container.privileged(alone))
    assert alone.mounts == ()
    assert alone.container_user
    assert alone.container_user.value == "x"
    assert [one.name for one in beside.started(effective)] == ["app", "db"]
