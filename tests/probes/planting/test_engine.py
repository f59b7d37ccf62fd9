"""What a person's own settings would give to each container."""

from __future__ import annotations

import tomllib
from pathlib import Path

from paddock.probes.planting import engine
from paddock.probes.planting.ground import Ground
from tests.capabilities import needs

pytestmark = needs("git")


def test_each_file_gives_a_directory_with_a_secret_to_a_place_that_is_asked_for(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        engine.plant(ground)
        settings = Path(ground.home, ".config/containers")
        volume, *_ = tomllib.loads((settings / "containers.conf").read_text())["containers"]["volumes"]
        given = [(settings / "mounts.conf").read_text().strip(), volume]
        secrets = [Path(one.split(":")[0], "secret").read_text() for one in given]
        assert len(set(secrets)) == len(given), "each its own, so that it is known which one came through"
        assert [f"{one.split(':')[1]}/secret" for one in given] == ground.given["engine gives"]
