from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.plan import gitdir
from paddock.plan.identity import quoted
from tests.plan.machine import HOME, REPOSITORY, plan, policy, targets

MAIN = f"{HOME}/code/main/.git"
SUBMODULE = f"{HOME}/code/.git/modules/vendor/app"
R = REPOSITORY


def repository_at(path: str) -> dict[str, str]:
    return {f"{path}/HEAD": "ref", f"{path}/config": "[core]\n", f"{path}/objects/": "", f"{path}/refs/": ""}


def resolved(files: dict[str, str], mode: str = "review") -> tuple[list[str], tuple[str, ...]]:
    from tests.plan.machine import Fake

    host = Fake(files)
    del host.tree["home"]["ann"]["code"]["app"][".git"]
    *above, name = f"{R}/.git".split("/")[1:]
    node = host.tree
    for part in above:
        node = node[part]
    node[name] = files[f"{R}/.git "]
    found = plan(host=host, rules=policy(workspace_mode=mode))
    copied = {mount.target for mount in found.mounts if mount.access == "copy"}
    assert copied == (set(targets(found)) & {MAIN, SUBMODULE} if mode in ("review", "scratch") else set())
    return [path for path in targets(found) if path.startswith(("/home", "/srv"))], found.notes


def worktree(pointer: str = f"gitdir: {MAIN}/worktrees/app\n", back: str = f"{R}/.git\n") -> dict[str, str]:
    return {**repository_at(MAIN), f"{MAIN}/worktrees/app/gitdir": back, f"{R}/.git ": pointer, f"{R}/x": ""}


def test_a_worktree_sees_the_repository_that_points_back() -> None:
    assert resolved(worktree()) == ([MAIN], ())


@pytest.mark.parametrize("mode", ["live", "readonly"])
def test_where_nothing_is_held_it_can_only_be_read_and_that_is_said(mode: str) -> None:
    shown, notes = resolved(worktree(), mode)
    assert shown == [MAIN]
    note = f"git can read but not commit here: this is a worktree of {HOME}/code/main, and {MAIN} is read-only inside"
    assert notes == (note,)


def test_relative_pointers_work_both_ways() -> None:
    assert resolved(worktree("gitdir: ../main/.git/worktrees/app\n", "../../../../app/.git\n"))[0] == [MAIN]


@pytest.mark.parametrize(
    "files",
    [
        worktree(back=f"{HOME}/code/other/.git\n"),
        worktree(back=""),
        worktree(back=f"{R}/sub/.git\n"),
        worktree(pointer="gitdir: /home/ann/private\n"),
        worktree(pointer="gitdir: \n"),
        worktree(pointer="nonsense"),
        worktree(pointer="gitdir: /home/ann/.ssh\n"),
        worktree(pointer="gitdir: /\n"),
        worktree(pointer="gitdir: a\0b\n"),
        {**worktree(), f"{MAIN}/objects": "-> /srv"},
    ],
)
def test_a_pointer_that_proves_nothing_shows_nothing_and_is_said(files: dict[str, str]) -> None:
    if f"{MAIN}/objects" in files:
        del files[f"{MAIN}/objects/"]
    shown, notes = resolved(files)
    assert shown == []
    assert "git does not work inside" in notes[0]


def test_a_made_up_directory_in_the_repository_cannot_name_a_common_one() -> None:
    fake = f"{R}/fake/worktrees/x"
    files = {
        f"{fake}/gitdir": f"{R}/.git", f"{fake}/commondir": f"{HOME}/private", **repository_at(f"{HOME}/private"),
        **repository_at(f"{R}/fake"), f"{R}/.git ": f"gitdir: {fake}\n",
    }  # fmt: skip
    assert resolved(files) == ([], ())


def test_a_link_out_of_the_repository_does_not_count_as_inside_it() -> None:
    files = {
        f"{R}/fake": "-> /srv/private",
        **repository_at("/srv/private"),
        f"{R}/.git ": f"gitdir: {R}/fake/worktrees/x\n",
    }
    shown, notes = resolved(files)
    assert (shown, len(notes)) == ([], 1)


def test_a_common_directory_in_a_credential_location_is_refused() -> None:
    place = f"{HOME}/.password-store/.git"
    files = {
        **repository_at(place),
        f"{place}/worktrees/app/gitdir": f"{R}/.git\n",
        f"{R}/.git ": f"gitdir: {place}/worktrees/app\n",
        f"{R}/x": "",
    }
    shown, notes = resolved(files)
    assert shown == []
    assert "may not be shown" in notes[0]


def submodule(worktree_: str) -> dict[str, str]:
    directory = SUBMODULE
    config = f"[core]\n\tbare = false\n\tworktree = {worktree_}\n"
    return {
        **repository_at(directory),
        f"{directory}/config": config,
        f"{R}/.git ": "gitdir: ../.git/modules/vendor/app\n",
        f"{R}/x": "",
    }


@pytest.mark.parametrize("place", ["../../../../app", R, quoted(R)])
def test_a_submodule_sees_its_own_directory(place: str) -> None:
    assert resolved(submodule(place)) == ([SUBMODULE], ())
    shown, (note,) = resolved(submodule(place), "readonly")
    assert shown == [SUBMODULE]
    assert note.startswith("git can read but not commit here: this is a submodule, and ")


def test_a_submodule_that_belongs_to_another_does_not() -> None:
    shown, notes = resolved(submodule("../../../../other"))
    assert (shown, len(notes)) == ([], 1)


def test_git_as_a_link_out_is_said() -> None:
    shown, notes = resolved({f"{R}/.git ": "-> /srv/elsewhere", "/srv/elsewhere/HEAD": "", f"{R}/x": ""})
    assert shown == []
    assert "is a link" in notes[0]


def test_an_ordinary_repository_needs_nothing() -> None:
    found = plan()
    assert found.notes == ()
    assert not [path for path in targets(found) if path.startswith("/home")]


@given(st.text("ab \\\"\n\t#;'é", min_size=1, max_size=8))
def test_every_way_that_git_writes_a_path_is_read_back(text: str) -> None:
    bare = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    assert gitdir._unquoted(bare) == gitdir._unquoted(quoted(text)) == text
