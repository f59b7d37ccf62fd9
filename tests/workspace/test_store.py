from __future__ import annotations

import os
import signal

import pytest

from paddock.errors import SessionError, WorkspaceError
from paddock.workspace import meta, shelf, store
from tests.workspace.scenes import die_after
from tests.workspace.test_shelf import change


@pytest.fixture
def repository(lab) -> str:
    return str(lab.repository)


def read(directory: store.ChangeSetDirectory) -> meta.Meta:
    with shelf.opened(directory.path) as place:
        return meta.read(place)


def test_the_next_run_finds_yesterday_s_work(repository) -> None:
    first = store.claim(repository)
    change(first)
    assert store.release(first)
    second = store.claim(repository)
    assert second.path == first.path
    assert os.listdir(second.upper) == ["file"]


def test_a_run_that_changed_nothing_leaves_nothing(repository) -> None:
    change_set = store.claim(repository)
    assert not store.release(change_set)
    assert store.listing(repository) == ()
    assert not os.path.exists(change_set.path)


def test_two_runs_never_share_one(repository) -> None:
    claimed = [store.claim(repository) for _ in range(5)]
    assert len({change_set.path for change_set in claimed}) == 5


def test_a_name_in_use_is_refused(repository) -> None:
    store.claim(repository, name="a")
    with pytest.raises(SessionError, match="in use") as caught:
        store.claim(repository, name="a")
    assert "paddock kill" in caught.value.next_step
    with pytest.raises(SessionError, match="in use"):
        store.lock(store.find(repository, "a"))


def test_fresh_and_new_names_start_anew(repository) -> None:
    first = store.claim(repository)
    change(first)
    store.release(first)
    assert store.claim(repository, fresh=True).path != first.path
    assert store.claim(repository, name="new").name == "new"


def test_a_fresh_one_never_goes_on_with_a_held_one_of_that_name(repository) -> None:
    first = store.claim(repository, name="a", fresh=True)
    with pytest.raises(SessionError, match="in use"):
        store.claim(repository, name="a", fresh=True)
    change(first)
    store.release(first)
    with pytest.raises(SessionError, match="holds changes") as caught:
        store.claim(repository, name="a", fresh=True)
    assert "paddock discard --name a, or another --name" in caught.value.next_step
    again = store.claim(repository, name="a")  # the refusal neither kept it locked nor touched it
    assert os.listdir(again.upper) == ["file"]


def test_a_named_one_continues(repository) -> None:
    first = store.claim(repository, name="a")
    change(first)
    store.release(first)
    assert store.claim(repository, name="a").path == first.path


def test_a_replaced_repository_gets_a_new_one_and_a_name_says_why_not(repository, lab) -> None:
    first = store.claim(repository, name="a")
    change(first)
    store.release(first)
    lab.repository.rename(lab.base / "before")
    lab.repository.mkdir()
    assert store.claim(repository).path != first.path
    with pytest.raises(WorkspaceError, match="not there"):
        store.claim(repository, name="a")
    assert store.lock(first).name == "a"  # the refusal did not keep it locked


def test_a_repository_that_is_not_there_is_told(repository, lab) -> None:
    lab.repository.rmdir()
    with pytest.raises(WorkspaceError, match="cannot look at"):
        store.claim(repository)
    with pytest.raises(WorkspaceError, match="cannot look at"):
        store.current(repository)


def test_a_repository_that_vanished_during_the_run_loses_no_change(repository, lab) -> None:
    change_set = store.claim(repository)
    change(change_set)
    lab.repository.rename(lab.base / "elsewhere")
    assert store.release(change_set)
    (lab.base / "elsewhere").rename(lab.repository)
    again = store.current(repository)
    assert again is not None
    assert again.count_changes() == 1


def test_the_session_s_beginning_is_noted_and_its_end(repository) -> None:
    change_set = store.claim(repository)
    begun = read(change_set)
    assert begun.state == "open"
    assert 0 < begun.created_ns <= begun.begun_ns
    change(change_set)
    store.release(change_set)
    ended = read(change_set)
    assert (ended.state, ended.begun_ns) == ("held", begun.begun_ns)
    assert ended.used_ns > begun.begun_ns


def test_locks_end_with_their_process_whatever_ends_it(repository) -> None:
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        change(store.claim(repository, name="a"))
        os.write(there, b"x")
        signal.pause()
        os._exit(0)
    os.read(here, 1)
    with pytest.raises(SessionError):
        store.claim(repository, name="a")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    again = store.claim(repository, name="a")
    assert os.listdir(again.upper) == ["file"]
    os.close(here)
    os.close(there)


def test_ten_processes_claim_ten_change_sets(repository) -> None:
    gate, results = os.pipe(), os.pipe()
    children = []
    for _ in range(10):
        child = os.fork()
        if child == 0:
            os.close(gate[1])
            os.read(gate[0], 1)  # all start together
            os.write(results[1], store.claim(repository).name.encode() + b"\n")
            signal.pause()
            os._exit(0)
        children.append(child)
    os.close(gate[1])
    got = b""
    while got.count(b"\n") < 10:
        got += os.read(results[0], 1000)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert len(set(got.split())) == 10
    for descriptor in (gate[0], *results):
        os.close(descriptor)


def test_a_killed_claim_leaves_nothing_half_made(repository) -> None:
    """Killed after each line of our own code: the next claim works and lists whole change sets only."""
    killed = 0
    for after in range(0, 400, 7):
        child = os.fork()
        if child == 0:
            die_after(after)
            store.claim(repository, fresh=True)
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        store.release(store.claim(repository, fresh=True))
        for held in store.listing(repository):
            assert {"meta", "upper", "work"} <= set(os.listdir(held.directory.path))
    assert killed > 20


def test_one_that_needs_nothing_is_not_locked_to_see_that(repository, monkeypatch) -> None:
    """Whoever comes meanwhile, to run or to apply, would find it in use."""
    change(store.claim(repository, name="killed"))  # its lock has gone, and no end was noted
    held = store.claim(repository, name="held")
    change(held)
    store.release(held)
    locked = []
    real = store.lock

    def lock(directory: store.ChangeSetDirectory) -> store.ChangeSetDirectory:
        locked.append(directory.name)
        return real(directory)

    monkeypatch.setattr(store, "lock", lock)
    for name in ("killed", "held"):
        store.recover(store.find(repository, name))
    assert locked == ["killed"]


def test_recovering_what_has_gone_says_so(repository) -> None:
    directory = shelf.open_or_create(repository, "a")
    shelf.discard(store.lock(directory))
    with pytest.raises(WorkspaceError, match="gone"):
        store.recover(directory)


def test_holding_is_for_a_while(repository) -> None:
    change(store.claim(repository, name="a"))
    store.open_or_create(repository, "b")
    with store.held(store.find(repository, "b")) as locked:
        assert locked.lock >= 0
        with pytest.raises(SessionError):
            store.lock(locked)
    store.unlock(store.lock(store.find(repository, "b")))


def test_settling_tells_whether_something_is_left(repository) -> None:
    change_set = store.claim(repository)
    upper, lower = shelf.open_upper(change_set), shelf.open_repository(change_set)
    assert not store.settle(change_set, upper, lower)
    change(change_set)
    assert store.settle(change_set, upper, lower)
    assert read(change_set).state == "held"
    os.close(upper)
    os.close(lower)
