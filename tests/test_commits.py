"""The whole way: an agent commits in a sandbox, a person takes over what it made."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock import commits
from paddock.workspace import store
from paddock.workspace.applying.apply import Wishes
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "overlay", "git")
COMMIT = "echo from inside > new; git add new; git -c user.name=A -c user.email=a@example.test commit -qm inside"


@pytest.fixture
def state(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test sees the person's change sets."""
    monkeypatch.setenv("XDG_STATE_HOME", person.environ["XDG_STATE_HOME"])


def run(person: Person, where: Path, script: str) -> str:
    """What a script prints inside; it must end well."""
    done = person.call("run", "--quiet", "--", "sh", "-euc", script, cwd=where)
    assert done.returncode == 0, done.stderr
    return done.stdout


def held(where: Path) -> store.ChangeSetDirectory:
    found = store.current(str(where))
    assert found is not None
    return found


def take(where: Path, how: str = commits.BOTH, **wishes: object) -> commits.Taken:
    return commits.take(held(where), Wishes(Selection(), **wishes), how)  # type: ignore[arg-type]


def branches(where: Path) -> list[str]:
    return git(where, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()


@pytest.mark.usefixtures("state")
def test_files_and_commits_come_and_the_change_set_is_gone(person: Person, repo: Path) -> None:
    run(person, repo, COMMIT)
    name = held(repo).name
    before = state_of(repo / ".git")
    taken = take(repo)
    assert taken.files is not None
    assert taken.commits is not None
    assert taken.files.applied == ("new",)
    assert taken.files.problems == ()
    assert [one.branch for one in taken.commits.coming] == [f"paddock/{name}"]
    assert not taken.remaining
    assert store.current(str(repo)) is None
    assert state_of(repo / ".git") == before
    assert (repo / "new").read_text() == "from inside\n"
    assert git(repo, "show", f"paddock/{name}:new") == "from inside\n"


@pytest.mark.usefixtures("state")
def test_the_tree_alone_leaves_the_commits_and_the_branch_alone_leaves_the_files(person: Person, repo: Path) -> None:
    run(person, repo, COMMIT)
    taken = take(repo, commits.TREE)
    assert (taken.commits, taken.remaining) == (None, True)
    assert commits.outline(held(repo)) == (git(repo, "branch", "--show-current").strip(),)
    taken = take(repo, commits.BRANCH)
    assert (taken.files, taken.remaining) == (None, False)
    run(person, repo, COMMIT.replace("from inside", "more"))
    taken = take(repo, commits.BRANCH)
    assert (taken.files, taken.remaining) == (None, True)
    assert (repo / "new").read_text() == "from inside\n"


@pytest.mark.usefixtures("state")
def test_a_commit_of_what_the_host_had_not_committed_is_not_lost(person: Person, repo: Path) -> None:
    (repo / "new").write_text("from inside\n")
    run(person, repo, COMMIT)
    assert held(repo).count_changes() == 1
    taken = take(repo)
    assert taken.commits is not None
    assert len(taken.commits.coming) == 1
    assert not taken.remaining


@pytest.mark.usefixtures("state")
def test_what_was_only_staged_keeps_the_change_set_until_its_files_are_taken(person: Person, repo: Path) -> None:
    run(person, repo, "echo x > staged; git add staged")
    taken = take(repo)
    assert taken.files is not None
    assert (taken.files.applied, taken.remaining) == (("staged",), False)
    assert git(repo, "status", "--porcelain") == "?? staged\n"


@pytest.mark.usefixtures("state")
def test_a_dry_run_says_what_would_come_and_writes_nothing(person: Person, repo: Path) -> None:
    run(person, repo, COMMIT)
    taken = take(repo, dry_run=True)
    assert taken.files is not None
    assert taken.commits is not None
    assert (taken.files.applied, len(taken.commits.coming), taken.remaining) == (("new",), 1, True)
    assert not (repo / "new").exists()
    assert len(branches(repo)) == 1


@pytest.mark.usefixtures("state")
def test_commits_that_cannot_be_read_do_not_keep_the_files_back(person: Person, repo: Path) -> None:
    run(person, repo, f"{COMMIT}; ln -s /etc/passwd .git/refs/heads/evil")
    taken = take(repo)
    assert taken.files is not None
    assert taken.files.applied == ("new",)
    assert taken.refusal is not None
    assert taken.refusal.code == "git-data"
    assert taken.remaining


@pytest.mark.usefixtures("state")
def test_a_worktree_commits_and_the_common_directory_stays_as_it_is(person: Person, repo: Path) -> None:
    side = repo.parent / "side"
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(side))
    before = state_of(repo / ".git")
    run(person, side, f"{COMMIT}; test $(git rev-list --count HEAD) = 2")
    assert state_of(repo / ".git") == before
    assert commits.outline(held(side)) == ("side",)
    name = held(side).name
    taken = take(side)
    assert taken.commits is not None
    assert [(one.label, one.branch) for one in taken.commits.coming] == [("side", f"paddock/{name}")]
    assert not taken.remaining
    assert state_of(repo / ".git") == before
    assert git(side, "show", f"paddock/{name}:new") == "from inside\n"
    assert git(repo, "worktree", "list", "--porcelain").count("worktree ") == 2


@pytest.mark.usefixtures("state")
def test_a_worktrees_commit_without_files_is_held_too_and_found_again(person: Person, repo: Path) -> None:
    side = repo.parent / "side"
    git(repo, "worktree", "add", "--quiet", "--detach", str(side))
    empty = "git -c user.name=A -c user.email=a@example.test commit -q --allow-empty -m"
    run(person, side, f"{empty} one")
    run(person, side, f"test $(git rev-list --count HEAD) = 2; {empty} two")
    taken = take(side)
    assert taken.commits is not None
    assert [(one.label, one.count) for one in taken.commits.coming] == [("HEAD", 2)]
    assert not taken.remaining


@pytest.mark.usefixtures("state")
def test_a_worktree_in_which_nothing_happened_holds_nothing(person: Person, repo: Path) -> None:
    side = repo.parent / "side"
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(side))
    run(person, side, "git status --porcelain; git log --oneline")
    assert store.current(str(side)) is None


@pytest.mark.usefixtures("state")
def test_a_submodule_commits_where_it_is_the_workspace(person: Person, repo: Path) -> None:
    origin = repo.parent / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin, "theirs", theirs="theirs\n")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--name", "x", str(origin), "sub")
    before = state_of(repo / ".git")
    run(person, repo / "sub", COMMIT)
    name = held(repo / "sub").name
    taken = take(repo / "sub")
    assert taken.commits is not None
    assert [one.label for one in taken.commits.coming] == ["main"]
    assert not taken.remaining
    assert git(repo / "sub", "show", f"paddock/{name}:new") == "from inside\n"
    assert state_of(repo / ".git") == before


@pytest.mark.usefixtures("state")
def test_a_scratch_worktree_commits_too_and_keeps_nothing(person: Person, repo: Path) -> None:
    side = repo.parent / "side"
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(side))
    before = state_of(repo / ".git")
    done = person.call("run", "--quiet", "--workspace", "scratch", "--", "sh", "-euc", COMMIT, cwd=side)
    assert done.returncode == 0, done.stderr
    assert state_of(repo / ".git") == before
    assert store.current(str(side)) is None


def test_a_readonly_worktree_can_read_and_says_that_it_cannot_commit(person: Person, repo: Path) -> None:
    side = repo.parent / "side"
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(side))
    done = person.call("run", "--workspace", "readonly", "--", "git", "log", "--oneline", cwd=side)
    assert done.returncode == 0, done.stderr
    assert "git can read but not commit here" in done.stderr


@pytest.mark.root
@pytest.mark.usefixtures("state")
def test_root_brings_commits_into_a_users_repository_as_that_user(person: Person, repo: Path) -> None:
    for above in repo.parents:  # pytest's own are root's alone
        if not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o711)
    subprocess.run(["chown", "-R", "12345:23456", str(repo)], check=True)
    run(person, repo, COMMIT)
    taken = take(repo)
    assert not taken.remaining
    strange = [path for path in (repo / ".git").rglob("*") if path.lstat().st_uid != 12345]
    assert strange == []


@pytest.mark.usefixtures("state")
def test_commits_can_be_listed_while_the_sandbox_lives_and_taken_when_it_has_ended(person: Person, repo: Path) -> None:
    done = person.call("run", "--quiet", "--keep", "--name", "kept", "--", "sh", "-euc", COMMIT, cwd=repo)
    try:
        assert done.returncode == 0, done.stderr
        listed = person.call("diff", "--commits", cwd=repo)
        assert "inside" in listed.stdout
        assert "in use" in person.call("apply", "--yes", cwd=repo).stderr
    finally:
        person.call("kill", "kept", cwd=repo)
    taken = take(repo)
    assert taken.commits is not None
    assert [one.branch for one in taken.commits.coming] == ["paddock/kept"]
