from __future__ import annotations

import os
import signal

import pytest

from paddock.state import state_directory
from paddock.workspace import cleaning, scratches, shelf, store
from tests.workspace.looking import look_at_new_ones
from tests.workspace.test_shelf import change


@pytest.fixture
def repository(lab) -> str:
    return str(lab.repository)


def hold(repository: str, name: str) -> store.ChangeSetDirectory:
    held = store.claim(repository, name=name)
    change(held)
    store.release(held)
    return held


def killed(work) -> None:
    """Do something in a process that ends by SIGKILL."""
    child = os.fork()
    if child == 0:
        work()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_clearing_up_does_not_change_which_change_set_is_next(repository) -> None:
    for name in ("z", "a", "m"):
        hold(repository, name)
    before = store.listing(repository)
    assert [held.directory.name for held in before] == ["m", "a", "z"]

    assert cleaning.clean() == []

    assert store.listing(repository) == before


def test_nothing_at_all_is_clean(lab) -> None:
    assert cleaning.clean() == cleaning.left_over() == []


def test_the_layers_of_a_killed_scratch_go(repository) -> None:
    killed(lambda: scratches.scratch(repository))
    (left,) = cleaning.left_over()
    assert cleaning.clean() == [left]
    assert left.startswith("thrown-away layers ")
    assert os.listdir(f"{state_directory()}/scratch") == []
    assert cleaning.left_over() == []


def test_half_made_and_half_gone_change_sets_go_and_held_ones_stay(repository) -> None:
    held = hold(repository, "a")
    for name in (".new-1", ".gone-2"):
        os.makedirs(f"{held.home}/{name}/work/work")
        os.chmod(f"{held.home}/{name}/work/work", 0)
    os.chmod(f"{held.home}/.new-1", 0)
    expected = [f"half-made change set {held.home}/{name}" for name in (".gone-2", ".new-1")]
    assert sorted(cleaning.left_over()) == expected
    assert cleaning.clean() == expected
    assert os.listdir(held.home) == ["a"]
    assert os.listdir(held.upper) == ["file"]


def test_the_home_goes_with_the_last_half_made_one(repository) -> None:
    home = shelf.home_of(repository)
    os.makedirs(f"{home}/.new-1")
    cleaning.clean()
    assert os.listdir(shelf.changes_directory()) == []


def test_an_empty_change_set_of_a_killed_session_goes_and_a_filled_one_stays(repository) -> None:
    killed(lambda: store.claim(repository, name="empty"))
    killed(lambda: change(store.claim(repository, name="filled")))
    home = shelf.home_of(repository)
    assert cleaning.left_over() == []  # they might hold somebody's work
    assert cleaning.clean() == [f"empty change set {home}/empty"]
    assert os.listdir(home) == ["filled"]


def test_what_is_live_stays(repository) -> None:
    live = store.claim(repository, name="live")
    layers = scratches.scratch(repository)
    half = f"{live.home}/.new-1"
    os.mkdir(half)
    working = shelf.try_lock(half)
    assert cleaning.left_over() == cleaning.clean() == []
    assert sorted(os.listdir(live.home)) == [".new-1", "live"]
    assert os.path.isdir(f"{layers}/upper")
    scratches.remove_scratch(layers)
    assert working is not None
    os.close(working)
    store.unlock(live)


def test_a_damaged_home_is_told_and_keeps_no_other_from_being_cleared(repository) -> None:
    home = shelf.home_of(repository)
    os.makedirs(f"{home}/.new-1")
    broken = f"{shelf.changes_directory()}/0"  # comes first
    os.makedirs(broken)
    with open(f"{broken}/.new-1", "w"):
        pass
    with open(f"{shelf.changes_directory()}/1", "w"):
        pass
    assert cleaning.clean() == [f"half-made change set {home}/.new-1"]
    assert cleaning.left_over() == [f"half-made change set {broken}/.new-1: Not a directory"]


def test_what_holds_something_is_not_locked_to_see_that(repository, monkeypatch) -> None:
    """An apply beside it would be refused, and a run begin anew."""
    hold(repository, "work")
    monkeypatch.setattr(store, "lock", lambda _: pytest.fail("locked"))
    assert cleaning.clean() == []
    assert [held.directory.name for held in store.listing(repository)] == ["work"]


def test_a_change_set_that_is_just_being_made_is_not_left(repository, monkeypatch) -> None:
    """It has its half name before its lock; who clears up looks when the home is free."""
    home = shelf.home_of(repository)
    seen = look_at_new_ones(monkeypatch, lambda path: "/.new-" in path, cleaning.left_over)
    shelf.open_or_create(repository, "a")
    assert seen == [0]
    assert os.listdir(home) == ["a"]


@pytest.mark.user
def test_a_home_that_cannot_be_listed_is_told(repository) -> None:
    os.makedirs(shelf.home_of(repository))
    os.chmod(shelf.changes_directory(), 0o700)
    os.chmod(shelf.home_of(repository), 0)
    assert cleaning.left_over() == [f"change sets {shelf.home_of(repository)}: Permission denied"]
    cleaning.clean()  # takes the right to look
    assert cleaning.left_over() == []


@pytest.mark.parametrize("umask", [0o777, 0o277, 0o477, 0])
def test_no_umask_keeps_paddock_out_of_what_it_makes(repository, umask) -> None:
    before = os.umask(umask)
    try:
        held = store.claim(repository)
        layers = scratches.scratch(repository)
        change(held)
        assert store.release(held)
        again = store.claim(repository)
        assert again.path == held.path
        assert store.release(again)
    finally:
        os.umask(before)
    scratches.remove_scratch(layers)
    assert cleaning.clean() == cleaning.left_over() == []
    modes = {os.stat(path).st_mode & 0o777 for path in (state_directory(), held.home, held.path, held.work)}
    assert modes == {0o700}
    assert {os.stat(f"{held.path}/{name}").st_mode & 0o777 for name in ("meta", "bases")} == {0o600}
