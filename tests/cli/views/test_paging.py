from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from paddock import process
from paddock.cli.views import paging
from tests.capabilities import needs
from tests.cli.answering import seen
from tests.cli.change_sets import hold

if TYPE_CHECKING:
    from pathlib import Path

PATH = {"PATH": "/usr/bin:/bin"}


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def long(monkeypatch, person, repo):
    return hold(monkeypatch, person, repo, lambda upper: (upper / "long").write_text("line \x1b[2J\n" * 500))


class TestChoice:
    def test_paddocks_variable_comes_first(self) -> None:
        environ = {**PATH, "PADDOCK_PAGER": "sort -r 'a b'", "PAGER": "true"}
        assert paging.pager(environ) == [process.find("sort"), "-r", "a b"]
        assert paging.pager({**PATH, "PAGER": "true"}) == [process.find("true")]

    @pytest.mark.parametrize("said", ["", " ", "cat"])
    def test_none_is_a_choice(self, said: str) -> None:
        assert paging.pager({**PATH, "PADDOCK_PAGER": said, "PAGER": "less"}) is None

    def test_a_dumb_terminal_has_none(self) -> None:
        assert paging.pager({**PATH, "TERM": "dumb", "PAGER": "true"}) is None

    @needs("less")
    def test_else_it_is_less(self) -> None:
        assert paging.pager(PATH) == [process.find("less"), "-FRX"]

    @pytest.mark.parametrize("said", ["no-such-pager", "./pager", "bin/pager", "'less", "/etc/passwd"])
    def test_what_cannot_be_started_is_told_and_not_tried(self, said: str, capsys) -> None:
        assert paging.pager({**PATH, "PAGER": said}) is None
        assert f"PAGER names no program that is on your PATH: {said}" in capsys.readouterr().err

    def test_no_relative_place_of_the_path_is_looked_in(self, tmp_path: Path, monkeypatch) -> None:
        script(tmp_path / "planted", "true")
        monkeypatch.chdir(tmp_path)
        assert paging.words("planted", {"PATH": ":.:bin"}) is None
        assert paging.words("planted", {"PATH": str(tmp_path)}) == [str(tmp_path / "planted")]


def test_less_starts_no_programs_and_opens_no_files_for_what_it_shows() -> None:
    given = {"HOME": "/h", "LESSOPEN": "|evil %s", "LESSCLOSE": "evil", "LESSSECURE": "0"}
    assert paging.environment(given) == {"HOME": "/h", "LESS": "FRX", "LV": "-c", "LESSSECURE": "1"}
    assert paging.environment({"LESS": "-S"})["LESS"] == "-S"


def test_the_pager_gets_the_lines_and_nothing_of_the_repository(person, repo, long, tmp_path) -> None:
    pager = script(tmp_path / "pager", f'cat > "{tmp_path}/seen"; pwd > "{tmp_path}/where"; echo "$# $LESSSECURE"')
    shown = seen(person, repo, "diff", PADDOCK_PAGER=f"{shlex.quote(str(pager))} one two")
    assert shown == "2 1\n"
    lines = (tmp_path / "seen").read_text()
    assert "+line \\x1b[2J" in lines
    assert "\x1b[2J" not in lines
    assert "\x1b[32m" in lines
    assert (tmp_path / "where").read_text() == "/\n"


def test_a_pager_may_stop_reading_whenever_it_likes(person, repo, long, tmp_path) -> None:
    pager = script(tmp_path / "pager", "head -n 1")
    assert seen(person, repo, "diff", NO_COLOR="1", PADDOCK_PAGER=shlex.quote(str(pager))).startswith(
        "# hazard text-control (low): long: "
    )


@needs("less")
def test_less_shows_what_fits_and_leaves_at_once(person, repo, monkeypatch) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "short").write_text("one line\n"))
    assert "+one line" in seen(person, repo, "diff", NO_COLOR="1", PADDOCK_PAGER="less")


def test_without_a_terminal_there_is_no_pager(person, repo, long, tmp_path) -> None:
    pager = script(tmp_path / "pager", "exit 1")
    done = person.call("diff", cwd=repo, PAGER=shlex.quote(str(pager)))
    assert (done.returncode, done.stdout.count("\n+line")) == (0, 500)


def test_a_mistake_is_told_without_a_pager(person, repo, long, tmp_path) -> None:
    pager = script(tmp_path / "pager", f'touch "{tmp_path}/started"; cat')
    seen(person, repo, "diff", "none", PADDOCK_PAGER=shlex.quote(str(pager)), expected=125)
    assert not os.path.exists(tmp_path / "started")


def test_json_is_never_paged(person, repo, long, tmp_path) -> None:
    pager = script(tmp_path / "pager", "echo paged")
    assert seen(person, repo, "diff", "--json", PADDOCK_PAGER=shlex.quote(str(pager))).startswith("{")
