from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.record import chain
from paddock.record.chain import Broken, Links

SCALARS: st.SearchStrategy[object] = st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=8)
VALUES: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
EXTRAS: st.SearchStrategy[dict[str, object]] = st.dictionaries(st.text(min_size=7, max_size=9), VALUES, max_size=3)


def chained(extras: list[dict[str, object]]) -> list[bytes]:
    """A whole log with these events between its first and its last line."""
    lines: list[bytes] = []
    kinds = [chain.FIRST, *["connect"] * (len(extras) - 2), chain.LAST]
    for number, (kind, extra) in enumerate(zip(kinds, extras, strict=True)):
        prev = chain.digest(lines[-1]) if lines else chain.GENESIS
        event = {**extra, "seq": number, "t": 1, "kind": kind, "sandbox": "s", "plan": "p", "prev": prev}
        lines.append(chain.line_of(event, chain.encoder()))
    return lines


def first_problem(lines: list[bytes]) -> tuple[int, str]:
    """The number of the first line that is wrong and why; (0, "") for a chain."""
    links = Links()
    for number, line in enumerate(lines, 1):
        try:
            links.follow(line)
        except Broken as error:
            return number, str(error)
    return 0, ""


LOGS = st.lists(EXTRAS, min_size=3, max_size=6).map(chained)


@given(LOGS)
def test_what_was_written_is_a_chain(lines: list[bytes]) -> None:
    links = Links()
    events = [links.follow(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(len(lines)))
    assert links.closed
    assert links.head == chain.digest(lines[-1])


@given(LOGS, st.data())
def test_no_byte_can_be_changed_added_or_removed_unnoticed(lines: list[bytes], data: st.DataObject) -> None:
    """The last line's own digest is what an anchor holds; every other line is held by the next."""
    number = data.draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    at = data.draw(st.integers(0, len(line)))
    new = data.draw(st.binary(max_size=2).filter(lambda some: b"\n" not in some))
    end = data.draw(st.integers(at, min(len(line), at + 2)))
    changed = [*lines[:number], line[:at] + new + line[end:], *lines[number + 1 :]]
    if changed != lines:
        links = Links()
        if first_problem(changed) == (0, ""):
            for each in changed:
                links.follow(each)
            assert links.head != chain.digest(lines[-1])
            assert number == len(lines) - 1
        else:
            assert first_problem(changed)[0] in (number + 1, number + 2)


@given(LOGS, st.data())
def test_no_line_can_be_moved_removed_or_doubled_unnoticed(lines: list[bytes], data: st.DataObject) -> None:
    order = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=len(lines) + 2))
    changed = [lines[number] for number in order]
    is_beginning = order == list(range(len(order)))
    assert (first_problem(changed) == (0, "")) == is_beginning


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"[1]", "not an object"),
        (b"{}", "lacks seq"),
        (b"\xff", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"1" * 60_000, "not JSON"),
        (b" " * (chain.LONGEST + 1), "longer"),
    ],
)
def test_what_is_no_line_is_named(line: bytes, why: str) -> None:
    number, problem = first_problem([line])
    assert number == 1
    assert why in problem


def event(**more: object) -> dict[str, object]:
    whole = {"seq": 0, "t": 1, "kind": "session", "sandbox": "s", "plan": "p", "prev": chain.GENESIS}
    return {**whole, **more}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seq": True}, "lacks seq"),
        ({"seq": 1}, "should be number 0"),
        ({"t": "1"}, "lacks t"),
        ({"prev": "1" * 64}, "does not follow"),
        ({"kind": "connect"}, "begins with"),
    ],
)
def test_each_part_of_a_first_line_is_checked(changes: dict[str, object], why: str) -> None:
    assert why in first_problem([chain.line_of(event(**changes), chain.encoder())])[1]


def test_another_way_to_write_the_same_is_a_change() -> None:
    assert "canonical" in first_problem([json.dumps(event()).encode()])[1]
    twice = chain.line_of(event(), chain.encoder()).replace(b'"t":1', b'"t":1,"t":1')
    assert "canonical" in first_problem([twice])[1]


def test_a_line_about_another_sandbox_or_plan_does_not_belong() -> None:
    first = chain.line_of(event(), chain.encoder())
    for other in ({"sandbox": "x"}, {"plan": "x"}):
        line = chain.line_of(event(seq=1, kind="dns", prev=chain.digest(first), **other), chain.encoder())
        assert first_problem([first, line]) == (2, "it is about another sandbox or plan than the first line")


def test_one_can_read_on_behind_what_is_broken() -> None:
    lines = chained([{}, {}, {}, {}])
    links = Links()
    links.follow(lines[0])
    with pytest.raises(Broken):
        links.follow(lines[1].replace(b'"t":1', b'"t":2').replace(b'"seq":1', b'"seq":7'))
    with pytest.raises(Broken, match="does not follow"):
        links.follow(lines[2])
    assert links.follow(lines[3])["kind"] == "closed"
