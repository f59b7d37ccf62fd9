from __future__ import annotations

import errno
import os

import pytest

from paddock.boundary import landlock_trial
from paddock.errors import BoundaryUnavailable
from paddock.kernel import landlock
from tests.capabilities import needs

pytestmark = needs("landlock")


@pytest.mark.user
def test_the_boundary_works_here_and_says_which_abi():
    found = landlock_trial.available()
    assert found.ok, found.reason
    assert str(landlock.version()) in found.reason


@pytest.mark.root
def test_root_is_told_to_be_somebody_else():
    found = landlock_trial.available()
    assert not found.ok
    assert "ordinary user" in found.fix


def test_the_facts_are_those_of_this_machine():
    facts = landlock_trial.facts_here()
    assert facts.abi == landlock.version()
    assert facts.machine == os.uname().machine
    assert facts.as_root == (os.geteuid() == 0)
    assert facts.tasks >= 1


@pytest.mark.parametrize(("number", "word"), [(errno.ENOSYS, "5.13"), (errno.EOPNOTSUPP, "lsm=")])
def test_a_kernel_without_landlock_is_named_with_what_mends_it(monkeypatch: pytest.MonkeyPatch, number: int, word: str):
    def version() -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(landlock, "version", version)
    with pytest.raises(BoundaryUnavailable) as caught:
        landlock_trial.facts_here()
    assert word in caught.value.next_step
    found = landlock_trial.available()
    assert not found.ok
    assert found.reason
    assert word in found.fix


@pytest.mark.user
def test_a_kernel_that_does_not_enforce_is_found_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(landlock, "restrict", lambda *_, **__: None)
    found = landlock_trial.available()
    assert not found.ok
    assert "does not enforce" in found.reason
