from __future__ import annotations

import fcntl
import os
import stat

import pytest

from paddock.errors import PaddockError, Usage, WorkspaceError
from paddock.workspace import meta, shelf, store
from tests.capabilities import needs


@pytest.fixture
def repository(lab) -> str:
    return str(lab.repository)


def change(directory: store.ChangeSetDirectory, name: str = "file") -> None:
    """As a sandbox would have left it."""
    with open(f"{directory.upper}/{name}", "w") as file:
        file.write("x")


def test_a_change_set_has_its_place_and_nobody_else_may_look(repository) -> None:
    directory = shelf.open_or_create(repository, "fix-login")
    assert sorted(os.listdir(directory.path)) == ["meta", "upper", "work"]
    place = directory.path
    while place != os.environ["XDG_STATE_HOME"]:
        assert stat.S_IMODE(os.lstat(place).st_mode) == 0o700
        place = os.path.dirname(place)


def test_the_upper_directory_shows_the_repository_s_mode(repository) -> None:
    os.chmod(repository, 0o775)
    assert stat.S_IMODE(os.stat(shelf.open_or_create(repository, "a").upper).st_mode) == 0o775


@pytest.mark.root
def test_root_gives_the_layers_to_the_repository_s_owner(repository) -> None:
    os.chown(repository, 1234, 1235)
    directory = shelf.open_or_create(repository, "a")
    for path in (directory.path, directory.upper, directory.work):
        assert (os.stat(path).st_uid, os.stat(path).st_gid) == (1234, 1235)
    home = os.stat(os.path.dirname(directory.path))
    assert (home.st_uid, stat.S_IMODE(home.st_mode)) == (0, 0o700)


def test_opening_again_is_the_same_one(repository) -> None:
    change(shelf.open_or_create(repository, "a"))
    assert os.listdir(shelf.open_or_create(repository, "a").upper) == ["file"]


@pytest.mark.parametrize("name", ["../x", "", "A", "x/y"])
def test_names_are_checked_everywhere(repository, name) -> None:
    for function in (shelf.open_or_create, shelf.find):
        with pytest.raises(Usage):
            function(repository, name)


def test_a_name_that_is_not_there_is_told(repository) -> None:
    with pytest.raises(WorkspaceError, match="no change set"):
        shelf.find(repository, "none")


def test_the_last_used_comes_first_and_is_the_current_one(repository) -> None:
    for name in ("one", "two", "three"):
        change(store.claim(repository, name=name))
    change_set = store.lock(store.find(repository, "two")) if not in_use(repository, "two") else None
    assert change_set is None
    assert [held.directory.name for held in store.listing(repository)] == ["three", "two", "one"]
    current = store.current(repository)
    assert current is not None
    assert current.name == "three"


def in_use(repository: str, name: str) -> bool:
    return next(held.in_use for held in store.listing(repository) if held.directory.name == name)


def test_use_is_seen_as_long_as_the_lock_is_held(repository) -> None:
    directory = store.claim(repository, name="a")
    change(directory)
    assert in_use(repository, "a")
    store.release(directory)
    assert not in_use(repository, "a")


def test_who_only_lists_never_has_one_when_somebody_may_claim_it(repository, monkeypatch) -> None:
    directory = store.claim(repository, name="a")
    change(directory)
    store.release(directory)
    leave, free = shelf.home_locked.__exit__, []

    def leave_and_look(self: shelf.home_locked, *error: object) -> None:
        leave(self, *error)
        lock = shelf.try_lock(directory.path)
        free.append(lock is not None)
        if lock is not None:
            os.close(lock)

    monkeypatch.setattr(shelf.home_locked, "__exit__", leave_and_look)
    assert not in_use(repository, "a")
    assert free == [True]


def test_repositories_are_kept_apart_and_listed_together(repository, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    for path in (repository, str(tmp_path / "other")):
        shelf.open_or_create(path, "same")
    assert len(store.listing(repository)) == 1
    assert {held.directory.repository for held in store.listing()} == {repository, str(tmp_path / "other")}


def test_a_repository_is_found_from_below(repository, lab) -> None:
    (lab.repository / "sub" / "deep").mkdir(parents=True)
    assert store.repository_for(f"{repository}/sub/deep") is None
    shelf.open_or_create(repository, "a")
    assert store.repository_for(f"{repository}/sub/deep") == repository
    assert store.repository_for(repository + "-evil") is None


def test_a_set_of_a_replaced_repository_is_not_the_current_one(repository, lab) -> None:
    shelf.open_or_create(repository, "a")
    lab.repository.rename(lab.base / "before")
    lab.repository.mkdir()
    assert store.current(repository) is None
    assert [held.directory.name for held in store.listing(repository)] == ["a"]


def test_half_made_and_half_gone_ones_are_cleared_and_never_listed(repository) -> None:
    home = shelf.home_of(repository)
    kept = shelf.open_or_create(repository, "kept")
    os.makedirs(f"{home}/.new-0123/upper")
    os.makedirs(f"{home}/.gone-4567/upper/deep")
    os.chmod(f"{home}/.gone-4567/upper", 0)
    assert [held.directory for held in store.listing(repository)] == [kept]
    store.unlock(store.claim(repository))
    assert os.listdir(home) == ["kept"]


def test_one_that_its_owner_is_still_removing_is_left_to_him(repository) -> None:
    home = shelf.home_of(repository)
    shelf.open_or_create(repository, "kept")
    os.makedirs(f"{home}/.gone-4567")
    owner = shelf.try_lock(f"{home}/.gone-4567")
    assert owner is not None
    shelf.clear_halves(home)
    assert ".gone-4567" in os.listdir(home)
    os.close(owner)


def test_the_last_one_takes_its_directory_along(repository) -> None:
    for name in ("a", "b"):
        shelf.open_or_create(repository, name)
    shelf.discard(store.lock(store.find(repository, "a")))
    assert os.listdir(shelf.home_of(repository)) == ["b"]
    shelf.discard(store.lock(store.find(repository, "b")))
    assert not os.path.exists(shelf.home_of(repository))
    assert shelf.open_or_create(repository, "a").name == "a"


def test_a_lost_meta_does_not_lose_the_changes(repository) -> None:
    directory = shelf.open_or_create(repository, "a")
    change(directory)
    os.unlink(f"{directory.path}/meta")
    (held,) = store.listing(repository)
    assert held.meta == meta.Meta(repository)
    current = store.current(repository)
    assert current is not None
    assert current.count_changes() == 1


@needs("overlay")
def test_what_a_mounter_left_in_work_can_be_discarded(lab) -> None:
    change_set = lab.run(lambda inside: (inside / "file").write_text("x"))
    assert stat.S_IMODE(os.lstat(f"{change_set.work}/work").st_mode) == 0
    shelf.discard(store.lock(lab.held))
    assert lab.is_empty


def test_a_home_that_goes_away_while_it_is_to_be_locked_is_made_again(repository, monkeypatch) -> None:
    """The last change set of one run goes while another one begins."""
    home, real = shelf.home_of(repository), os.lstat
    gone: list[None] = []

    def lstat(path: str) -> os.stat_result:
        if path == home and not gone:
            gone.append(os.rmdir(home))
        return real(path)

    monkeypatch.setattr("os.lstat", lstat)
    assert shelf.open_or_create(repository, "a").name == "a"
    assert gone
    assert os.listdir(home) == ["a"]


def test_a_home_that_cannot_be_made_is_told(repository, monkeypatch) -> None:
    shelf.open_or_create(repository, "a")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")  # nothing can be made there, and that is ENOENT
    with pytest.raises(PaddockError, match="cannot create"):
        shelf.open_or_create(repository, "a")


def test_who_only_looks_is_never_taken_for_a_user(repository, monkeypatch) -> None:
    """An apply or a run that comes at the same time finds the change set free."""
    directory = shelf.open_or_create(repository, "a")
    store.release(store.claim(repository, name="other"))
    found = []

    class Watched(shelf.home_locked):
        def __exit__(self, *how: object) -> None:
            super().__exit__(*how)
            found.append(lock := shelf.try_lock(directory.path))
            if lock is not None:
                os.close(lock)

    monkeypatch.setattr(shelf, "home_locked", Watched)
    (listed,) = store.listing(repository)
    assert not listed.in_use
    assert found
    assert None not in found


def test_what_its_holder_removed_is_gone_and_not_free(repository, monkeypatch) -> None:
    """We opened it while it was there; the lock is ours when its holder has removed it, and let go."""
    directory = shelf.open_or_create(repository, "a")
    real = fcntl.flock

    def late(descriptor: int, how: int) -> None:
        os.rename(directory.path, f"{directory.path}-away")
        real(descriptor, how)

    monkeypatch.setattr("fcntl.flock", late)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(WorkspaceError, match="gone"):
        shelf.try_lock(directory.path)
    assert len(os.listdir("/proc/self/fd")) == len(before)
