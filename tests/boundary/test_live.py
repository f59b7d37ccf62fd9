"""What mode live cannot keep is named, each with what it is about and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.boundary import live
from paddock.boundary.base import GAPS

if TYPE_CHECKING:
    from collections.abc import Sequence


def found(
    hard_links: Sequence[str] = (), sockets: Sequence[str] = (), unprotected: Sequence[str] = ()
) -> dict[str, str]:
    return {gap.name: gap.why for gap in live.gaps(hard_links=hard_links, sockets=sockets, unprotected=unprotected)}


def test_the_moment_between_a_write_and_its_finding_is_always_a_gap() -> None:
    assert list(found()) == ["live-hazards-window"]


@pytest.mark.parametrize(
    ("what", "gap"), [("hard_links", "hard-links"), ("sockets", "host-sockets"), ("unprotected", "live-protection")]
)
def test_what_leads_out_or_cannot_be_held_is_a_gap_that_names_it(what: str, gap: str) -> None:
    few = found(**{what: ["a/b", "c"]})
    assert set(few) == {"live-hazards-window", gap}
    assert few[gap].endswith(": a/b, c")
    assert found(**{what: list("abcde")})[gap].endswith(": a, b, c and 2 more")


def test_every_gap_has_a_name_that_can_be_accepted_and_says_what_to_do_instead() -> None:
    every = list(live.gaps(hard_links=["a"], sockets=["b"], unprotected=["c"]))
    assert {gap.name for gap in every} <= set(GAPS)
    assert all(gap.acceptable and gap.instead.startswith("--workspace review") for gap in every)
