from __future__ import annotations

import json
import os
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.preflight.made_up import have_scanned_before, token, tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


@pytest.fixture
def leaky(person: Person, repo: Path) -> Path:
    """A repository with secrets in data, in code and in git's own file."""
    have_scanned_before(person)
    return tree(
        repo,
        {
            "services/api/.env": f"A=1\nT={token()}\n",
            "src/main.py": f'T = "{token()}"\n',
            "keys.json": f'["{token()}"]\n',
        },
    )


def test_it_says_where_and_what_and_never_the_secret(person: Person, repo: Path) -> None:
    have_scanned_before(person)
    made_up = token()
    tree(repo, {"keys.json": f'["{made_up}"]\n'})
    for arguments in ([], ["--all"], ["--json"], ["--mask"]):
        done = person.call("scan", *arguments, cwd=repo)
        assert done.returncode == 0
        assert "keys.json" in done.stdout
        assert made_up[4:14] not in done.stdout + done.stderr
    assert "keys.json:1  github-pat (40 characters)  masked already\n" in person.call("scan", cwd=repo).stdout


def test_a_clean_repository(person: Person, repo: Path) -> None:
    have_scanned_before(person)
    done = person.call("scan", cwd=repo)
    assert "nothing was found" in done.stdout
    assert "--mask" not in done.stdout
    assert person.call("scan", "--mask", cwd=repo).stdout == "nothing to mask: paddock scan shows what there is\n"


def test_json_says_which_files_would_be_masked(person: Person, leaky: Path) -> None:
    data = json.loads(person.call("scan", "--json", cwd=leaky).stdout)
    rows = {(one["path"], one["kind"]): (one["line"], one["masked"], one["offered"]) for one in data["findings"]}
    assert (data["schema"], data["complete"]) == (1, True)
    assert data["counts"] == {"secret": 3, "secret-file": 1}
    assert rows[("services/api/.env", "secret")] == (2, False, True)
    assert rows[("src/main.py", "secret")] == (1, False, False)


def test_names_are_never_printed_raw(person: Person, repo: Path) -> None:
    have_scanned_before(person)
    (repo / "a\x1b]0;b\x07.txt").write_text(token())
    (repo / "link").symlink_to("/etc/\x1b[31m")
    done = person.call("scan", cwd=repo)
    assert "\x1b" not in done.stdout
    assert "a\\x1b]0;b\\x07.txt:1" in done.stdout
    assert "link → /etc/\\x1b[31m" in done.stdout


@needs("bubblewrap", "overlay")
def test_masked_files_are_empty_inside_and_unmasked_ones_are_seen_again(person: Person, leaky: Path) -> None:
    count = ("run", "--workspace", "scratch", "--", "wc", "-c", "services/api/.env", "keys.json", "src/main.py")
    assert person.call("scan", "--mask", cwd=leaky / "src").stdout == (
        "empty inside from now on:\n  keys.json\n  services/api/.env\n"
    )
    sizes = [int(row.split()[0]) for row in person.call(*count, cwd=leaky).stdout.splitlines()]
    assert sizes[:2] == [0, 0]
    assert sizes[2] > 0
    assert person.call("scan", "--unmask", "../keys.json", cwd=leaky / "src").returncode == 0
    sizes = [int(row.split()[0]) for row in person.call(*count, cwd=leaky).stdout.splitlines()]
    assert sizes[0] == 0
    assert sizes[1] > 0


def test_a_file_that_was_chosen_is_masked_whatever_it_is(person: Person, leaky: Path) -> None:
    assert (
        person.call("scan", "--mask", "src/main.py", cwd=leaky).stdout == "empty inside from now on:\n  src/main.py\n"
    )
    explained = person.call("explain", "src/main.py", cwd=leaky).stdout
    assert "masked" in explained
    assert "paddock scan" in explained


@pytest.mark.parametrize("arguments", [("--mask", "/etc/passwd"), ("--mask", ".."), ("--mask", "nothing-there")])
def test_only_what_is_in_the_repository_can_be_masked(person: Person, leaky: Path, arguments: tuple[str, ...]) -> None:
    done = person.call("scan", *arguments, cwd=leaky)
    assert done.returncode == 125
    assert "in force" not in done.stdout


def test_what_no_scan_masked_cannot_be_taken_back(person: Person, leaky: Path) -> None:
    done = person.call("scan", "--unmask", "src/main.py", cwd=leaky)
    assert done.returncode == 125
    assert "was not masked by a scan" in done.stderr


class TestInPolicy:
    def test_a_new_file(self, person: Person, leaky: Path) -> None:
        done = person.call("scan", "--mask", "--in-policy", cwd=leaky)
        assert done.returncode == 0
        written = tomllib.loads((leaky / "paddock.toml").read_text())
        assert written == {"workspace": {"mask": ["keys.json", "services/api/.env"]}}
        assert person.call("policy", "check", cwd=leaky).returncode == 0
        assert "masked already" in person.call("scan", cwd=leaky).stdout

    def test_a_file_that_is_there_keeps_its_comments_and_a_void_trust_is_said(
        self, person: Person, leaky: Path
    ) -> None:
        (leaky / "paddock.toml").write_text("# ours\n[workspace]\nmode = 'review' # so\n")
        done = person.call("scan", "--mask", "keys.json", "--in-policy", cwd=leaky)
        assert "paddock trust" in done.stdout
        assert (leaky / "paddock.toml").read_text() == (
            "# ours\n[workspace]\nmask = [\"keys.json\"]\nmode = 'review' # so\n"
        )

    def test_a_list_that_is_there_is_the_persons_to_edit(self, person: Person, leaky: Path) -> None:
        before = "[workspace]\nmask = ['a'] # mine\n"
        (leaky / "paddock.toml").write_text(before)
        done = person.call("scan", "--mask", "keys.json", "--in-policy", cwd=leaky)
        assert done.returncode == 125
        assert 'add under [workspace]: mask = ["keys.json"]' in done.stderr
        assert (leaky / "paddock.toml").read_text() == before

    def test_a_link_in_its_place_is_not_followed(self, person: Person, leaky: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").write_text("")
        (leaky / "paddock.toml").symlink_to(tmp_path / "elsewhere")
        assert person.call("scan", "--mask", "--in-policy", cwd=leaky).returncode != 0
        assert (tmp_path / "elsewhere").read_text() == ""

    def test_it_goes_with_mask_only(self, person: Person, leaky: Path) -> None:
        assert "says where --mask writes" in person.call("scan", "--in-policy", cwd=leaky).stderr


def test_a_home_directory_is_not_scanned(person: Person) -> None:
    done = person.call("scan", cwd=person.home)
    assert done.returncode == 126
    assert "cannot be the workspace" in done.stderr


def test_the_masks_of_one_repository_are_not_those_of_another(person: Person, leaky: Path, tmp_path: Path) -> None:
    other = tree(tmp_path / "other", {"keys.json": "{}"})
    os.mkdir(other / ".git")
    person.call("scan", "--mask", cwd=leaky)
    assert "paddock scan" not in person.call("policy", "show", cwd=other).stdout
