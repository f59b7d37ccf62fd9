"""What the gateway keeps: secrets that are fetched anew, and the old ones, which must not go out either."""

from __future__ import annotations

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.credentials.renewals import Renewed
from paddock.gateway.secrets.custody import MOST_OLD, Custody
from paddock.plan.model import Bound, Credential
from paddock.policy.model import Origin

CREDENTIAL = Credential(
    "one", "command:get", "bearer", (Bound("a.example", 443),), ("T",), Origin("person", "p:1"), ttl_s=60
)


def custody() -> Custody:
    return Custody(
        [Brokered(CREDENTIAL, "placeholder-1", Secret("secret-number-0"))], [Canary("canary-env", "/x", (b"c" * 16,))]
    )


def looked_for(kept: Custody, kind: str) -> list[bytes]:
    return [needle.value for needle in kept.needles.all if needle.kind == kind]


def test_a_new_secret_takes_the_place_of_the_old_one_which_still_must_not_go_out() -> None:
    kept = custody()
    assert kept.renew(Renewed("one", Secret("secret-number-1"))) == ""
    assert kept.brokered[0].secret == "secret-number-1"
    assert kept.brokered[0].placeholder == "placeholder-1"
    assert looked_for(kept, "secret") == [b"secret-number-1", b"secret-number-0"]


def test_the_same_secret_again_changes_nothing() -> None:
    kept = custody()
    before = kept.needles.all
    kept.renew(Renewed("one", Secret("secret-number-0")))
    assert set(kept.needles.all) == set(before)


def test_after_many_the_oldest_are_forgotten_and_nothing_else() -> None:
    kept = custody()
    for number in range(1, MOST_OLD + 9):
        kept.renew(Renewed("one", Secret(f"secret-number-{number}")))
    found = looked_for(kept, "secret")
    assert found[0] == f"secret-number-{MOST_OLD + 8}".encode()
    assert len(found) == MOST_OLD + 1
    assert b"secret-number-0" not in found
    assert looked_for(kept, "placeholder") == [b"placeholder-1"]
    assert looked_for(kept, "canary") == [b"c" * 16]


def test_without_a_new_one_the_old_one_stays_and_the_reason_is_told() -> None:
    kept = custody()
    assert kept.renew(Renewed("one", None, "locked")) == "locked"
    assert "shorter than" in kept.renew(Renewed("one", Secret("short")))
    assert kept.brokered[0].secret == "secret-number-0"


def test_a_credential_that_is_not_there_is_none() -> None:
    kept = custody()
    kept.renew(Renewed("other", Secret("secret-number-1")))
    assert looked_for(kept, "secret") == [b"secret-number-0"]


def test_a_canary_is_known_in_a_name_however_it_is_parted() -> None:
    kept = Custody(
        (), [Canary("canary-aws", "/x", (b"AKIAQYVAJLDXIKRJXV6Q", b"6zMK5obnr7pqapweWmQWfp+wCAMcDmjP1GuCi0QE"))]
    )
    assert kept.canary_in("akiaqyvajldxikrjxv6q.evil.example") == "canary-aws"
    assert kept.canary_in("akiaqyva.JLDXIKRJ.xv6q.evil.example") == "canary-aws"
    assert (
        kept.canary_in(f"{b'AKIAQYVAJLDXIKRJXV6Q'.hex()[:30]}.{b'AKIAQYVAJLDXIKRJXV6Q'.hex()[30:]}.example")
        == "canary-aws"
    )
    assert kept.canary_in("api.example.test") == ""
    assert kept.canary_in("placeholder-1.example") == ""
    assert custody().canary_in("placeholder-1.secret-number-0.example") == ""
