from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from paddock.workspace import removal, shelf
from paddock.workspace.ignored import layers

ODD = "a,b:c\\d\n\udcff"


@pytest.fixture
def repository(lab) -> str:
    return str(lab.repository)


def publish(lab, *names: str) -> bool:
    tree = lab.base / "tree"
    tree.mkdir()
    for name in names:
        (tree / name).write_text(name)
    return layers.publish(str(lab.repository), os.stat(lab.repository), str(tree))


def hold(lab) -> layers.Hold | None:
    return layers.hold(str(lab.repository), os.stat(lab.repository))


def test_without_layers_nothing_is_made_and_nothing_held(lab, repository) -> None:
    assert hold(lab) is None
    assert layers.repository_for(repository) is None
    assert not os.path.exists(shelf.ignored_directory())


def test_the_latest_is_on_top(lab, repository) -> None:
    assert publish(lab, "one")
    assert publish(lab, "two")
    held = hold(lab)
    assert held is not None
    assert [os.listdir(path) for path in held.paths] == [["two"], ["one"]]
    assert layers.repository_for(f"{repository}/below/deep") == repository
    held.close()


def test_a_path_of_any_bytes_is_no_part_of_a_name(lab, repository) -> None:
    odd = f"{repository}/{ODD}"
    os.mkdir(odd)
    os.mkdir(f"{lab.base}/tree")
    assert layers.publish(odd, os.stat(odd), f"{lab.base}/tree")
    held = layers.hold(odd, os.stat(odd))
    assert held is not None
    assert held.paths[0].isascii()
    assert layers.names_in(shelf.ignored_home_of(repository)) == ()
    held.close()


def test_what_is_mounted_is_neither_merged_nor_dropped(lab, repository) -> None:
    home = shelf.ignored_home_of(repository)
    publish(lab, "one")
    held, second = hold(lab), hold(lab)
    assert held
    assert second
    assert layers.alone(home, layers.names_in(home)) is None
    assert not layers.drop(home)
    held.close()
    assert not layers.drop(home)
    second.let_go()
    assert layers.drop(home)
    second.close()
    assert os.listdir(shelf.ignored_directory()) == []


def test_a_newer_layer_is_free_while_an_older_one_is_mounted(lab, repository) -> None:
    home = shelf.ignored_home_of(repository)
    publish(lab, "one")
    held = hold(lab)
    assert held
    publish(lab, "two")
    newest, oldest = layers.names_in(home)
    alone = layers.alone(home, (newest,))
    assert alone
    assert layers.alone(home, (oldest,)) is None
    alone.close()
    held.close()


def test_a_directory_that_took_the_repositorys_place_does_not_get_its_layers(lab, repository) -> None:
    publish(lab, "one")
    os.rename(repository, f"{repository}-before")
    os.mkdir(repository)
    assert hold(lab) is None
    assert publish(lab, "two")
    held = hold(lab)
    assert held
    assert [os.listdir(path) for path in held.paths] == [["two"]]
    held.close()


def test_while_the_old_directorys_layers_are_in_use_the_new_one_waits(lab, repository) -> None:
    publish(lab, "one")
    held = hold(lab)
    assert held
    os.rename(repository, f"{repository}-before")
    os.mkdir(repository)
    assert not publish(lab, "two")
    assert (lab.base / "tree/two").exists()
    held.close()
    assert layers.publish(repository, os.stat(repository), str(lab.base / "tree"))


def test_who_waits_for_a_merge_gets_what_it_came_to(lab, repository) -> None:
    home = shelf.ignored_home_of(repository)
    publish(lab, "one")
    publish(lab, "two")
    names = layers.names_in(home)
    merging = layers.alone(home, names)
    assert merging
    found: list[layers.Hold | None] = []
    waiting = threading.Thread(target=lambda: found.append(hold(lab)))
    waiting.start()
    layers.bury(home, names[1])
    merging.close()
    waiting.join(90)
    (held,) = found
    assert held
    assert held.names == names[:1]
    held.close()


def test_half_gone_ones_are_cleared(lab, repository) -> None:
    publish(lab, "one")
    home = Path(shelf.ignored_home_of(repository))
    (home / ".gone-1" / "deep").mkdir(parents=True)
    (home.parent / ".gone-2").mkdir()
    assert len(layers.clear()) == 2
    assert layers.clear() == []
    assert layers.names_in(str(home)) == ("00000001",)


def test_what_somebody_is_just_removing_is_neither_left_nor_cleared(lab, repository) -> None:
    """A merge ends with that, beside a `paddock clean`: two who remove one tree stumble over each other."""
    publish(lab, "one")
    gone = Path(shelf.ignored_home_of(repository)) / ".gone-1"
    (gone / "deep").mkdir(parents=True)
    with shelf.opened(str(gone)) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert (layers.left(), layers.clear()) == ([], [])
        assert (gone / "deep").is_dir()
    assert layers.left() == layers.clear() == [str(gone)]


def test_a_drop_in_its_middle_is_nothing_left(lab, repository, monkeypatch) -> None:
    publish(lab, "one")
    real, seen = removal.remove, []

    def remove(place: int, name: str) -> None:
        base = os.open(shelf.ignored_directory(), os.O_RDONLY)
        with pytest.raises(BlockingIOError):  # whoever would look has to wait
            fcntl.flock(base, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(base)
        seen.append(name)
        real(place, name)

    with monkeypatch.context() as patch:
        patch.setattr(removal, "remove", remove)
        assert layers.drop(shelf.ignored_home_of(repository))
    assert seen
    base = os.open(shelf.ignored_directory(), os.O_RDONLY)
    fcntl.flock(base, fcntl.LOCK_EX)
    looking = threading.Thread(target=lambda: seen.append(str(layers.left())))
    looking.start()
    seen.append("let go")
    os.close(base)
    looking.join(90)
    assert seen[1:] == ["let go", "[]"]


def test_every_descriptor_is_closed(lab, repository) -> None:
    before = os.listdir("/proc/self/fd")
    publish(lab, "one")
    publish(lab, "two")
    held = hold(lab)
    assert held
    assert layers.alone(held.home, held.names) is None
    held.close()
    layers.drop(held.home)
    assert hold(lab) is None
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.root
def test_layers_of_root_are_reachable_by_root_alone(lab, repository) -> None:
    publish(lab, "one")
    for path in (shelf.ignored_directory(), shelf.ignored_home_of(repository)):
        with shelf.opened(path) as place:
            assert os.fstat(place).st_mode & 0o777 == 0o700
