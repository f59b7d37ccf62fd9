from __future__ import annotations

from paddock.checking.findings import SEVERITIES, at_least, one_step_lower


def test_severities_are_compared_by_their_order() -> None:
    for place, one in enumerate(SEVERITIES):
        assert [at_least(one, other) for other in SEVERITIES] == [place <= number for number in range(len(SEVERITIES))]


def test_the_mildest_stays_the_mildest() -> None:
    assert [one_step_lower(one) for one in SEVERITIES] == ["high", "medium", "low", "info", "info"]
