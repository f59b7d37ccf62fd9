from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.plan.identity import gitconfig, parse_listing, quoted, read_simple
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path


def as_git_reads(path: Path) -> dict[str, str]:
    argv = ["git", "config", "--file", str(path), "-z", "--get-regexp", r"^user\.(name|email)$"]
    done = subprocess.run(
        argv, capture_output=True, check=False, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    )
    return parse_listing(done.stdout.split(b"\0"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "[user]\n\tname = Ann Example\n\temail = ann@example.test\n",
            {"name": "Ann Example", "email": "ann@example.test"},
        ),
        ("[USER]\nNAME=Ann\nemail  =  a@b  \n[core]\nname = x\n", {"name": "Ann", "email": "a@b"}),
        ("[user]\nname = a\n[user]\nname = b\n", {"name": "b"}),
        ("# x\n; [user]\n[core]\n\teditor = vim # no\n", {}),
        ('[user "x"]\nname = a\n', {}),
        ("[user]\nsigningkey = k\n", {}),
        ("", {}),
    ],
)
def test_simple_files_are_read_without_git(text: str, found: dict[str, str]) -> None:
    assert read_simple(text) == found


@pytest.mark.parametrize(
    "text",
    ['[user]\nname = "Ann"\n', "[user]\nname = a\\\nb\n", "[user] name = a\n", "[include]\npath = x\n", '[IncludeIf "gitdir:~/x"]\npath = y\n',
     "[user]\nname = a # b\n", "[user]\nname\n", "[core]\nx = y \\\n[user]\nname = z\n", "\ufeff[user]\nname = a\n", "[a] b = [c]\n"],
)  # fmt: skip
def test_everything_else_is_left_to_git(text: str) -> None:
    assert read_simple(text) is None


LINES = st.sampled_from(
    ["[user]", "[core]", "[User]", '[user "x"]', "[user]x=1", "\tname = Ann", "email=a@b.test", "name = ", "name", "  # c", "name = a;b",
     "x = \\", 'name = "q"', "name = a  b ", "[include]", "email = é\udcff", "", "\r", "name = Bo\r", "signingKey = k", "name-x = y", "name=\x0b"]
)  # fmt: skip


@needs("git")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.lists(LINES, max_size=8))
def test_what_is_read_without_git_is_what_git_reads(tmp_path: Path, lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    path = tmp_path / "config"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    simple = read_simple(text)
    argv = ["git", "config", "--file", str(path), "--list"]
    valid = subprocess.run(argv, capture_output=True, check=False).returncode == 0
    if simple is not None and valid:
        assert simple == as_git_reads(path)


NASTY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    [
        'a"\n[core]\n\tfsmonitor = x',
        "a\\",
        "\\n",
        "\n",
        '"',
        "a#b;c",
        " lead",
        "trail ",
        "\t",
        "\b",
        "[x]",
        "\r\n",
        "\udcff",
        "a\rb",
    ]
)


@needs("git")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(NASTY, NASTY, NASTY)
def test_no_name_can_say_more_than_a_name(tmp_path: Path, name: str, email: str, repository: str) -> None:
    path = tmp_path / "config"
    path.write_bytes(gitconfig(name, email, "/" + repository).encode("utf-8", "surrogateescape"))
    done = subprocess.run(["git", "config", "--file", str(path), "-z", "--list"], capture_output=True, check=True)
    records = [record.decode("utf-8", "surrogateescape") for record in done.stdout.split(b"\0")[:-1]]
    wanted = [("user.name", name), ("user.email", email), ("safe.directory", "/" + repository)]
    assert records == [f"{key}\n{value}" for key, value in wanted if value]


def test_nul_cannot_be_written() -> None:
    assert quoted("a\0b") == '"ab"'


def test_a_listing_keeps_the_last_value_and_odd_bytes() -> None:
    listing = b"user.name\nA\nB\0user.email\nx\xff@b\0user.name\nC\0user.other\nx\0".split(b"\0")
    assert parse_listing(listing) == {"name": "C", "email": "x\udcff@b"}


def test_git_lfs_works_where_it_is_there_and_fetches_nothing() -> None:
    text = gitconfig("", "", "/r", lfs=True)
    assert '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n' in text
    assert text.count("--skip") == 2
    assert "lfs" not in gitconfig("", "", "/r")
