"""Sorting as the reference implementation does."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from paddock.devcontainer.collation import collated, compare
from tests import capabilities

NAMES = [
    "",
    "a",
    "A",
    "aB",
    "ab",
    "Ab",
    "a-b",
    "a/b",
    "a_b",
    "ab",
    "abc",
    "a b",
    "1",
    "10",
    "9",
    "b",
    "B",
    "z:1",
    "z@s",
]


def test_it_agrees_with_the_interpreter_that_runs_the_reference_implementation():
    capabilities.require("node")
    script = (
        "const a = JSON.parse(process.argv[1]); console.log(JSON.stringify(a.map(x => a.map(y => x.localeCompare(y)))))"
    )
    argv = ["node", "-e", script, json.dumps(NAMES)]
    said = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert [[compare(one, other) for other in NAMES] for one in NAMES] == said


def test_case_counts_only_where_nothing_else_differs():
    assert sorted(["B", "b", "a", "A", "aB", "ab", "_", "1"], key=collated) == [
        "_",
        "1",
        "a",
        "A",
        "ab",
        "aB",
        "b",
        "B",
    ]


@given(st.lists(st.text(max_size=5), max_size=6))
@example(["İ", "i", "I"])
def test_it_is_an_order(texts):
    ordered = sorted(texts, key=collated)
    assert all(compare(one, other) <= 0 for one, other in pairwise(ordered))
