"""Places in a home that programs inside own: made where there is nothing, never through a link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import homing
from paddock.errors import Refused
from paddock.frozen import replace
from paddock.plan.model import Mount, Planted
from paddock.policy.model import BUILT_IN
from tests.boundary.plans import PLAN

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.plan.model import Plan


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def planned(tmp_path: Path, mode: str = "allow") -> Plan:
    inside = PLAN.person.home
    (tmp_path / "state").mkdir(exist_ok=True)
    return replace(
        PLAN,
        mounts=(Mount(str(tmp_path / "state"), f"{inside}/.local/share/agent", "write", BUILT_IN),),
        canaries=(Planted("aws", f"{inside}/.aws/credentials", BUILT_IN),),
        network=replace(PLAN.network, mode=mode),
    )


def test_directories_and_files_are_made_and_what_is_there_stays(home: Path, tmp_path: Path) -> None:
    (home / ".aws").mkdir()
    (home / ".aws/credentials").write_text("of the set-up")
    for _ in range(2):
        homing.prepare(planned(tmp_path), str(home))
    assert (home / ".local/share/agent").is_dir()
    assert (home / ".aws/credentials").read_text() == "of the set-up"


def test_without_a_network_there_is_no_place_for_canaries(home: Path, tmp_path: Path) -> None:
    homing.prepare(planned(tmp_path, "off"), str(home))
    assert os.listdir(home) == [".local"]


@pytest.mark.parametrize("name", [".local", ".local/share", ".local/share/agent", ".aws", ".aws/credentials"])
@pytest.mark.parametrize("kind", ["link", "file", "fifo"])
def test_nothing_is_followed_and_what_is_in_the_way_is_refused_by_name(
    name: str, kind: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        (home / name).symlink_to(tmp_path / "outside")
    elif kind == "fifo":
        os.mkfifo(home / name)
    elif name != ".aws/credentials":
        (home / name).write_text("")
    else:
        (home / name).mkdir()
    with pytest.raises(Refused) as caught:
        homing.prepare(planned(tmp_path), str(home))
    assert "of this dev container cannot be mounted on" in caught.value.what
    assert "paddock devcontainer rm" in caught.value.next_step
    assert os.listdir(tmp_path / "outside") == []
