"""What is dangerous leaves in one step, the old content comes back in the same one, and nothing is lost."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import files
from paddock.workspace.live import moving
from paddock.workspace.live.moving import Mover
from tests.workspace.live.trees import Run, kept, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.workspace.live.moving import Moved

    Begin = Callable[[], Run]


def moved(began: Run) -> list[Moved]:
    mover = Mover(began.root, began.ground)
    return [mover.move(danger) for danger in list(began.sweep().everything())]


def leftovers(repository: Path) -> list[str]:
    return [name for _, _, names in os.walk(repository) for name in names if name.startswith(moving.PREFIX)]


def test_a_new_file_is_gone_from_the_repository_and_whole_on_the_ground(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "odd\udcff\n/.mcp.json", "new\n").chmod(0o750)
    assert [(one.restored, one.problem) for one in moved(began)] == [(False, "")]
    assert list((repository / "odd\udcff\n").iterdir()) == []
    found = f"{began.ground.path}/upper/odd\udcff\n/.mcp.json"
    with open(found) as file:
        assert file.read() == "new\n"
    assert stat.S_IMODE(os.stat(found).st_mode) == 0o750
    assert leftovers(repository) == []


def test_the_old_content_and_mode_come_back(run: Begin, repository: Path) -> None:
    (repository / "Makefile").chmod(0o640)
    old = (repository / "Makefile").read_text()
    began = run()
    (repository / "Makefile").write_text("all:\n\techo new\n")
    (repository / "Makefile").chmod(0o777)
    assert [one.restored for one in moved(began)] == [True]
    assert (repository / "Makefile").read_text() == old
    assert stat.S_IMODE((repository / "Makefile").stat().st_mode) == 0o640
    assert kept(began.ground) == ["Makefile"]
    assert leftovers(repository) == []


def test_links_are_moved_as_links_and_come_back_as_links(run: Begin, repository: Path) -> None:
    (repository / ".mcp.json").symlink_to("old")
    began = run()
    (repository / ".mcp.json").unlink()
    (repository / ".mcp.json").symlink_to("new")
    (repository / ".claude").symlink_to("/etc")
    moved(began)
    assert os.readlink(repository / ".mcp.json") == "old"
    assert not os.path.lexists(repository / ".claude")
    assert os.readlink(f"{began.ground.path}/upper/.mcp.json") == "new"
    assert os.readlink(f"{began.ground.path}/upper/.claude") == "/etc"


def test_a_file_in_a_links_place_and_the_other_way_round(run: Begin, repository: Path) -> None:
    (repository / ".mcp.json").symlink_to("old")
    began = run()
    (repository / ".mcp.json").unlink()
    write(repository / ".mcp.json", "new")
    (repository / "Makefile").unlink()
    (repository / "Makefile").symlink_to("src/main.py")
    moved(began)
    assert os.readlink(repository / ".mcp.json") == "old"
    assert not (repository / "Makefile").is_symlink()


def test_a_hard_link_is_taken_away_and_its_other_names_are_not_written(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "src/other", "kept\n")
    os.link(repository / "src/other", repository / ".mcp.json")
    moved(began)
    assert (repository / "src/other").read_text() == "kept\n"
    assert (repository / "src/other").stat().st_nlink == 1


def test_set_id_bits_are_taken_away_and_the_file_stays(run: Begin, repository: Path) -> None:
    began = run()
    (repository / "src/main.py").chmod(0o6755)
    assert [one.problem for one in moved(began)] == [""]
    assert stat.S_IMODE((repository / "src/main.py").stat().st_mode) == 0o755
    assert kept(began.ground) == []


def test_the_second_of_two_at_one_place_is_kept(run: Begin, repository: Path) -> None:
    began = run()
    for text in ("one", "two"):
        write(repository / ".mcp.json", text)
        moved(began)
    with open(f"{began.ground.path}/upper/.mcp.json") as file:
        assert file.read() == "two"


def test_a_file_with_the_name_of_a_directory_that_was_moved_from_does_not_take_that_along(
    run: Begin, repository: Path
) -> None:
    began = run()
    write(repository / ".claude/settings.json", "first")
    moved(began)
    (repository / ".claude").rmdir()
    (repository / ".claude").symlink_to("/etc")
    (one,) = moved(began)
    assert "directory" in one.problem
    assert kept(began.ground) == [".claude/settings.json"]
    assert not os.path.lexists(repository / ".claude")


def test_directories_on_the_ground_have_the_modes_of_the_repositorys(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "sub/.mcp.json")
    (repository / "sub").chmod(0o755)
    moved(began)
    assert stat.S_IMODE(os.stat(f"{began.ground.path}/upper/sub").st_mode) == 0o755


@pytest.mark.user
def test_a_directory_that_nobody_may_write_is_no_hiding_place(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / "sub/.mcp.json").chmod(0o000)
    (repository / "sub").chmod(0o555)
    assert [one.problem for one in moved(began)] == [""]
    assert stat.S_IMODE((repository / "sub").stat().st_mode) == 0o555
    assert list((repository / "sub").iterdir()) == []
    (repository / "sub").chmod(0o755)


def test_what_is_gone_already_is_told_by_an_error(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / ".mcp.json")
    (danger,) = began.sweep().everything()
    (repository / ".mcp.json").unlink()
    with pytest.raises(FileNotFoundError):
        Mover(began.root, began.ground).move(danger)


def test_nothing_outside_is_touched_when_a_directory_becomes_a_link(
    run: Begin, repository: Path, tmp_path: Path
) -> None:
    """FS-09."""
    write(tmp_path / "outside/.mcp.json", "theirs")
    began = run()
    write(repository / "sub/.mcp.json")
    (danger,) = began.sweep().everything()
    (repository / "sub").rename(repository / "away")
    (repository / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match=r"directory|symbolic"):
        Mover(began.root, began.ground).move(danger)
    assert (tmp_path / "outside/.mcp.json").read_text() == "theirs"


def test_what_cannot_be_kept_elsewhere_loses_its_name_and_nothing_more(
    run: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = run()
    write(repository / ".mcp.json", "new\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(moving, "copy_leaf", full)
    (one,) = moved(began)
    assert "No space left" in one.problem
    (name,) = leftovers(repository)
    assert name in one.problem
    assert (repository / name).read_text() == "new\n"
    assert not (repository / ".mcp.json").exists()
    monkeypatch.undo()
    Mover(began.root, began.ground).finish()  # there is room again
    assert kept(began.ground) == [".mcp.json"]
    assert leftovers(repository) == []


@pytest.mark.parametrize("step", ["exchange", "copied", "noted"])
def test_killed_at_any_step_it_is_finished_later(
    run: Begin, repository: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    began = run()
    (repository / "Makefile").write_text("all:\n\techo new\n")

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    target = {"exchange": (files, "exchange"), "copied": (Mover, "_keep"), "noted": (Mover, "_take_away")}[step]
    with monkeypatch.context() as patch:
        patch.setattr(*target, kill)
        with pytest.raises(Killed):
            moved(began)
    Mover(began.root, began.ground).finish()
    moved(began)
    assert (repository / "Makefile").read_text() == "all:\n\techo old\n"
    with open(f"{began.ground.path}/upper/Makefile") as file:
        assert file.read() == "all:\n\techo new\n"
    assert leftovers(repository) == []


def test_a_name_that_only_looks_like_ours_is_nobodys_business(run: Begin, repository: Path) -> None:
    began = run()
    write(repository / f"{moving.PREFIX}0123", "the sandbox's own")
    Mover(began.root, began.ground).finish()
    assert (repository / f"{moving.PREFIX}0123").read_text() == "the sandbox's own"


@pytest.mark.root
def test_what_comes_back_belongs_to_the_repositorys_owner(run: Begin, repository: Path) -> None:
    for place, _, names in os.walk(repository):
        for name in (".", *names):
            os.chown(os.path.join(place, name), 1001, 1001, follow_symlinks=False)
    began = run()
    (repository / "Makefile").write_text("all:\n\techo new\n")
    moved(began)
    assert (repository / "Makefile").stat().st_uid == 1001
    assert os.stat(f"{began.ground.path}/upper/Makefile").st_uid == 1001
