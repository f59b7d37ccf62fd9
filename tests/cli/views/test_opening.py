from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from paddock.cli.views import opening
from tests.cli.change_sets import hold, whiteout
from tests.cli.views.test_paging import script

# Says what it was given, and keeps it.
TOOL = """
echo "$(basename "$1") $(basename "$2") $(stat -c %a "$1" "$2" | tr '\\n' ' ')"
cat "$1" "$2"
echo "in $(ls -A | tr '\\n' ' ')"
"""


@pytest.fixture
def tool(tmp_path: Path) -> dict[str, str]:
    return {"DIFFTOOL": shlex.quote(str(script(tmp_path / "tool", TOOL)))}


def test_the_program_gets_read_only_copies_under_names_that_mean_nothing(
    monkeypatch, person, repo, tool, tmp_path
) -> None:
    def work(upper: Path) -> None:
        (upper / ".vscode").mkdir()
        (upper / ".vscode" / "tasks.json").write_text("sandbox\n")
        (upper / "hello.txt").write_text("sandbox's\n")
        (upper / "hello.txt").chmod(0o4755)
        (upper / ".exrc").write_text("!evil\n")

    hold(monkeypatch, person, repo, work)
    done = person.call("diff", "--open", cwd=repo, **tool)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "host-.exrc sandbox-.exrc 400 400 ", "!evil", "in host-.exrc sandbox-.exrc ",
        "host-tasks.json sandbox-tasks.json 400 400 ", "sandbox", "in host-tasks.json sandbox-tasks.json ",
        "host-hello.txt sandbox-hello.txt 400 400 ", "hello", "sandbox's", "in host-hello.txt sandbox-hello.txt ",
    ]  # fmt: skip
    assert not [name for name in os.listdir(person.home / "runtime/paddock") if name.startswith("open-")]


def test_a_link_is_its_target_and_nothing_that_it_leads_to(monkeypatch, person, repo, tool, tmp_path) -> None:
    (tmp_path / "canary").write_text("canary\n")

    def work(upper: Path) -> None:
        (upper / "link").symlink_to(tmp_path / "canary")
        whiteout(upper / "hello.txt")
        os.mkfifo(upper / "fifo")

    hold(monkeypatch, person, repo, work)
    done = person.call("diff", "--open", cwd=repo, **tool)
    assert f"-> {tmp_path}/canary\n" in done.stdout
    assert "canary\n" not in done.stdout.replace(f"-> {tmp_path}/canary\n", "")
    assert "fifo" not in done.stdout
    assert "host-hello.txt sandbox-hello.txt" in done.stdout


def test_one_file_or_the_hazards_alone(monkeypatch, person, repo, tool) -> None:
    hold(
        monkeypatch, person, repo, lambda upper: [(upper / name).write_text("all: ; x\n") for name in ("a", "Makefile")]
    )
    assert "host-a " in person.call("diff", "--open", "a", cwd=repo, **tool).stdout
    assert "Makefile" not in person.call("diff", "--open", "a", cwd=repo, **tool).stdout
    done = person.call("diff", "--open", "--hazards", cwd=repo, **tool)
    assert ("host-a " in done.stdout, "host-Makefile " in done.stdout) == (False, True)
    assert person.call("diff", "--open", "none", cwd=repo, **tool).returncode == 125


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "DIFFTOOL is not set"),
        ("no-such-tool", "DIFFTOOL names no program"),
        ("./tool", "DIFFTOOL names no program"),
    ],
)
def test_without_a_program_it_says_how_to_name_one(monkeypatch, person, repo, command, said) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "a").write_text("x\n"))
    done = person.call("diff", "--open", cwd=repo, DIFFTOOL=command)
    assert (done.returncode, said in done.stderr) == (125, True)
    assert "DIFFTOOL=" in done.stderr


def test_many_files_are_not_opened_one_by_one(monkeypatch, person, repo, tool) -> None:
    hold(
        monkeypatch, person, repo, lambda upper: [(upper / f"f{number}").touch() for number in range(opening.MOST + 1)]
    )
    done = person.call("diff", "--open", cwd=repo, **tool)
    assert (done.returncode, "21 files changed" in done.stderr) == (125, True)


def test_a_huge_file_is_named_and_not_copied(monkeypatch, person, repo, tool) -> None:
    hold(
        monkeypatch, person, repo, lambda upper: os.truncate(os.open(upper / "huge", os.O_CREAT | os.O_RDWR), 10 << 30)
    )
    assert person.call("diff", "--open", cwd=repo, **tool).stdout == "too large to open: huge, 10.0 GiB\n"


def test_a_program_that_fails_is_told(monkeypatch, person, repo, tmp_path) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "a").write_text("x\n"))
    broken = script(tmp_path / "broken", "exit 3")
    assert (
        person.call("diff", "--open", cwd=repo, DIFFTOOL=shlex.quote(str(broken))).stdout
        == f"{broken} ended with 3: a\n"
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.py", "b.py"),
        ("-rf", "-rf"),
        ("x\x1b[2J\n;y.c", "x__2J__y.c"),
        ("\udcff.é", "_._"),
        ("n" * 250 + ".py", "n" * 77 + ".py"),
    ],
)
def test_names_of_copies_are_plain_and_keep_their_end(path: str, name: str) -> None:
    assert opening._neutral(path) == name
