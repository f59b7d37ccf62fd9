"""From a folder to what is to be hardened."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.errors import PaddockError, PolicyError, Usage
from paddock.hardening import reading, writing
from paddock.hardening.case import Limits
from tests.hardening.scenes import FILE, IMAGE, ask, harden, hardened, repository

OTHER = ".devcontainer/python/devcontainer.json"


def test_the_first_configuration_is_taken_or_the_one_that_is_named(tmp_path, monkeypatch):
    folder = repository(tmp_path, {"name": "first"}, {OTHER: f'{{"name": "python", "image": "{IMAGE}"}}'})
    monkeypatch.chdir(tmp_path)
    for asked, source in (
        (reading.Asked(directory=str(folder)), FILE),
        (reading.Asked(config=f"{folder}/{OTHER}"), OTHER),
        (reading.Asked(config=f"app/{OTHER}"), OTHER),
        (reading.Asked(directory="app", config=f"app/{OTHER}"), OTHER),
    ):
        case, _ = reading.read(asked, ask())
        assert (case.source, case.target, case.effective.folder) == (source, reading.PLACE, str(folder))


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (".devcontainer/safe/devcontainer.json", ".devcontainer/safe/devcontainer.json"),
        (".devcontainer.json", ".devcontainer.json"),
    ],
)
def test_the_result_may_go_elsewhere(tmp_path, monkeypatch, output: str, wanted: str):
    repository(tmp_path, {})
    monkeypatch.chdir(tmp_path / "app")
    case, _ = reading.read(reading.Asked(output=output), ask())
    assert case.target == wanted


@pytest.mark.parametrize("output", ["../devcontainer.json", ".devcontainer/x.json", "/devcontainer.json"])
def test_but_only_to_where_editors_look(tmp_path, monkeypatch, output: str):
    repository(tmp_path, {})
    monkeypatch.chdir(tmp_path / "app")
    with pytest.raises(Usage, match="editors do not find"):
        reading.read(reading.Asked(output=output), ask())


def test_a_second_run_finds_what_the_first_found(tmp_path):
    first = harden(tmp_path, {})
    writing.write(first.case, first.found)
    second = hardened(Path(first.case.effective.folder))
    assert second.found.hardened == first.found.hardened


def test_what_cannot_be_read_is_refused_with_its_place(tmp_path):
    with pytest.raises(PaddockError, match=r"\.devcontainer/devcontainer\.json:1:15: a comma is missing") as caught:
        harden(tmp_path, '{"image": "a" "b"}')
    assert caught.value.code == "not-read"
    with pytest.raises(PaddockError, match="is no file"):
        reading.read(reading.Asked(config=str(tmp_path / "none.json")), ask())


def test_a_configuration_of_another_folder_is_refused(tmp_path):
    repository(tmp_path, {})
    (tmp_path / "other").mkdir()
    with pytest.raises(Usage, match="is not in"):
        reading.read(reading.Asked(directory=str(tmp_path / "other"), config=str(tmp_path / "app" / FILE)), ask())


def test_a_feature_that_nobody_asks_for_cannot_be_left_out(tmp_path):
    with pytest.raises(Usage, match="asks for no such Feature") as caught:
        harden(tmp_path, {}, without=("x",))
    assert caught.value.why == "it asks for none"


@pytest.mark.parametrize(
    ("config", "toml", "wanted"),
    [
        ({}, "", Limits()),
        ({}, '[limits]\nmemory = "1536MiB"\ncpus = 0.5\n', Limits("1536m", "512", "0.5")),
        ({"customizations": {"paddock": {"limits": {"memory": "8GiB", "processes": 64}}}}, "", Limits("8g", "64", "2")),
        (
            {"customizations": {"paddock": {"limits": {"memory": "8GiB"}}}},
            "[limits]\nprocesses = 9\n",
            Limits("4g", "9"),
        ),
    ],
)
def test_limits_are_those_of_the_repositorys_policy(tmp_path, config, toml: str, wanted: Limits):
    found = harden(tmp_path, config, {"paddock.toml": toml} if toml else {})
    assert found.case.limits == wanted
    assert f"--memory={wanted.memory}" in found.data["runArgs"]


def test_a_policy_that_is_wrong_stops_it(tmp_path):
    with pytest.raises(PolicyError):
        harden(tmp_path, {}, {"paddock.toml": "[limits]\nmemory = true\n"})
