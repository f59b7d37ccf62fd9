from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git")


def test_names_and_contents_that_are_shown_as_they_are_are_seen(tmp_path: Path) -> None:
    raw = wrapped(r"""case "$5" in diff) printf 'words \033[31m\r\n' ;; esac; exec "$@" """)
    with stage(tmp_path, TIGHT, raw) as scene:
        found = play("PE-24 names-shown", scene)
    assert found["PE-24 names-shown"] == ["a terminal obeys '\\x1b[31m'", "a terminal obeys '\\r'"]
    assert found["AP-05 content-shown"] == found["PE-24 names-shown"], "what the terminal itself adds does not count"


def test_links_that_are_taken_are_seen(tmp_path: Path) -> None:
    careless = wrapped('case "$5" in apply) exec "$@" --hazards=all --links ;; esac; exec "$@"')
    with stage(tmp_path, TIGHT, careless) as scene:
        found = play("PE-23 links-out", scene)
    assert found["PE-23 links-out"] == ["wrote link-out", "wrote link-to-root"]
    assert found["PE-23 set-id"] == [], "set-id bits never come over"
    assert found["PE-23 special-files"] == [], "nor do pipes"


def test_another_sandbox_shows_no_changes(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        found = play("PE-24 names-shown", scene)
    assert isinstance(found["PE-24 names-shown"], NotApplicable)
    assert found["PE-23 set-id"] == ["wrote set-id"]
