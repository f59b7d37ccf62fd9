"""What a run asks of the last proof, and what is said where it does not cover the run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import Refused
from paddock.frozen import replace
from paddock.plan.model import Proving
from paddock.policy.model import Origin
from paddock.proofs import requiring, store
from paddock.proofs.envelope import seal
from paddock.proofs.requiring import ANYTHING, Here, differences, refuse_unproven
from tests.proofs.made_up import HASH, HELD, proof

if TYPE_CHECKING:
    from tests.conftest import Person

AT = 1795251600.0  # 2026-11-21T09:00:00Z, when the made-up proof was begun
DAY = 86400.0
WANTED = Proving(within_s=30 * DAY, policy_hash=HASH, origin=Origin("floor", "/etc/paddock/policy.toml:2"))
NOW = Here("bubblewrap", (), "6.1", "1.0", "0123456789abcdef", "an ordinary user")


def test_a_proof_of_all_that_is_about_to_be_used_covers_it() -> None:
    for age_s in (-30, 0, 30 * DAY):
        assert list(differences(WANTED, NOW, proof(), AT + age_s)) == []
    assert list(differences(WANTED, replace(NOW, gaps=("memory-total",)), proof(), AT)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kernel": "5.15"}, "kernel: 5.15 then, 6.1 now"),
        ({"paddock": "0.9"}, "Paddock: 0.9 then, 1.0 now"),
        ({"pack": "f" * 16}, "probes: ffffffffffffffff then, 0123456789abcdef now"),
        ({"user": "root"}, "person: root then, an ordinary user now"),
        ({"complete": False}, "it was not completed"),
        ({"begun": "2026-10-21T09:00:00Z"}, "it is 31.0 days old (2026-10-21T09:00:00Z)"),
        ({"begun": "2026-11-21T10:00:00Z"}, "it is from the future (2026-11-21T10:00:00Z)"),
        ({"begun": "yesterday"}, "it does not say when it was made"),
    ],
)
def test_each_difference_is_named(changes: dict[str, Any], said: str) -> None:
    assert list(differences(WANTED, NOW, proof(**changes), AT)) == [said]


def test_a_failed_proof_and_a_new_gap_are_named() -> None:
    broken = replace(HELD, verdict="breached")
    assert list(differences(WANTED, NOW, proof(broken), AT)) == ["it failed: FS-02 home-canary-read"]
    new = replace(NOW, gaps=("memory-total", "unix-sockets"))
    assert list(differences(WANTED, new, proof(), AT)) == ["gaps that it did not have: unix-sockets"]


def refused(person: Person, wanted: Proving = WANTED, now: Here = NOW) -> Refused:
    with pytest.raises(Refused) as caught:
        refuse_unproven(wanted, now, person.environ)
    assert (caught.value.code, caught.value.exit_code) == ("proof", 126)
    return caught.value


def keep(person: Person, **changes: Any) -> None:
    stamp = {"begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **changes}
    store.keep(seal(proof(**stamp), person.environ), person.environ)


def test_without_a_proof_nothing_starts_and_it_says_what_there_is(person: Person) -> None:
    error = refused(person)
    assert error.why == "nothing was proven yet"
    assert error.next_step == "paddock prove"
    assert "/etc/paddock/policy.toml:2" in error.what
    assert "30 days" in error.what
    keep(person, policy_hash="0" * 64, begun="2026-11-20T09:00:00Z")
    assert refused(person).why.startswith("the last proof (2026-11-20T09:00:00Z) is of another policy")
    keep(person, boundary="landlock")
    landlock = refused(person)
    assert "boundary landlock, not bubblewrap" in landlock.why
    assert refused(person, now=replace(NOW, boundary="gvisor")).next_step == "paddock prove --boundary gvisor"


def test_a_good_one_is_enough_and_a_forged_one_is_not(person: Person) -> None:
    keep(person)
    refuse_unproven(WANTED, NOW, person.environ)
    kept = store.last(HASH, "bubblewrap", person.environ)
    assert kept
    with open(kept.path, "r+", encoding="utf-8") as file:
        text = file.read().replace('"complete": true', '"complete":  true')
        file.seek(0)
        file.write(text)
    refuse_unproven(WANTED, NOW, person.environ)  # the same proof in other words
    with open(kept.path, "w", encoding="utf-8") as file:
        file.write(text.replace('"6.1"', '"6.2"'))
    assert "the signature does not fit" in refused(person, now=replace(NOW, kernel="6.2")).why


def test_what_flags_loosen_is_covered_by_no_proof_of_a_persons(person: Person) -> None:
    asked = replace(WANTED, beyond=("--allow: network.mode allow",))
    keep(person)
    error = refused(person, asked)
    assert "asks for more than was proven" in error.what
    assert "--allow" in error.why
    assert "paddock prove" in error.next_step


def test_what_prove_plants_for_a_made_up_person_lets_it_start_what_it_attacks(person: Person) -> None:
    asked = replace(WANTED, beyond=("--allow: network.mode allow",), policy_hash="0" * 64)
    keep(person, added=ANYTHING)
    for now in (NOW, replace(NOW, boundary="landlock", gaps=("metadata",))):
        refuse_unproven(asked, now, person.environ)
    # Of another key it is worth nothing.
    (person.home / ".local/state/paddock/proofs/key").unlink()
    assert "asks for more" in refused(person, asked).what


def test_here_is_this_machine() -> None:
    import os

    now = requiring.here("landlock", ["metadata"])
    assert (now.boundary, now.gaps, now.kernel) == ("landlock", ("metadata",), os.uname().release)
