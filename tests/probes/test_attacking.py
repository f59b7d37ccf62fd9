from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.probes import scenarios
from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import Probe, choose, load
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import SCENARIOS, NotApplicable, Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.planting.ground import Ground

pytestmark = needs("git")

FEW = choose(load(), ["FS-02", "FS-07", "CR-21", "FS-40 lower-layer-untouched"])
MADE_UP = Probe(
    "ZZ-01 made-up", "files", "made up", "host", "low", "end", "nothing", "nothing", "nobody", "anyone", "scenario"
)


def bare(_: Ground) -> Target:
    return Target(())


def test_without_a_sandbox_everything_is_breached(tmp_path: Path) -> None:
    judged = attack(FEW, str(tmp_path), b"", bare)
    assert judged.complete
    assert {row.id: row.verdict for row in judged.rows if row.id.startswith("FS-02")} == {
        "FS-02 home-canary-read": "breached"
    }
    assert all(row.controlled for row in judged.rows)


@needs("bubblewrap")
def test_in_a_tight_one_everything_is_held(tmp_path: Path) -> None:
    prefix = (sys.executable, "-I", "-m", "paddock", "run", "--quiet", "--")
    judged = attack(FEW, str(tmp_path), b"", lambda _: Target(prefix))
    assert {row.verdict for row in judged.rows} == {"held"}
    assert judged.complete


def test_a_sandbox_that_does_not_start_leaves_everything_unproven(tmp_path: Path) -> None:
    judged = attack(
        FEW, str(tmp_path), b"", lambda _: Target(("/bin/sh", "-c", "echo no such kernel >&2; exit 1", "sh"))
    )
    assert {row.verdict for row in judged.rows} <= {"unproven"}
    assert not judged.complete
    assert "no such kernel" in " ".join(judged.trouble)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(NotApplicable("no lanes"), "not-applicable"), (Skipped("no vsock"), "skipped"), (KeyError("x"), "unproven")],
)
def test_a_scenario_that_gives_none_says_why_and_needs_no_control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, verdict: str
) -> None:
    def play(scene: Scene) -> tuple[str, ...]:
        if scene.prefix:
            raise error
        return ("it happened",)

    monkeypatch.setitem(SCENARIOS, MADE_UP.id, play)
    monkeypatch.setitem(scenarios.MODULES, "ZZ", ())
    judged = attack([MADE_UP], str(tmp_path), b"", lambda _: Target(("/usr/bin/env",)))
    assert [(row.verdict, row.controlled) for row in judged.rows] == [(verdict, False)]
    assert str(error).strip("'") in judged.rows[0].reason


def test_scenarios_run_on_grounds_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = []

    def play(scene: Scene) -> tuple[str, ...]:
        done = scene.run("/bin/sh", "-c", "pwd; echo $HOME")
        places.append(done.stdout)
        return () if scene.prefix else ("it happened",)

    monkeypatch.setitem(SCENARIOS, MADE_UP.id, play)
    monkeypatch.setitem(scenarios.MODULES, "ZZ", ())
    judged = attack([MADE_UP], str(tmp_path), b"", lambda _: Target(("/usr/bin/env",)))
    assert judged.rows[0].verdict == "held"
    assert len(set(places)) == 2


def test_after_ctrl_c_no_run_begins_and_those_that_have_begun_end_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They clear up what they planted; the one who attacks takes their grounds away, and ends."""
    begun: list[str] = []
    ended: list[str] = []
    ending = threading.Event()
    real = ThreadPoolExecutor.shutdown

    def shutdown(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures:
            real(pool, wait=False, cancel_futures=True)
            ending.set()
        real(pool, wait)

    def play(scene: Scene) -> tuple[str, ...]:
        begun.append(scene.ground.base)
        if len(begun) == 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        ending.wait(60)
        ended.append(scene.ground.base)
        return ()

    many = [replace(MADE_UP, id=f"ZZ-{number:02} made-up") for number in range(20)]
    for probe in many:
        monkeypatch.setitem(SCENARIOS, probe.id, partial(play))
    monkeypatch.setitem(scenarios.MODULES, "ZZ", ())
    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)
    with pytest.raises(KeyboardInterrupt):
        attack(many, str(tmp_path), b"", bare)
    assert sorted(ended) == sorted(begun)
    assert 0 < len(begun) < len(many)
