"""Which commands a shell's text plainly names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.facts.shell import commands


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("npm ci", "npm"),
        ("cd a && npm ci; make | tee log &", "cd npm make tee"),
        ("sudo -E -u root apt-get update", "apt-get"),
        ("sudo env A=1 nice -n 5 make", "make"),
        ("A=1 B=2 make", "make"),
        ('/usr/bin/sudo /usr/bin/chsh vscode -s "$(which pwsh)"', "chsh which"),
        ("if [ -d x ]; then cp -r a b; fi", "[ cp"),
        ("echo 'sudo rm' \"it's; not\" # sudo rm", "echo"),
        ("(cd a; make) || { false; }", "cd make false"),
        ("make 2>&1 >log &>all <in", "make"),
        ("bash -ec 'npm i && sh -c \"make\"'", "bash npm sh make"),
        ("su - node -c make", "su make"),
        ('eval "$(mise env)"', "eval mise"),
        ("a \\\n  b", "a"),
        ("", ""),
        ("   # nothing", ""),
        ("'", ""),
        ("$(", "$()"),
        ("while read a; do b; done", "read b"),
    ],
)  # fmt: skip
def test_it_names_what_is_run(text: str, programs: str) -> None:
    assert " ".join(one.program for one in commands(text) if one.words and one.program) == programs


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a | b | c", {("a", "b"), ("b", "c")}),
        ("a || b", set()),
        ("a |& b", {("a", "b")}),
        ("a | sudo -E bash -s -- x", {("a", "bash")}),
        ("sh <(a)", {("a", "sh")}),
        ('bash -c "$(a)"', {("a", "bash")}),
        ("b `a`", {("a", "b")}),
        ("a | b $(c | d) | e", {("a", "b"), ("c", "d"), ("d", "b"), ("b", "e")}),
        ("sh -c 'a | b' | c", {("a", "b"), ("sh", "c")}),
    ],
)
def test_it_sees_who_reads_whose_output(text: str, pairs: set[tuple[str, str]]) -> None:
    found = commands(text)
    assert {(one.program, found[one.into].program) for one in found if one.into >= 0} == pairs


def test_the_offset_of_a_command_is_that_of_its_first_word() -> None:
    text = "cd x && A=1 sudo make"
    assert [text[one.start :][:4] for one in commands(text)] == ["cd x", "A=1 "]


def test_texts_in_texts_end() -> None:
    assert len(commands("$(" * 100_000)) < 20
    assert len(commands("eval " * 10_000 + "x")) < 20
    assert [one.program for one in commands("sudo " * 100_000 + "x")] == ["x"]


@given(st.text(alphabet="ab |&;()<>$`'\"\\\n#=-sudo", max_size=60))
def test_any_text_is_read(text: str) -> None:
    found = commands(text)
    assert all(-1 <= one.into < len(found) for one in found)
    assert all(0 <= one.start <= len(text) for one in found)
