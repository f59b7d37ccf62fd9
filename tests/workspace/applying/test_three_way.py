from __future__ import annotations

import subprocess
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.workspace.applying.three_way import merge, regions
from paddock.workspace.lines import split_lines
from tests.capabilities import needs

BASE = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
# Few different lines, so that both sides meet; and each base line different, so that there is one way to match them.
EDITS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(("insert", "delete", "change")), st.sampled_from("xyz")), max_size=4
)


def edited(base: list[bytes], edits) -> list[bytes]:
    result = list(base)
    for place, kind, letter in edits:
        line = f"{letter}\n".encode()
        at = min(place, len(result))
        if kind == "insert":
            result.insert(at, line)
        elif at < len(result):
            result[at : at + 1] = [line] if kind == "change" else []
    return result


def test_changes_in_different_places_come_together() -> None:
    ours, theirs = BASE.replace(b"one", b"ONE"), BASE.replace(b"seven", b"SEVEN\neight")
    assert merge(BASE, ours, theirs) == b"ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\neight\n"


def test_changes_of_the_same_lines_or_of_neighbours_conflict() -> None:
    assert merge(BASE, BASE.replace(b"two", b"2"), BASE.replace(b"two", b"II")) is None
    assert merge(BASE, BASE.replace(b"two", b"2"), BASE.replace(b"three", b"3")) is None
    assert merge(BASE, BASE + b"ours\n", BASE + b"theirs\n") is None


def test_the_same_change_on_both_sides_is_one() -> None:
    both = BASE.replace(b"two", b"2")
    assert merge(BASE, both, both) == both
    assert merge(BASE, both, both.replace(b"seven", b"7")) == both.replace(b"seven", b"7")


def test_a_missing_end_of_the_last_line_is_a_difference() -> None:
    assert merge(b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\n") == b"A\nb\nc\n"
    assert merge(b"a\nb", b"a\nb\n", b"a\nb") == b"a\nb\n"


def test_a_conflict_shows_what_each_side_made_of_it() -> None:
    found = [
        region for region in regions(BASE, BASE.replace(b"two", b"2"), BASE.replace(b"two\n", b"")) if region.conflict
    ]
    assert [(region.base, region.ours, region.theirs) for region in found] == [((b"two\n",), (b"2\n",), ())]


@given(one=st.binary(max_size=60), other=st.binary(max_size=60))
def test_where_one_side_did_nothing_the_other_counts(one, other) -> None:
    assert merge(one, one, other) == other
    assert merge(one, other, one) == other
    assert merge(one, other, other) == other


@given(base=st.binary(max_size=60), ours=st.binary(max_size=60), theirs=st.binary(max_size=60))
def test_the_regions_hold_every_line_of_each_side(base, ours, theirs) -> None:
    found = regions(base, ours, theirs)
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        assert b"".join(line for region in found for line in getattr(region, name)) == text


@needs("git")
@settings(max_examples=150)
@given(ours=EDITS, theirs=EDITS)
def test_what_merges_here_merges_the_same_in_git(ours, theirs) -> None:
    base = split_lines(BASE)
    texts = [b"".join(lines) for lines in (edited(base, ours), base, edited(base, theirs))]
    merged = merge(texts[1], texts[0], texts[2])
    if merged is None:
        return
    with tempfile.TemporaryDirectory() as place:
        for name, text in zip(("ours", "base", "theirs"), texts, strict=True):
            with open(f"{place}/{name}", "wb") as file:
                file.write(text)
        done = subprocess.run(
            ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=place, capture_output=True, check=False
        )
    assert (done.returncode, done.stdout) == (0, merged)
