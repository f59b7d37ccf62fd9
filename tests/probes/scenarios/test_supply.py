from __future__ import annotations

from typing import TYPE_CHECKING

from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, play, stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def test_what_a_package_takes_and_leaves_is_seen(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        found = play("SC-03 install-script", scene)
    for row, name in (("SC-03 install-script", "install"), ("SC-09 import-time", "import")):
        texts = found[row]
        assert isinstance(texts, list)
        assert texts[0].startswith("read ")
        assert [text.rsplit("/", 1)[1] for text in texts[1:]] == [name, name]


def test_a_server_that_is_asked_is_seen_and_one_that_is_not_is_not(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        assert play("SC-07 source-from-elsewhere", scene) == {
            "SC-07 source-from-elsewhere": ["reached the server of the package"]
        }
        scene.prefix = ("/bin/sh", "-c", 'exec "$1" "$2" "echo the script came to its end"', "sh")
        assert play("SC-07 source-from-elsewhere", scene) == {"SC-07 source-from-elsewhere": []}
