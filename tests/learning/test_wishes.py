from __future__ import annotations

from typing import Any

from paddock.learning.wishes import Wish, gather


def refused(name: object, reason: str = "not-allowed", **more: object) -> dict[str, object]:
    return {"kind": "dns", "name": name, "port": 53, "verdict": "refused", "reason": reason, **more}


def test_refusals_are_counted_by_name_port_and_reason() -> None:
    events: list[Any] = [
        {"kind": "session"},
        refused("a.test"),
        {"kind": "dns", "name": "b.test", "port": 53, "verdict": "allowed"},
        {"kind": "refused", "name": "b.test", "port": 80, "verdict": "refused", "reason": "address-private"},
        {"kind": "refused", "name": "b.test", "port": 80, "verdict": "refused", "reason": "address-private"},
        {"kind": "connect", "name": "b.test", "port": 443, "verdict": "failed", "reason": "upstream-slow"},
        refused("a.test", count=7),
        {"kind": "closed"},
    ]
    assert gather(events) == (
        Wish("a.test", 443, "not-allowed", 7),
        Wish("b.test", 80, "address-private", 2),
    )


def test_what_a_person_granted_is_a_wish_unless_it_was_withdrawn() -> None:
    granted = {"kind": "granted", "name": "a.test", "port": 443}
    assert gather([refused("a.test"), granted]) == (
        Wish("a.test", 443, "not-allowed", 1, granted=True),
        Wish("a.test", 443, "", 0, granted=True),
    )
    for name, port in (("a.test", 443), ("a.test", 0), ("*.test", 443)):
        assert gather([granted, {"kind": "withdrawn", "name": name, "port": port}]) == ()
    for name, port in (("b.test", 0), ("a.test", 80), ("*.a.test", 0)):
        assert len(gather([granted, {"kind": "withdrawn", "name": name, "port": port}])) == 1


def test_lines_that_hold_something_else_are_passed_over() -> None:
    assert gather([refused(None), refused(7), {**refused("a.test"), "port": "x"}, {"kind": "later"}]) == ()
    assert gather([refused("a.test", count="many")])[0].count == 1
