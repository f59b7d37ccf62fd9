"""`paddock trust` as a person types it, at a terminal and without one."""

from __future__ import annotations

import json

import pytest

from tests.cli.answering import on_terminal

LOOSE = '[network]\nmode = "allow"\nallow = ["api.example"]\n[limits]\nmemory = "64GiB"\nwall = "1h"\n'


@pytest.fixture
def loose(repo):
    path = repo / "paddock.toml"
    path.write_text(LOOSE)
    path.chmod(0o644)
    return path


@pytest.fixture
def trusted(person, repo, loose):
    assert person.call("trust", "--yes", cwd=repo).returncode == 0
    return loose


def mode(person, repo) -> str:
    rows = json.loads(person.call("policy", "show", "--json", cwd=repo).stdout)["policy"]
    return str(next(row["value"] for row in rows if row["key"] == "network.mode"))


def test_without_a_terminal_it_shows_and_refuses_until_yes_is_said(person, repo, loose):
    done = person.call("trust", cwd=repo)
    assert done.returncode == 126
    assert "network.mode allow, instead of off  (paddock.toml:2)" in done.stderr
    assert "network.allow api.example:443  (paddock.toml:3)" in done.stderr
    assert "limits.memory 64GiB, instead of 4GiB" in done.stderr
    assert "limits.wall" not in done.stderr, "tightening needs no trust"
    assert "paddock trust --yes" in done.stderr
    assert mode(person, repo) == "off"
    assert person.call("trust", "--yes", cwd=repo).returncode == 0
    assert mode(person, repo) == "allow"


def test_any_change_voids_it_and_the_same_content_brings_it_back(person, repo, trusted):
    trusted.write_text(LOOSE + "#")
    assert mode(person, repo) == "off"
    assert "void: the file has changed" in person.call("trust", "--list", cwd=repo).stdout
    trusted.write_text(LOOSE)
    assert mode(person, repo) == "allow"
    assert "holds" in person.call("trust", "--list", cwd=repo).stdout
    again = person.call("trust", cwd=repo)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, f"still trusted: {trusted}")


def test_another_place_with_the_same_content_is_not_trusted(person, repo, trusted, tmp_path):
    other = tmp_path / "other"
    repo.rename(other)
    assert mode(person, other) == "off"
    other.rename(repo)
    (tmp_path / "link").symlink_to(repo)
    assert mode(person, tmp_path / "link") == "allow", "a link to the very same place is the same place"


def test_revoke_and_list(person, repo, trusted):
    listed = json.loads(person.call("trust", "--list", "--json", cwd=repo).stdout)
    (row,) = listed["trusted"]
    assert (row["path"], row["valid"]) == (str(trusted), True)
    assert person.call("trust", "--revoke", cwd=repo).stdout == f"no longer trusted: {trusted}\n"
    assert mode(person, repo) == "off"
    assert person.call("trust", "--revoke", cwd=repo).returncode == 125
    assert person.call("trust", "--list", cwd=repo).stdout == "nothing is trusted\n"


def test_a_container_file_can_be_trusted_by_its_own_path_or_its_repository(person, repo, tmp_path):
    path = repo / ".devcontainer/devcontainer.json"
    path.parent.mkdir()
    path.write_text('{"customizations": {"paddock": {"network": {"mode": "allow"}}}}')
    for name in (repo, path, path.parent):
        done = person.call("trust", "--yes", str(name), cwd=tmp_path)
        assert done.stdout.startswith(f"trusted: {path}"), done.stderr
        assert person.call("trust", "--revoke", str(name), cwd=tmp_path).returncode == 0


def test_nothing_to_trust_says_so(person, repo):
    done = person.call("trust", "--yes", cwd=repo)
    assert done.returncode == 125
    assert "no policy file to trust" in done.stderr


def test_a_file_that_asks_for_nothing_says_so(person, repo):
    (repo / "paddock.toml").write_text('[limits]\nwall = "1h"\n')
    assert "asks for nothing beyond your own policy" in person.call("trust", "--yes", cwd=repo).stdout


def test_doubtful_files_are_refused_with_the_reason(person, repo, loose, tmp_path):
    loose.chmod(0o666)
    done = person.call("trust", "--yes", cwd=repo)
    assert done.returncode == 126
    assert "everybody on this machine may write it" in done.stderr
    assert "paddock policy init --person" in done.stderr
    real = loose.rename(tmp_path / "real.toml")
    loose.symlink_to(real)
    done = person.call("trust", "--yes", cwd=repo)
    assert done.returncode == 126
    assert "is a symbolic link" in done.stderr
    other = tmp_path / "other"
    other.mkdir()
    (other / "paddock.toml").write_text(LOOSE)
    loose.unlink()
    loose.symlink_to(other / "paddock.toml")
    assert "is a symbolic link" in person.call("trust", "--yes", "paddock.toml", cwd=repo).stderr
    assert person.call("trust", "--list", cwd=repo).stdout == "nothing is trusted\n"


def test_what_is_shown_cannot_play_tricks_on_the_terminal(person, repo):
    (repo / "paddock.toml").write_text('[environment.set]\nA = "\\u001b[2K\\u202e\\r\\nnothing to see"\n')
    done = person.call("trust", cwd=repo)
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert 'environment.set A="\\x1b[2K\\u202e\\r\\nnothing to see"' in done.stderr


@pytest.mark.parametrize(
    ("answer", "code"), [("y", 0), ("yes", 0), ("n", 126), ("", 126), ("yellow", 126), ("\x04", 126)]
)
def test_at_a_terminal_it_asks_and_only_yes_is_yes(person, repo, loose, answer, code):
    done, seen = on_terminal(person, repo, "trust", answer=f"{answer}\n")
    assert done == code
    assert "+ network.mode allow, instead of off" in seen
    assert mode(person, repo) == ("allow" if code == 0 else "off")


def test_what_is_pinned_is_what_was_shown_not_what_is_there_by_then(person, repo, loose):
    def exchange() -> None:
        loose.write_text(LOOSE.replace("api.example", "evil.example"))

    assert on_terminal(person, repo, "trust", answer="y\n", meanwhile=exchange)[0] == 0
    assert mode(person, repo) == "off"
    loose.write_text(LOOSE)
    assert mode(person, repo) == "allow"
