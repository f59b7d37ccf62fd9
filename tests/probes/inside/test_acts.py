"""What scenarios have done inside: each bounded by itself, and honest about how far it came."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import acts
from paddock.probes.pack import pack
from paddock.probes.scenarios.acting import came

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "pack"
    path.write_bytes(pack())
    return path


def said(packed: Path, *words: str, limits: str = "true") -> float:
    """What an act came to, under limits that a shell sets."""
    argv = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", "/bin/sh", str(packed), "--act", *words]
    done = subprocess.run(argv, capture_output=True, check=False, cwd=packed.parent)
    assert done.returncode == 0, done.stderr
    return came(done.stdout, 1)[0]


@pytest.mark.parametrize(("name", "most"), [("fork", 12), ("thread", 12), ("open_files", 40)])
def test_nothing_stops_it_where_nothing_is_limited(packed: Path, name: str, most: int) -> None:
    assert said(packed, name, str(most)) == most


def test_it_ends_at_the_limit_on_open_files(packed: Path) -> None:
    assert said(packed, "open_files", "60", limits="ulimit -n 40") < 40


def test_it_ends_at_the_limit_on_memory(packed: Path) -> None:
    limits = "ulimit -d 60000"
    assert said(packed, "remember", str(8 << 20), limits=limits) == 8 << 20
    assert said(packed, "remember", str(160 << 20), limits=limits) == 0


def test_memory_is_counted_over_all_its_processes(packed: Path) -> None:
    assert said(packed, "remember", str(16 << 20), "2") == 16 << 20


def test_it_ends_at_the_limit_on_a_files_size_and_takes_the_file_away(packed: Path) -> None:
    assert said(packed, "write", "large", str(2 << 20)) == 2 << 20
    assert 0 < said(packed, "write", "large", str(2 << 20), limits="ulimit -f 1024") < 2 << 20
    assert not (packed.parent / "large").exists()


def test_a_file_that_is_there_is_neither_written_nor_taken_away(packed: Path) -> None:
    (packed.parent / "there").write_text("theirs")
    assert said(packed, "write", "there", "1") == 0
    assert (packed.parent / "there").read_text() == "theirs"


def test_whoever_asks_for_too_much_gets_less(packed: Path) -> None:
    assert said(packed, "open_files", str(acts.MOST_FILES * 2), limits="ulimit -n 100") < 100
    assert said(packed, "thread", str(acts.MOST_PROCESSES * 2)) <= acts.MOST_PROCESSES


def test_memory_that_is_taken_back_for_another_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hold(_: int, there: int, until: tuple[int, int]) -> None:
        os.close(until[1])
        os.close(there)
        try:
            os.mkdir(tmp_path / "first")
            os.kill(os.getpid(), 9)  # as the kernel does it, which found the second in want
        except FileExistsError:
            os.read(until[0], 1)
        finally:
            os._exit(0)

    monkeypatch.setattr(acts, "_hold", hold)
    assert acts.remember(str(2 << 20), "2") == 1 << 20


def test_computing_takes_as_long_as_it_says(packed: Path) -> None:
    assert said(packed, "compute", "0.1", "1") <= 0.2


def test_computing_ends_with_enough(packed: Path) -> None:
    assert 0 < said(packed, "compute", "2", "1", "0.05") < 1


def test_acts_follow_one_another(packed: Path) -> None:
    argv = ["/bin/sh", str(packed), "--act", "open_files", "3", acts.NEXT, "fork", "2", acts.NEXT, "thread", "1"]
    assert came(subprocess.run(argv, capture_output=True, check=True).stdout, 3) == (3, 2, 1)
