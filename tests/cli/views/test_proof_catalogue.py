from __future__ import annotations

import pytest

from paddock.cli.views import proof_catalogue
from paddock.frozen import replace
from paddock.probes.catalogue.reading import Probe, load
from paddock.probes.expectations import PROMISES

PROBE = Probe(
    "FS-02 home-canary-read", "files", "a secret of the home is read", "boundary", "high", "outside",
    "read it by its path", "it is not there", "CVE-2025-54794", "anyone", fix="mend it",
)  # fmt: skip


def test_one_in_full() -> None:
    assert (
        proof_catalogue.explained([PROBE], 80)
        == """\
FS-02 home-canary-read
  what      a secret of the home is read: files, high
  attempt   read it by its path
  holds     it is not there
  judged    the attacker says what it reached, and the host looks at its own
            side
  control   the same is tried without a sandbox, where it must succeed; else the
            row is unproven
  promise   what is outside the workspace cannot be read or written (the gap
            metadata takes it back)
  incident  CVE-2025-54794
  fix       mend it
"""
    )


def test_a_control_that_there_is_not_says_why() -> None:
    text = proof_catalogue.explained([replace(PROBE, control="it would break the host")], 80)
    assert "none: it would break the host" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_probe_can_be_explained_within_the_terminal(width: int) -> None:
    for probe in load():
        text = proof_catalogue.explained([probe], width)
        assert PROMISES[probe.promise].sentence.split()[0] in text
        assert all(
            len(line) <= width or " " not in line.strip() for line in text.splitlines() if line.startswith(" " * 12)
        )


def test_the_list_has_one_line_for_each_probe_below_its_layer() -> None:
    text = proof_catalogue.listed([PROBE, replace(PROBE, id="NW-01 out", layer="network")], 80)
    assert (
        text
        == """\
files (1)
  FS-02  high      a secret of the home is read

network (1)
  NW-01  high      a secret of the home is read
"""
    )
    assert proof_catalogue.listed([], 80) == ""
