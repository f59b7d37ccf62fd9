"""`prove` as a whole, with real sandboxes: the policy of a directory, another boundary, another sandbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.proving import Wanted, prove
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

FEW = ("FS-02", "FS-07", "CR-21", "PK-01")


@pytest.fixture
def environ(person: Person, tmp_path: Path) -> dict[str, str]:
    return {**person.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def verdicts(proof: Proof) -> dict[str, str]:
    return {row.id.partition(" ")[0]: row.verdict for row in proof.rows}


def test_the_default_policy_holds(repo: Path, environ: dict[str, str]) -> None:
    proof = prove(str(repo), Wanted(only=FEW), environ)
    assert set(verdicts(proof).values()) == {"held"}
    assert proof.passed
    assert (proof.subject.boundary, proof.subject.kernel) == ("bubblewrap", os.uname().release)
    assert len(proof.subject.plan_hash) == 64
    assert set(proof.subject.versions) == {"bubblewrap", "python"}


@pytest.mark.parametrize(
    ("words", "breached"),
    [
        ("env", {"FS-02", "FS-07", "CR-21", "PK-01"}),
        ('bwrap --ro-bind / / --bind "$PWD" "$PWD" --dev /dev', {"FS-02", "CR-21", "PK-01"}),
        (
            'bwrap --clearenv --ro-bind / / --bind "$PWD" "$PWD" --dev /dev --unshare-pid --proc /proc --tmpfs "$HOME"',
            set(),
        ),
    ],
)
def test_another_sandbox_is_attacked_by_its_own_words(
    repo: Path, environ: dict[str, str], words: str, breached: set[str]
) -> None:
    proof = prove(str(repo), Wanted(against=words, only=FEW), environ)
    assert {name for name, verdict in verdicts(proof).items() if verdict == "breached"} == breached
    assert proof.passed == (not breached)
    assert proof.subject.against == words


def test_nothing_of_it_is_left(repo: Path, environ: dict[str, str], tmp_path: Path) -> None:
    prove(str(repo), Wanted(only=FEW), environ)
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == []


PASSING = '[environment]\npass = ["MY_SETTING"]\n'  # which holds a canary on the made-up person's machine


def test_a_policy_file_can_be_tried_before_it_is_used(repo: Path, environ: dict[str, str], tmp_path: Path) -> None:
    (repo / "paddock.toml").write_text("[nonsense]\n")
    tried = tmp_path / "tried.toml"
    tried.write_text(PASSING)
    assert verdicts(prove(str(repo), Wanted(policy=str(tried), only=("CR-21",)), environ)) == {"CR-21": "allowed"}
    with pytest.raises(PaddockError):
        prove(str(repo), Wanted(only=("CR-21",)), environ)


def test_a_repositorys_policy_counts_as_it_does_for_a_run(repo: Path, environ: dict[str, str]) -> None:
    """Untrusted, it can only tighten."""
    (repo / "paddock.toml").write_text(PASSING)
    assert verdicts(prove(str(repo), Wanted(only=("CR-21",)), environ)) == {"CR-21": "held"}


def test_the_persons_policy_counts(repo: Path, environ: dict[str, str], person: Person) -> None:
    (person.home / ".config/paddock").mkdir(parents=True)
    (person.home / ".config/paddock/policy.toml").write_text(PASSING)
    assert verdicts(prove(str(repo), Wanted(only=("CR-21",)), environ)) == {"CR-21": "allowed"}
