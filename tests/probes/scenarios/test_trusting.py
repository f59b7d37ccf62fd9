from __future__ import annotations

from typing import TYPE_CHECKING

from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git")


def test_trust_in_a_name_is_seen(tmp_path: Path) -> None:
    """A paddock that trusts whatever lies there before every run, as one that looks at the name alone would."""
    careless = ("/bin/sh", "-c", '"$1" "$2" "$3" "$4" trust --yes >/dev/null 2>&1; exec "$@"', "sh", *TIGHT)
    with stage(tmp_path, careless, PADDOCK) as scene:
        found = play("PE-22 trust-is-in-the-content", scene)
        outside = f"read {scene.ground.base}/outside/look"
    granted = [outside, "read MY_SETTING", "wrote to the repository"]
    assert found["PE-21 policy-from-the-repository"] == granted
    assert found["PE-22 trust-is-in-the-content"][:3] == [f"{what} (changed)" for what in granted]  # type: ignore[index]


def test_a_switch_that_works_is_seen(tmp_path: Path) -> None:
    """Whoever says --yolo gets no sandbox; and whoever wrote a policy inside has it for the next command."""
    obeys = ("/bin/sh", "-c", 'case "$*" in *--yolo*) shift 7 ;; esac; exec "$@"', "sh", *TIGHT)
    with stage(tmp_path, obeys, PADDOCK) as scene:
        found = play("AP-15 skip-flags-inert", scene)
    assert len(found["AP-15 skip-flags-inert"]) == 3  # type: ignore[arg-type]


def test_another_sandbox_has_nothing_to_trust_and_grants_what_it_grants(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        found = play("PE-21 policy-from-the-repository", scene)
    assert len(found["PE-21 policy-from-the-repository"]) == 3  # type: ignore[arg-type]
    assert str(found["PE-22 trust-is-in-the-content"]) == "it has no policy that could be trusted"


def test_a_machine_that_lets_nobody_loosen_is_told_from_one_that_holds(tmp_path: Path) -> None:
    strict = wrapped('case "$5" in trust) echo \'{"trusted": true}\' ;; *) exec "$@" ;; esac')
    with stage(tmp_path, TIGHT, strict) as scene:
        found = play("PE-22 trust-is-in-the-content", scene)
    assert "does not let a trusted file loosen" in str(found["PE-22 trust-is-in-the-content"])
