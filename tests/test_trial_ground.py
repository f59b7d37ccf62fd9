from __future__ import annotations

import fcntl
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock import ending, trial_ground
from paddock.errors import PaddockError
from paddock.trial_ground import PREFIX, TrialGround

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "XDG_STATE_HOME").mkdir()
    return tmp_path / "XDG_STATE_HOME"


def use_up_descriptors() -> list[int]:
    held = []
    while True:
        try:
            held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            return held


def test_whatever_a_trial_leaves_or_raises_the_ground_is_gone(state: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ValueError, match="trial"), TrialGround() as ground:  # noqa: PT012 - the trial is the point
        deep = f"{ground.place('a')}/deep"
        os.makedirs(f"{deep}/er")
        os.chmod(deep, 0)
        message = "trial"
        raise ValueError(message)
    assert list(state.iterdir()) == []
    assert os.listdir("/proc/self/fd") == before


def test_a_trial_that_uses_up_all_descriptors_leaves_nothing(state: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 64, limits[1]))
    held: list[int] = []
    try:
        with TrialGround() as ground:
            os.makedirs(ground.place("a") + "/b/c/d")
            held = use_up_descriptors()
            assert held
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("files", [5, 6, 8, 10, 12, 16, 20, 24])
def test_doctor_with_few_descriptors_leaves_nothing(person: Person, tmp_path: Path, files: int) -> None:
    script = f'ulimit -n {files}; exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *person.argv("doctor")], cwd=tmp_path, env=person.environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert [path for path in person.home.rglob("*") if PREFIX in path.name] == []


def below(place: Path, said: list[str]) -> list[str]:
    """What is said of that place: others of the same user may have left something in the directories above, too."""
    return [line for line in said if f"{place}/" in line]


def test_a_left_ground_is_found_and_removed_and_a_held_one_stays(state: Path, tmp_path: Path) -> None:
    (state / f"{PREFIX}left/deep").mkdir(parents=True)
    (tmp_path / f"{PREFIX}above").mkdir()
    (state / f"{PREFIX}link").symlink_to(tmp_path)
    (state / f"{PREFIX}file").touch()
    expected = [f"{state}/{PREFIX}left", f"{tmp_path}/{PREFIX}above"]
    with TrialGround() as ground:
        place = ground.place("mine")
        assert below(tmp_path, trial_ground.left()) == expected
        assert {f"trial directory {path}" for path in expected} <= set(ending.left_over())
        assert below(tmp_path, ending.clean()) == [f"trial directory {path}" for path in expected]
        assert os.path.isdir(place)
        assert below(tmp_path, trial_ground.left()) == []
    assert sorted(path.name for path in state.iterdir()) == [f"{PREFIX}file", f"{PREFIX}link"]


@pytest.mark.root
def test_anothers_is_left_alone(state: Path) -> None:
    (state / f"{PREFIX}theirs").mkdir()
    os.chown(state / f"{PREFIX}theirs", 12345, 12345)
    assert trial_ground.clear_left() == []


def test_where_nothing_can_be_made_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")
    with pytest.raises(PaddockError) as caught, TrialGround():
        pass
    assert "XDG_STATE_HOME" in caught.value.next_step


def test_one_that_somebody_looks_at_as_it_is_made_is_used_all_the_same(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`paddock clean` of another terminal holds it for a moment, to see whether it is left."""
    real, seen = fcntl.flock, []

    def flock(held: int, how: int) -> None:
        seen.append(how)
        if len(seen) == 1 and how & fcntl.LOCK_NB:
            raise BlockingIOError
        real(held, how)

    monkeypatch.setattr("fcntl.flock", flock)
    with TrialGround():
        assert len(list(state.iterdir())) == 1
    assert seen
    assert list(state.iterdir()) == []
