"""Which services of a project start."""

from __future__ import annotations

from paddock.devcontainer.compose_files import read
from paddock.devcontainer.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from paddock.devcontainer.service import Project


def project(folder: Path, text: str, service: str = "app") -> Project:
    (folder / "c.yml").write_text(text)
    return read([f"{folder}/c.yml"], service, str(folder), Source("file", "devcontainer.json"))


ALL = """
services:
  app: {image: a, depends_on: {db: {condition: service_started}}}
  db: {image: b, depends_on: [disk], profiles: [p]}
  disk: {image: c, depends_on: [app]}
  more: {image: d}
  rare: {image: e, profiles: [p]}
"""


def names(one: Project, *wanted: str) -> list[str]:
    return [service.name for service in one.started(wanted)]


def test_all_without_a_profile_start_and_what_they_need(tmp_path: Path) -> None:
    assert names(project(tmp_path, ALL)) == ["app", "db", "disk", "more"]


def test_named_ones_start_with_the_main_one(tmp_path: Path) -> None:
    assert names(project(tmp_path, ALL), "rare") == ["app", "db", "disk", "rare"]
    assert names(project(tmp_path, ALL), "nothing") == ["app", "db", "disk"]


def test_a_service_that_is_not_there_is_none(tmp_path: Path) -> None:
    found = project(tmp_path, ALL, "nope")
    assert found.service is None
    assert found.named("app")
