from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

import pytest

from paddock.boundary import registry
from paddock.boundary.base import Availability
from paddock.cli import doctor
from paddock.errors import PaddockError
from tests import mounted
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.outcome import Outcome

NAMES = ["landlock", "bubblewrap", "podman", "gvisor", "microvm", "kubernetes"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state"
    path.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(path))
    return path


def ask(boundary: str | None = None) -> Outcome:
    return doctor.perform(argparse.Namespace(boundary=boundary))


def test_the_words_of_a_short_list_stand_below_their_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "podman")
    header, row = ask("podman").text.splitlines()
    assert row.index("ok") == header.index("STATE")


def rows(outcome: Outcome, part: str = "boundaries") -> dict[str, Any]:
    assert outcome.data is not None
    found: Any = outcome.data[part]
    return {row["name"]: row for row in found}


def pretend(monkeypatch: pytest.MonkeyPatch, *works: str) -> None:
    def trial(self: registry.Entry, base: str) -> Availability:
        assert os.listdir(base) == []
        if self.name in works:
            return Availability(ok=True, reason="tried")
        return Availability(ok=False, reason="broken\x1b[2J", fix="mend it")

    monkeypatch.setattr(registry.Entry, "trial", trial)


@needs("bubblewrap", "overlay", "landlock", "podman")
def test_here_everything_is_tried_and_nothing_is_left(state: Path):
    descriptors = os.listdir("/proc/self/fd")
    outcome = ask()
    found = rows(outcome)
    assert list(found) == NAMES
    assert outcome.exit_code == 0
    assert found["bubblewrap"]["state"] == "ok"
    assert found["landlock"]["state"] == ("no" if os.geteuid() == 0 else "ok")
    assert found["podman"]["state"] == "ok", found["podman"]
    assert {found[entry.name]["state"] == "planned" for entry in registry.ENTRIES if not entry.present} == {True}
    machine = rows(outcome, "machine")
    assert machine["overlay"]["works"], machine
    assert machine["terminals"]["works"], machine
    assert os.uname().release in machine["kernel"]["reason"]
    assert list(state.iterdir()) == []
    assert os.listdir("/proc/self/fd") == descriptors
    assert mounted.below(state) == []


@pytest.mark.parametrize(
    ("works", "code"),
    [
        (["bubblewrap"], 0),
        (["landlock", "bubblewrap"], 0),
        (["landlock"], 125),
        ([], 125),
        (["podman"], 0),
        (["microvm", "kubernetes"], 125),
    ],
)
def test_the_exit_code_says_whether_a_boundary_of_ours_is_strong_enough(
    monkeypatch: pytest.MonkeyPatch, works: list[str], code: int
):
    pretend(monkeypatch, *works)
    outcome = ask()
    assert outcome.exit_code == code
    assert outcome.data is not None
    assert outcome.data["ok"] is (code == 0)


def test_one_boundary_is_tried_alone_and_judged_alone(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "landlock")
    assert ask("landlock").exit_code == 0
    assert ask("bubblewrap").exit_code == 125
    assert ask("podman").exit_code == 125
    assert list(rows(ask("landlock"))) == ["landlock"]
    assert rows(ask("landlock"), "machine") == {}


def test_what_fails_is_told_with_its_remedy_and_without_control_characters(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "landlock", "microvm")
    text = ask().text
    assert "\x1b" not in text
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("bubblewrap"))
    assert "no" in lines[at]
    assert lines[at + 1].strip() == "fix: mend it"
    assert any(line.startswith("microvm") and "works on this machine: yes" in line for line in lines)
    assert any(line.startswith("kubernetes") and "works on this machine: no" in line for line in lines)


@pytest.mark.parametrize("error", [PaddockError("it broke", why="really"), OSError(5, "Input/output error")])
def test_a_trial_that_breaks_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch, state: Path, error: Exception):
    def trial(self: registry.Entry, base: str) -> Availability:
        if self.name == "landlock":
            os.makedirs(f"{base}/left/behind")
            os.chmod(f"{base}/left", 0)
            raise error
        return Availability(ok=True)

    monkeypatch.setattr(registry.Entry, "trial", trial)
    found = rows(ask())
    assert (found["landlock"]["state"], found["bubblewrap"]["state"]) == ("no", "ok")
    assert "it broke" in found["landlock"]["reason"] or "Input/output" in found["landlock"]["reason"]
    assert list(state.iterdir()) == []


@pytest.mark.user
def test_a_state_directory_that_cannot_be_written_is_one_clear_error(state: Path):
    state.chmod(0o500)
    with pytest.raises(PaddockError) as caught:
        ask()
    assert "XDG_STATE_HOME" in caught.value.next_step


def test_a_state_directory_that_does_not_exist_is_not_made(state: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch)
    monkeypatch.setenv("XDG_STATE_HOME", str(state / "not/there"))
    ask("landlock")
    assert list(state.iterdir()) == []


def test_the_option_takes_the_names_of_boundaries_only():
    parser = argparse.ArgumentParser(exit_on_error=False)
    doctor.declare(parser)
    assert parser.parse_args([]).boundary is None
    with pytest.raises(argparse.ArgumentError):
        parser.parse_args(["--boundary", "docker"])
