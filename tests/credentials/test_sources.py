"""Every kind of source, with real files and real programs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials import sources
from paddock.credentials.sources import LONGEST, Outside, Unavailable, fetch

SECRET = "real-secret-0123456789"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("bin", "repository/bin"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path.resolve()


def outside(home: Path, **environ: str) -> Outside:
    return Outside({"PATH": f"{home}/bin:/usr/bin:/bin", **environ}, str(home), (f"{home}/repository",))


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def private(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)


class TestVariables:
    def test_a_variable_gives_its_value(self, home: Path) -> None:
        assert fetch("env:TOKEN", outside(home, TOKEN=SECRET)).text == SECRET

    @pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}])
    def test_one_that_is_not_set_is_no_secret(self, home: Path, environ: dict[str, str]) -> None:
        found = fetch("env:TOKEN", outside(home, **environ))
        assert found.text is None
        assert found.note == "TOKEN is not set here"

    def test_several_are_joined_and_the_last_may_be_missing(self, home: Path) -> None:
        names = "env:ID,KEY,SESSION"
        assert fetch(names, outside(home, ID="a", KEY="b", SESSION="c")).text == "a:b:c"
        assert fetch(names, outside(home, ID="a", KEY="b")).text == "a:b"
        assert fetch(names, outside(home, ID="a", SESSION="c")).note == "KEY is not set here"

    def test_bytes_that_no_header_carries_are_an_error_that_does_not_quote_them(self, home: Path) -> None:
        with pytest.raises(Unavailable, match="TOKEN holds is not ASCII") as caught:
            fetch("env:TOKEN", outside(home, TOKEN="s3cr\udcff"))
        assert "s3cr" not in str(caught.value.as_data())


class TestFiles:
    def test_a_file_gives_its_content_without_the_last_line_break(self, home: Path) -> None:
        private(home / "token", f"{SECRET}\r\n")
        found = fetch("file:~/token", outside(home))
        assert (found.text, found.note) == (SECRET, "")
        assert fetch(f"file:{home}/token", outside(home)).text == SECRET

    def test_one_that_others_can_read_is_remarked(self, home: Path) -> None:
        private(home / "token", SECRET)
        (home / "token").chmod(0o644)
        assert (
            fetch("file:~/token", outside(home)).note
            == "~/token can be read by others on this machine: chmod 600 ~/token"
        )

    @pytest.mark.parametrize("content", ["", "\n", "  \n\n"])
    def test_an_empty_one_is_no_secret(self, home: Path, content: str) -> None:
        private(home / "token", content)
        assert fetch("file:~/token", outside(home)).text is None

    def test_a_missing_one_is_no_secret(self, home: Path) -> None:
        assert fetch("file:~/token", outside(home)).note == "~/token does not exist"
        assert fetch("file:~/token/below", outside(home)).text is None

    @pytest.mark.parametrize("kind", ["directory", "fifo"])
    def test_what_is_no_file_is_an_error_and_nobody_waits(self, home: Path, kind: str) -> None:
        place = home / "token"
        place.mkdir() if kind == "directory" else os.mkfifo(place)
        with pytest.raises(Unavailable, match="~/token is not a file"):
            fetch("file:~/token", outside(home))

    def test_a_large_one_is_an_error(self, home: Path) -> None:
        private(home / "token", "x" * LONGEST + "\n")
        assert len(fetch("file:~/token", outside(home)).text or "") == LONGEST
        private(home / "token", "x" * (LONGEST + 1))
        with pytest.raises(Unavailable, match="too long"):
            fetch("file:~/token", outside(home))

    def test_one_of_the_repository_is_refused_by_every_way(self, home: Path) -> None:
        private(home / "repository/token", SECRET)
        (home / "alias").symlink_to("repository/token")
        for path in (f"{home}/repository/token", "~/alias", "~/x/../repository/token"):
            with pytest.raises(Unavailable, match="lies where a sandbox can write"):
                fetch(f"file:{path}", outside(home))

    @given(st.binary(max_size=200))
    def test_any_bytes_give_a_text_or_an_error_of_ours(self, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as place:
            private(Path(place, "token"), content)
            try:
                found = fetch(f"file:{place}/token", Outside({}, "/", ("/nowhere",)))
            except Unavailable:
                assert not content.strip(b"\r\n").isascii()
            else:
                assert found.text is None or found.text.encode() == content.removesuffix(b"\n").removesuffix(b"\r")


class TestCommands:
    def test_what_a_program_prints_is_the_secret(self, home: Path) -> None:
        program(home / "bin/gh", f'test "$1 $2" = "auth token" && echo {SECRET}')
        assert fetch("command:gh auth token", outside(home)).text == SECRET

    def test_it_has_the_persons_environment_and_no_shell_sees_the_words(self, home: Path) -> None:
        program(home / "bin/show", 'printf "%s|%s|%s" "$#" "$1" "$MINE"')
        found = fetch("command:show 'a; $(id) | b'", outside(home, MINE="mine"))
        assert found.text == "1|a; $(id) | b|mine"

    def test_one_of_the_repository_is_not_found(self, home: Path) -> None:
        program(home / "repository/bin/gh", "echo stolen")
        (home / "bin/gh").symlink_to(home / "repository/bin/gh")
        context = outside(home, PATH=f"{home}/repository/bin:repository/bin:.:{home}/bin")
        for typed in ("gh auth token", f"{home}/repository/bin/gh", "~/repository/bin/gh"):
            with pytest.raises(Unavailable, match="there is no program"):
                fetch(f"command:{typed}", context)

    def test_the_next_directory_is_taken_instead(self, home: Path) -> None:
        program(home / "repository/bin/gh", "echo stolen")
        program(home / "bin/gh", f"echo {SECRET}")
        context = outside(home, PATH=f"{home}/repository/bin:{home}/bin:/bin")
        assert fetch("command:gh", context).text == SECRET

    def test_a_failure_says_its_own_words_without_control_characters(self, home: Path) -> None:
        program(home / "bin/op", "printf '\\033]0;x\\007locked' >&2; exit 3")
        with pytest.raises(Unavailable, match="op gave no secret: status 3") as caught:
            fetch("command:op read op://vault/item", outside(home))
        assert caught.value.why == '"\\x1b]0;x\\x07locked"'
        assert caught.value.next_step == "try it: op read op://vault/item"

    def test_no_output_is_an_error(self, home: Path) -> None:
        program(home / "bin/op", "exit 0")
        with pytest.raises(Unavailable, match="op printed no secret"):
            fetch("command:op read x", outside(home))

    def test_one_that_hangs_is_ended(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources, "TIMEOUT_S", 0.2)
        program(home / "bin/op", "exec sleep 60")
        with pytest.raises(Unavailable, match=r"did not end within 0\.2 s"):
            fetch("command:op", outside(home))

    def test_one_that_prints_without_end_is_ended(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources, "TIMEOUT_S", 0.5)
        program(home / "bin/op", "exec yes")
        with pytest.raises(Unavailable, match="did not end"):
            fetch("command:op", outside(home))

    def test_too_much_output_is_an_error(self, home: Path) -> None:
        program(home / "bin/op", f"head -c {LONGEST + 1} /dev/zero | tr '\\0' x")
        with pytest.raises(Unavailable, match="too long"):
            fetch("command:op", outside(home))

    def test_what_it_leaves_running_holds_nobody_up(self, home: Path) -> None:
        program(home / "bin/op", f"sleep 5 2>/dev/null & echo {SECRET}")
        assert fetch("command:op", outside(home)).text == SECRET


class TestKeyring:
    """`secret-tool` is a program on the person's PATH; its behaviour is that of libsecret's tool.c."""

    def test_the_entry_is_looked_up_by_its_attributes(self, home: Path) -> None:
        program(home / "bin/secret-tool", f'test "$*" = "lookup service github username ann" && printf {SECRET}')
        assert fetch("keyring:github/ann", outside(home)).text == SECRET

    def test_no_entry_is_no_secret_and_says_how_to_store_one(self, home: Path) -> None:
        program(home / "bin/secret-tool", "exit 1")
        found = fetch("keyring:github/ann", outside(home))
        assert found.text is None
        assert "secret-tool store --label=paddock service github username ann" in found.note

    def test_a_locked_one_is_an_error_that_says_what_to_do(self, home: Path) -> None:
        """The tool says nothing of it: it ends as if there were none (tests/real/test_keyring.py)."""
        program(home / "bin/secret-tool", 'test "$*" = "search service github username ann" && echo "[/1]"')
        with pytest.raises(Unavailable, match="the keyring did not give github/ann: it is locked") as caught:
            fetch("keyring:github/ann", outside(home))
        assert caught.value.next_step.startswith("unlock it")

    def test_what_the_tool_complains_of_is_in_the_error(self, home: Path) -> None:
        program(home / "bin/secret-tool", "echo 'secret-tool: Cannot get secret of a locked object' >&2; exit 1")
        with pytest.raises(Unavailable, match="the keyring did not give github/ann") as caught:
            fetch("keyring:github/ann", outside(home))
        assert "locked object" in caught.value.why
        assert caught.value.next_step.startswith("unlock it")

    def test_an_empty_entry_is_no_secret(self, home: Path) -> None:
        program(home / "bin/secret-tool", 'test "$1" = lookup || echo "[/1]"')
        assert fetch("keyring:github/ann", outside(home)).text is None

    def test_without_the_program_the_error_names_its_package(self, home: Path) -> None:
        with pytest.raises(Unavailable, match="no secret-tool on your PATH") as caught:
            fetch("keyring:github/ann", outside(home, PATH=f"{home}/bin"))
        assert "libsecret-tools" in caught.value.next_step


def test_nothing_that_was_read_is_in_a_repr(home: Path) -> None:
    assert SECRET not in repr(fetch("env:TOKEN", outside(home, TOKEN=SECRET)))
