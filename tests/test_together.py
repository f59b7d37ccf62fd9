"""Two runs share a suite: every test is run by one of them, and whatever goes wrong is in the closing line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import together

ROOT = Path(__file__).parent.parent
GOOD = "import os, time\n\ndef test_it():\n    with open('ran', 'a') as file:\n        print(__name__, os.getpid(), file=file)\n"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Six files of one test each, which note what ran them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    (tmp_path / "test_elsewhere.py").write_text("def test_it():\n    assert False\n")
    for number in range(6):
        (tmp_path / f"tests/test_{number}.py").write_text(GOOD)
    return tmp_path


def ended(suite: Path, *arguments: str) -> tuple[int, str]:
    """What a whole run ends with, and its closing line without the time."""
    script = "import sys\nfrom tests import together\nsys.exit(together.run(sys.argv[1:]))"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=suite,
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()[-1].rpartition(" in ")[0]


def ran(suite: Path) -> list[str]:
    return sorted(line.split()[0] for line in (suite / "ran").read_text().splitlines())


def test_every_test_is_run_once_by_one_of_two(suite: Path) -> None:
    # Neither can go on alone: each waits in its first file until the other is in another one.
    meet = "\n\ndef test_it_too():\n    end = time.monotonic() + 60\n    while len({line.split()[1] for line in open('ran')}) < 2:\n        assert time.monotonic() < end\n        time.sleep(0.01)\n"
    for path in (suite / "tests").iterdir():
        path.write_text(GOOD + meet)
    assert ended(suite) == (0, "12 passed")
    assert ran(suite) == [f"test_{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def test_it():\n    assert False\n", "1 failed, 6 passed"),
        ("import pytest\n\ndef test_it():\n    pytest.skip('no')\n", "6 passed, 1 skipped"),
        ("import pytest\n\n@pytest.fixture\ndef it():\n    raise OSError\n\ndef test_it(it):\n    pass\n", "6 passed, 1 error"),
    ],
    ids=["a failure", "a skip", "an error"],
)  # fmt: skip
def test_the_closing_line_counts_both(suite: Path, text: str, line: str) -> None:
    (suite / "tests/test_other.py").write_text(text)
    assert ended(suite) == (int("skipped" not in line), line)


def test_a_run_that_dies_is_an_error_whatever_the_other_says(suite: Path) -> None:
    (suite / "tests/test_other.py").write_text("import os\n\ndef test_it():\n    os.kill(os.getpid(), 9)\n")
    status, line = ended(suite)
    assert status == 1
    assert (
        line == f"error: a run of pytest ended without a word, with {-signal.SIGKILL} in tests/test_other.py::test_it"
    )


def test_a_file_that_cannot_be_collected_is_an_error(suite: Path) -> None:
    (suite / "tests/test_other.py").write_text("import no_such_module\n")
    status, line = ended(suite)
    assert status == 1
    assert line.startswith("error: 0 of [6] tests were run")


def test_what_nobody_ran_is_an_error(suite: Path) -> None:
    (suite / "tests/test_other.py").write_text(
        "import pytest\n\ndef test_it():\n    pytest.exit('enough', returncode=0)\n"
    )
    status, line = ended(suite)
    assert status == 1
    assert line.startswith("error: ")


def test_nothing_to_run_is_no_success(suite: Path) -> None:
    status, line = ended(suite, "-k", "no_such_test")
    assert (status, line) == (1, "6 deselected")


def test_a_status_of_its_own_is_no_success() -> None:
    one = together.Told(collected=2, ended=1, counts={"passed": 1})
    assert together.closing([one, one], [0, 0], ["", ""]) == ("2 passed", True)
    assert together.closing([one, one], [0, 3], ["", ""]) == ("2 passed", False)
