"""The trial of the gvisor boundary: for real, and with programs that are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import starting
from paddock.boundary import engine, guest, guest_programs, gvisor_trial, runsc
from paddock.boundary.gvisor import Runsc
from paddock.boundary.packages import install
from paddock.errors import PaddockError
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn


@needs("gvisor")
def test_here_it_works_and_says_with_which_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(runsc, "PLATFORMS", ("nonsense", "systrap", "ptrace"))  # kvm may take its whole time
    (tmp_path / "base").mkdir()
    found = gvisor_trial.available(str(tmp_path / "base"))
    assert found.ok, found.reason
    assert " is used" in found.reason
    assert "nonsense: " in found.reason
    assert runsc.remembered(runsc.find_program()) == ""  # doctor leaves nothing


@needs("gvisor")
def test_a_program_that_is_no_gvisor_runs_nothing(tmp_path: Path) -> None:
    """It would let the command run in the host's kernel."""
    program = tmp_path / "runsc"
    program.write_bytes(guest_programs.init(starting.machine()))
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    (tmp_path / "base").mkdir()
    failure = gvisor_trial.failure(Runsc(str(program), "ptrace"), str(tmp_path / "base"))
    assert f"the kernel inside says that it is '{os.uname().release}', which is not gVisor's" in failure


@pytest.mark.parametrize(("platform", "patience_s"), [("systrap", 60.0), ("ptrace", 60.0), ("kvm", 10.0)])
def test_a_platform_has_as_long_as_a_real_start_but_for_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, patience_s: float
) -> None:
    """What failed for being slow once would be passed over for ever: what has worked instead is remembered."""
    given: list[float] = []

    def make(*_: object, timeout_s: float) -> NoReturn:
        given.append(timeout_s)
        raise PaddockError("enough")

    monkeypatch.setattr(guest, "Guest", make)
    with pytest.raises(PaddockError, match="enough"):
        gvisor_trial.failure(Runsc("/usr/bin/runsc", platform), str(tmp_path))
    assert given == [patience_s]


def test_with_docker_alone_it_names_what_is_missing_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "by_docker", lambda: True)
    found = gvisor_trial.available(str(tmp_path))
    assert (found.ok, found.reason) == (False, "podman starts its containers, and only Docker is here")
    assert found.fix == install("podman")
    assert not list(tmp_path.iterdir())
