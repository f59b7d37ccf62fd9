from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git")


def test_a_verification_that_sees_nothing_is_seen(tmp_path: Path) -> None:
    blind = wrapped('case "$5" in log) echo \'{"logs": [{"state": "whole"}]}\' ;; *) exec "$@" ;; esac')
    with stage(tmp_path, TIGHT, blind) as scene:
        found = play("AP-10 tampering-is-noticed", scene)
    assert len(found["AP-10 tampering-is-noticed"]) == 4  # type: ignore[arg-type]
    assert found["AP-11 record-complete"] == []


def test_a_record_with_a_secret_and_without_a_line_is_seen_and_so_is_a_rule_that_is_passed_over(tmp_path: Path) -> None:
    """The sandbox is told to allow what is denied, and whoever wrote the record was careless."""
    script = """
for word; do shift; [ "$word" = --deny ] && word=--allow; set -- "$@" "$word"; done
"$@"; status=$?
for log in "$XDG_STATE_HOME"/paddock/record/*.jsonl; do
  sed -i "s/\\"repository\\":\\"/&$AWS_SECRET_ACCESS_KEY/; s/two\\.[0-9a-f]*\\.test/other.test/" "$log"
done
exit $status"""
    with stage(tmp_path, ("/bin/sh", "-c", script, "sh", *TIGHT), PADDOCK) as scene:
        found = play("AP-12 record-no-secrets", scene)
    assert found["AP-12 record-no-secrets"]
    assert found["AP-11 record-complete"] == [f"missing: two.{scene.ground.mark}.test"]
    assert found["AP-08 deny-wins"] == ["reached a.rules.test", "reached b.rules.test"]
    assert found["AP-10 record-out-of-reach"] == ["the log is not whole after the session"]


def test_where_there_is_no_network_there_is_no_record(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene, pytest.raises(NotApplicable):
        play("AP-11 record-complete", scene)
    refuses = ("/bin/sh", "-c", "echo 'no network here' >&2; exit 126", "sh", "--")
    with stage(tmp_path / "other", refuses, PADDOCK) as scene:
        import os

        os.makedirs(f"{scene.ground.home}/.local/state/paddock/record")
        with pytest.raises(NotApplicable, match="no network here"):
            play("AP-11 record-complete", scene)
