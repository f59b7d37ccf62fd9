"""That the scenarios of a sandbox's end see what they are for, in sandboxes that lack one thing each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.errors import PaddockError
from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git")

BARE_BWRAP = ("/usr/bin/env", "bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc")


def test_what_lives_on_in_a_namespace_without_a_master_is_seen(tmp_path: Path) -> None:
    with stage(tmp_path, BARE_BWRAP) as scene:
        found = play("LC-02 launcher-killed", scene)
    assert found["LC-02 launcher-killed"]
    assert isinstance(found["LC-16 recovery-after-a-crash"], NotApplicable)


def test_work_that_is_lost_and_remains_that_stay_are_seen(tmp_path: Path) -> None:
    lost = wrapped("""case "$5" in
diff) echo '{"changes": []}' ;; clean) echo '{"left": ["x"]}' ;; ps) echo '{"sandboxes": ["x"]}' ;;
esac""")
    with stage(tmp_path, TIGHT, lost) as scene:
        found = play("LC-16 recovery-after-a-crash", scene)
    assert found["LC-16 recovery-after-a-crash"] == [
        "clean could not remove all", "something is still listed as live", "the work is lost",
    ]  # fmt: skip
    assert found["LC-01 daemon-survives"] == []


def test_a_clean_that_fails_takes_nothing_of_what_was_seen_before(tmp_path: Path) -> None:
    with stage(tmp_path, BARE_BWRAP, wrapped("exit 3")) as scene:
        found = play("LC-02 launcher-killed", scene)
    assert found["LC-02 launcher-killed"]
    assert isinstance(found["LC-16 recovery-after-a-crash"], PaddockError)


def test_a_deaf_daemon_and_a_wrong_exit_code_are_seen(tmp_path: Path) -> None:
    wrong = ("/bin/sh", "-c", 'trap "exit 3" TERM HUP INT; "$@" & wait', "sh")
    with stage(tmp_path, wrong) as scene:
        found = play("LC-03 signals-end-it", scene)["LC-03 signals-end-it"]
    assert isinstance(found, list)
    assert "after SIGTERM it ended with 3" in found
    assert any(what.startswith("ran on") for what in found)


def test_ghosts_and_open_directories_are_seen(tmp_path: Path) -> None:
    script = 'mkdir -p "$XDG_RUNTIME_DIR/paddock/live/ghost"; : > .ghost; (sleep 3 &) ; exec "$@"'
    with stage(tmp_path, ("/bin/sh", "-c", script, "sh"), PADDOCK) as scene:
        found = play("LC-06 no-ghost-files", scene)
    assert found["LC-06 no-ghost-files"] == ["wrote: git status", "wrote: repository"]
    assert any("live/ghost" in what for what in found["LC-08 nothing-left"])  # type: ignore[attr-defined]
    assert found["LC-10 private-run-time-files"]
    assert found["LC-18 no-set-id-program"] == []


def test_what_the_next_command_finds_is_told_from_what_it_finds_in_caches(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        found = play("LC-11 disposable", scene)
    first, second = found["LC-11 disposable"], found["SC-08 cache-poison"]
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert any("/tmp/" in what for what in first)
    assert len(second) == 8
    assert not set(first) & set(second)
