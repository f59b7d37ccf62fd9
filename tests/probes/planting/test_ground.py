from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting import machine
from paddock.probes.planting.ground import Ground
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def test_no_canary_is_told_and_every_hash_is(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground")) as ground:
        told = ground.tell()
        assert set(told["hashes"]) == {hashlib.sha256(it.encode()).hexdigest() for it in ground.canaries}
        assert not any(canary in json.dumps(told) for canary in ground.canaries)


def test_two_grounds_share_no_secret(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "a"), bare=True) as one, Ground(str(tmp_path / "b"), bare=True) as other:
        assert not set(one.canaries) & set(other.canaries)
        assert one.given["word"] != other.given["word"]


def test_what_was_planted_outside_is_gone_afterwards(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground")) as ground:
        outside = [ground.given[name] for name in ("tmp", "var tmp", "run", "shm") if name in ground.given]
        pid = ground.victim.pid
        assert all(map(os.path.exists, outside))
        assert os.path.exists(f"/proc/{pid}")
    assert not any(map(os.path.exists, outside))
    assert not os.path.exists(f"/proc/{pid}")


def test_a_failure_while_planting_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Ground) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(machine, "plant", fail)  # the last one
    ground = Ground(str(tmp_path / "ground"))
    with pytest.raises(OSError, match="full"), ground:
        raise AssertionError
    outside = [ground.given[name] for name in ("tmp", "var tmp", "run", "shm") if name in ground.given]
    assert outside
    assert not any(map(os.path.exists, [*outside, f"/proc/{ground.victim.pid}"]))


def test_the_persons_policy_holds_on_it(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), b'[network]\nmode = "off"\n', bare=True) as ground:
        path = f"{ground.environ['XDG_CONFIG_HOME']}/paddock/policy.toml"
        with open(path) as file:
            assert 'mode = "off"' in file.read()
