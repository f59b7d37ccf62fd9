"""Features as far as they can be known here."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from paddock.devcontainer import features, references
from paddock.devcontainer.document import Broken, Place
from paddock.devcontainer.feature_lock import Lock, Locked
from paddock.devcontainer.files import Files
from paddock.devcontainer.model import FeatureUse, Option
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from pathlib import Path

HOST = "registry.example.test"
PUBLISHED = f"{HOST}/devcontainers/features"
PLACE = Place("devcontainer.json", 7, 5, 90, 95)


def use(reference: str, **options: Any) -> FeatureUse:
    origin = Source("file", "devcontainer.json", ("features", reference), PLACE)
    return FeatureUse(
        reference, "registry", tuple(Option(name, value, origin) for name, value in options.items()), origin
    )


@pytest.fixture
def shelf(tmp_path: Path) -> features.Shelf:
    return shelf_of(tmp_path)


def shelf_of(folder: Path, lock: Lock | None = None) -> features.Shelf:
    (folder / ".devcontainer").mkdir(exist_ok=True)
    home = os.path.realpath(folder)
    return features.Shelf(Files(home), home, f"{home}/.devcontainer", lock or Lock({}))


def feature(folder: Path, name: str, said: Any) -> None:
    place = folder / ".devcontainer" / name
    place.mkdir(parents=True)
    (place / "devcontainer-feature.json").write_text(said if isinstance(said, str) else json.dumps(said))


def test_a_local_feature_is_read_once_with_its_own_places(tmp_path, shelf):
    feature(tmp_path, "a", {"id": "a", "capAdd": ["SYS_ADMIN"], "legacyIds": ["b"]})
    reference = references.parse("./a")
    found = shelf.read(reference)
    assert found.configuration
    assert found.configuration.cap_add[0].origin.where == ".devcontainer/a/devcontainer-feature.json:1:24"
    assert shelf.facts(reference).aliases == ("a", "b")
    assert shelf.read(references.parse("./a")) is found


def test_published_features_follow_each_other_as_the_table_says(shelf):
    found = features.find([use(f"{PUBLISHED}/github-cli:1"), use(f"{PUBLISHED}/common-utils:2")], [], shelf)
    assert [one.reference for one in found.uses] == [f"{PUBLISHED}/common-utils:2", f"{PUBLISHED}/github-cli:1"]
    assert found.unknown == ()


def test_what_is_known_of_a_feature_has_the_place_of_its_use(shelf):
    found = features.find([use(f"{PUBLISHED}/docker-outside-of-docker:1")], [], shelf)
    (configuration,) = found.configurations
    origins = [configuration.mounts[0].origin, configuration.security_opt[0].origin]
    assert [(one.layer, one.name, one.place) for one in origins] == [
        ("feature", f"{PUBLISHED}/docker-outside-of-docker:1", PLACE)
    ] * 2
    assert origins[0].key == "mounts[0]"


def test_the_same_contents_by_two_names_are_one_feature_where_a_lock_file_says_so(tmp_path):
    digest = "sha256:" + "00" * 32
    names = [f"{PUBLISHED}/git:1", f"{PUBLISHED}/git:1.3"]
    lock = Lock({name: Locked(name, "1.3.0", digest, PLACE) for name in names})
    assert len(features.find([use(name) for name in names], [], shelf_of(tmp_path, lock)).uses) == 1
    assert len(features.find([use(name) for name in names], [], shelf_of(tmp_path)).uses) == 2


def test_a_feature_outside_of_its_folder_is_not_read(tmp_path, shelf):
    feature(tmp_path / "elsewhere", "a", {"id": "a", "privileged": True})
    os.symlink(tmp_path / "elsewhere", tmp_path / ".devcontainer/inside")
    for reference in ("../elsewhere/.devcontainer/a", "./../a", "/a"):
        assert shelf.read(references.parse(reference)).why
    found = shelf.read(references.parse("./inside/.devcontainer/a"))
    assert found.configuration  # the link stays in the repository


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"id": }'])
def test_a_local_feature_that_is_no_object_is_refused_with_its_place(tmp_path, shelf, text):
    feature(tmp_path, "a", text)
    with pytest.raises(Broken, match=r"devcontainer-feature\.json:1:"):
        shelf.read(references.parse("./a"))


def test_a_pipe_in_place_of_the_metadata_is_not_waited_for(tmp_path, shelf):
    (tmp_path / ".devcontainer/a").mkdir()
    os.mkfifo(tmp_path / ".devcontainer/a/devcontainer-feature.json")
    assert "no regular file" in shelf.read(references.parse("./a")).why


def test_effects_are_those_of_the_options(shelf):
    assert [one.name for one in features.effects(use(f"{PUBLISHED}/common-utils:2"))] == ["sudo"]
    assert features.effects(use(f"{PUBLISHED}/common-utils:2", username="none")) == ()
    assert features.effects(use("./local")) == ()
