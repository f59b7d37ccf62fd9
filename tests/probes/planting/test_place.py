from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from paddock.probes.planting.place import Place, sweep

if TYPE_CHECKING:
    from pathlib import Path


def old(path: Path) -> None:
    before = time.time() - 3600
    os.utime(path, (before, before))


def test_it_is_gone_afterwards_with_whatever_modes(tmp_path: Path) -> None:
    with Place(str(tmp_path)) as base:
        os.makedirs(f"{base}/a/b")
        os.symlink("/", f"{base}/a/link")
        os.chmod(f"{base}/a/b", 0)
        os.chmod(f"{base}/a", 0)
    assert os.listdir(tmp_path) == []
    assert os.path.isdir("/etc")


def test_what_a_killed_proof_left_is_removed_by_the_next(tmp_path: Path) -> None:
    script = "import sys; from paddock.probes.planting.place import Place; Place(sys.argv[1]); import os; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    old(left)
    with Place(str(tmp_path)):
        assert not left.exists()


def test_what_somebody_holds_stays_and_so_does_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with Place(str(tmp_path)) as base:
        old(tmp_path / os.path.basename(base))
        assert sweep(str(tmp_path)) == 0
        assert os.path.isdir(base)


def test_links_and_files_there_are_left_alone(tmp_path: Path) -> None:
    above, elsewhere = tmp_path / "above", tmp_path / "elsewhere"
    above.mkdir()
    elsewhere.mkdir()
    old(elsewhere)
    (above / "link").symlink_to(elsewhere)
    (above / "file").write_text("x")
    assert sweep(str(above)) == 0
    assert elsewhere.is_dir()
