from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paddock.workspace.git import names
from tests.capabilities import needs


@pytest.mark.parametrize("text", ["a" * 40, "0123456789abcdef" * 4, "1" + "0" * 39])
def test_ids_of_both_formats(text: str) -> None:
    assert names.is_id(text)


@pytest.mark.parametrize(
    "text", ["", "a" * 39, "a" * 41, "A" * 40, "0" * 40, "0" * 64, "g" * 40, " " + "a" * 39, "\u0661" * 40]
)
def test_what_is_no_id(text: str) -> None:
    assert not names.is_id(text)


@needs("git")
@given(st.text(st.sampled_from("ab./-~^:?*[\\@{ \t\x7f\udc80é"), max_size=12))
@example("a/b")
@example("a.lock/b")
@example("@")
def test_what_we_take_for_a_ref_git_takes_for_one_too(text: str) -> None:
    name = f"refs/heads/{text}"
    if names.is_ref(name):
        raw = name.encode("utf-8", "surrogateescape")
        assert subprocess.run([b"git", b"check-ref-format", raw], check=False).returncode == 0


@needs("git")
@pytest.mark.parametrize("text", ["a", "a/b", "a@b", "é", "\udc80", "a+b", "x.y", "stash@0", "a{b", "@"])
def test_usual_names_are_refs(text: str) -> None:
    assert names.is_ref(f"refs/heads/{text}")


@pytest.mark.parametrize(
    "name", ["refs", "refs/", "heads/x", "refs/heads/", "refs//x", "/refs/heads/x", "refs/heads/../x", "refs/heads/-x",
             "refs/heads/.x", "refs/heads/" + "x" * 256, "refs/heads/x\n"]
)  # fmt: skip
def test_what_is_no_ref(name: str) -> None:
    assert not names.is_ref(name)


def test_a_branch_is_no_option_and_not_head() -> None:
    assert names.is_branch("paddock/calm-fern+topic/one")
    assert not any(map(names.is_branch, ["-x", "HEAD", "", "a b", "--upload-pack=x"]))


@pytest.mark.parametrize("name", ["main", "feature/a-b_c.d", "fix/#12", "é", "a+b", "a=b", "a{b}", "a,b"])
def test_a_name_that_can_be_typed(name):
    assert names.is_tame(name)


@pytest.mark.parametrize(
    "name", ["$(x)", "a`b`", "a;b", "a|b", "a&b", "a>b", "a'b", 'a"b', "a(b)", "a!b", "%F{a}", "a\u202eb"]
)
def test_a_name_that_shells_obey(name):
    assert not names.is_tame(name)
