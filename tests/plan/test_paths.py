from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from paddock.plan.paths import ancestors, depth, expand, name, normal, parent, within

PATHS = st.text("a/.~ \n\udc80", max_size=20).map(lambda text: "/" + text)


@given(PATHS)
def test_the_normal_form_is_that_of_the_standard_library(path: str) -> None:
    assert normal(path) == os.path.normpath(path).replace("//", "/")


@given(PATHS, PATHS)
def test_containment_is_by_whole_components(path: str, directory: str) -> None:
    path, directory = normal(path), normal(directory)
    assert within(path, directory) == (os.path.commonpath([path, directory]) == directory)


def test_a_sibling_with_the_same_beginning_is_outside() -> None:
    assert not within("/w/repo-evil/secret", "/w/repo")


def test_parts_of_a_path() -> None:
    assert (parent("/a/b"), name("/a/b"), parent("/a")) == ("/a", "b", "/")


@given(PATHS)
def test_the_directories_above_a_path_are_what_its_depth_counts(path: str) -> None:
    path = normal(path)
    above = ancestors(path)
    assert len(above) == max(depth(path) - 1, 0)
    assert [parent(below) for below in (*above, path)] == ["/", *above]
    assert "/" not in above


def test_only_ones_own_home_is_expanded() -> None:
    assert [expand(text, "/h") for text in ("~", "~/x", "~eve/x", "a~")] == ["/h", "/h/x", "~eve/x", "a~"]
