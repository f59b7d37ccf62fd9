"""The data table of credential locations is well-formed."""

from __future__ import annotations

from paddock.policy.locations import ABSOLUTE, HOME, MOVED, XDG


def test_every_group_has_a_reason_and_places_of_the_right_kind():
    for reason, places in (*HOME, *ABSOLUTE, *MOVED):
        assert reason
        assert places.split()
    assert all(not place.startswith(("/", "~")) for _, places in HOME for place in places.split())
    assert all(place.startswith("/") for _, places in ABSOLUTE for place in places.split())
    assert all(place.isidentifier() for _, places in MOVED for place in places.split())
    assert all(prefix.endswith("/") for _, prefix in XDG)


def test_no_place_is_listed_twice_and_none_has_more_than_one_star_in_a_component():
    for table in (HOME, ABSOLUTE, MOVED):
        places = [place for _, group in table for place in group.split()]
        assert len(places) == len(set(places))
        assert all(part.count("*") <= 1 for place in places for part in place.split("/"))
