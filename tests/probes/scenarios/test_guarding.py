"""What is said of a gateway's process, of one that has given up nothing: ourselves."""

from __future__ import annotations

import os

from paddock.probes.scenarios import guarding


def test_a_process_that_has_given_up_nothing_is_told_of() -> None:
    found = list(guarding._kept(os.getpid(), os.getpid()))
    assert "the caller's session" in found
    assert "memory that the person's other programs can read" in found
    assert "the caller's directory" in found
    if os.geteuid() == 0:
        assert {"Uid", "Gid"} <= {what.split()[0] for what in found}
