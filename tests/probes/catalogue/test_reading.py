from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.probes.catalogue import reading
from paddock.probes.catalogue.reading import LAYERS, choose, load, quick
from paddock.probes.expectations import PROMISES
from paddock.probes.scenarios import find

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.catalogue.reading import Probe

PROBES = load()
ENTRY = """[[probe]]
id = "FS-99 made-up"
title = "a title"
kind = "boundary"
severity = "high"
promise = "outside"
attempt = "tried"
holds = "held"
source = "a CVE"
control = "anyone"
"""


def test_every_id_is_there_once_and_looks_like_one() -> None:
    ids = [probe.id for probe in PROBES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Z]{2}-\d{2} [A-Za-z0-9_.'-]+", name) for name in ids)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.id)
def test_every_probe_tests_a_promise_that_there_is(probe: Probe) -> None:
    assert probe.promise in PROMISES


@pytest.mark.parametrize(
    "probe", [it for it in PROBES if it.where == "scenario" and not it.absent], ids=lambda probe: probe.id
)
def test_every_scenario_of_the_catalogue_is_written(probe: Probe) -> None:
    assert callable(find(probe.id))


def test_a_layer_an_id_and_a_whole_name_choose() -> None:
    assert {probe.layer for probe in choose(PROBES, ["network"])} == {"network"}
    assert {probe.id[:5] for probe in choose(PROBES, ["fs-02"])} == {"FS-02"}
    assert [probe.id for probe in choose(PROBES, ["FS-02 home-canary-read"])] == ["FS-02 home-canary-read"]
    assert choose(PROBES, []) == PROBES


def test_a_word_that_chooses_nothing_is_refused_with_what_there_is() -> None:
    with pytest.raises(PaddockError) as caught:
        choose(PROBES, ["FS-02", "nothing"])
    assert caught.value.code == "unknown-probe"
    assert "network" in str(caught.value.why)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "boundary"', 'kind = "strong"'),
        ('severity = "high"', 'severity = "very"'),
        ('id = "FS', 'id = "NW'),
        ('source = "a CVE"', 'source = ""'),
        ('source = "a CVE"', 'source = "a CVE"\nsauce = "x"'),
        ('control = "anyone"', 'control = "anyone"\nwhere = "elsewhere"'),
    ],
)
def test_a_catalogue_that_is_wrong_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    (tmp_path / "files.toml").write_text(ENTRY)
    monkeypatch.setattr(reading, "_DIRECTORY", str(tmp_path))
    assert len(load(["files"])) == 1
    (tmp_path / "files.toml").write_text(ENTRY.replace(old, new))
    with pytest.raises(ValueError, match=r"files\.toml"):
        load(["files"])


def test_the_layers_are_those_of_the_files() -> None:
    assert {probe.layer for probe in PROBES} <= set(LAYERS)


def test_the_quick_ones_are_read_alone_and_chosen_by_one_word() -> None:
    assert quick() == tuple(probe for probe in PROBES if probe.quick) == choose(PROBES, ["quick"])
    assert 20 < len(quick()) < len(PROBES)
