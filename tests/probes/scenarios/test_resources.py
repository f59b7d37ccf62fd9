"""Limits used up, in real sandboxes: what is promised holds, and what is not promised is said to be open."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.catalogue import reading
from paddock.proving import Wanted, prove
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Row

pytestmark = needs("bubblewrap", "git")
ROWS = [probe for probe in reading.load(["resources"]) if probe.where == "scenario"]
POLICY = '[limits]\nfile_size = "1GiB"\ncpus = 2\n'
LIFTED = '[limits]\nmemory = "none"\nopen_files = "none"\n'
TAKEN_BACK = ("RS-02 memory-of-one", "RS-03 open-files")


def proved(base: Path, policy: str, *only: str) -> dict[str, Row]:
    """The rows of a proof for a policy, by their ids."""
    (base / "policy.toml").write_text(policy)
    for part in ("home/.local/state", "home/.config", "home/runtime", "repo"):
        (base / part).mkdir(parents=True, mode=0o700)
    subprocess.run(["git", "init", "-q", base / "repo"], check=True)
    environ = {"HOME": str(base / "home"), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(base / "home/runtime")}
    wanted = Wanted(boundary="bubblewrap", policy=str(base / "policy.toml"), only=only)
    return {row.id: row for row in prove(str(base / "repo"), wanted, environ).rows}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    return proved(tmp_path_factory.mktemp("limited"), POLICY, *(probe.id for probe in ROWS))


@pytest.mark.parametrize("probe", ROWS, ids=lambda probe: probe.id)
def test_a_limit_holds_and_without_a_sandbox_nothing_does(probe: reading.Probe, limited: dict[str, Row]) -> None:
    row = limited[probe.id]
    if row.verdict == "skipped":
        assert "nothing on this machine keeps this limit" in row.reason
    elif row.verdict == "open":
        assert row.reason == "gap cpu-total, which was accepted"  # no control group
    else:
        assert (row.verdict, row.evidence) == ("held", ())
        assert row.controlled is (probe.control in (reading.ANYONE, reading.ROOT))


def test_a_limit_that_the_policy_lifts_is_nobodys_promise(tmp_path: Path) -> None:
    found = proved(tmp_path, LIFTED, *TAKEN_BACK)
    assert {row.verdict for row in found.values()} == {"open"}
    assert re.fullmatch(r'limits\.memory = "none" \(\w+ .*:2\)', found["RS-02 memory-of-one"].reason)
