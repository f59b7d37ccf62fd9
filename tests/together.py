"""The whole suite in two runs of pytest at once, and one closing line for both: `python -m tests.together`.

Half of the time the tests wait, for a service, for a kernel's grace period, for a disk: on two cores two runs take little
more than half as long as one. The first run is shown while it goes on, the other when both have ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 2
# Both would write the one cache of what failed last.
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "tests.sharing")
WORDS = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "error")


class Told(TypedDict):
    """What a run says of itself at its end."""

    collected: int
    ended: int
    counts: dict[str, int]


def run(arguments: Sequence[str]) -> int:
    """Start the runs, wait for them, show what they say. Returns what to exit with."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="paddock-tests-") as place:
        shared = f"{place}/shared"
        os.mkdir(shared)
        # In one word: pytest looks for its settings beside what could be a path, before it knows this option.
        argv = [sys.executable, "-m", "pytest", *OPTIONS, f"--shared={shared}", *arguments]
        outputs = [open(f"{place}/{number}", "w+b") for number in range(1, AT_ONCE)]  # noqa: SIM115 - closed below
        runs = [subprocess.Popen(argv, stdout=to, stderr=to and subprocess.STDOUT) for to in (None, *outputs)]
        try:
            statuses = [each.wait() for each in runs]
        except KeyboardInterrupt:  # they had it too, and undo what they have done
            statuses = [each.wait() for each in runs]
        finally:
            for each in runs:
                each.kill()
                each.wait()
        for output in outputs:
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout.buffer)
            output.close()
        last = [at_work(shared, each.pid) for each in runs]
        line, is_good = closing([told(shared, each.pid) for each in runs], statuses, last)
    print(f"\n{line} in {time.monotonic() - begun:.0f} s", flush=True)
    return 0 if is_good else 1


def told(shared: str, pid: int) -> Told | None:
    """What a run left word of, if it came that far."""
    try:
        with open(f"{shared}/{pid}.json") as file:
            found: Told = json.load(file)
    except (OSError, ValueError):
        return None
    return found


def at_work(shared: str, pid: int) -> str:
    """The last test that a run began."""
    try:
        with open(f"{shared}/{pid}.now", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return "its collection"


def closing(all_told: Sequence[Told | None], statuses: Sequence[int], last: Sequence[str]) -> tuple[str, bool]:
    """One line for all runs, in pytest's words, and whether every test was run and nothing failed."""
    heard = [each for each in all_told if each is not None]
    if len(heard) < len(all_told):
        silent = [
            f"with {status} in {test}"
            for each, status, test in zip(all_told, statuses, last, strict=True)
            if each is None
        ]
        return f"error: a run of pytest ended without a word, {' and '.join(silent)}", False
    collected = {each["collected"] for each in heard}
    ended = sum(each["ended"] for each in heard)
    total: Counter[str] = Counter()
    for each in heard:
        total.update(each["counts"])
    total["deselected"] = max(each["counts"].get("deselected", 0) for each in heard)  # each left out the same ones
    line = ", ".join(f"{total[word]} {word}" for word in WORDS if total[word]) or "no test ran"
    if collected != {ended}:
        return f"error: {ended} of {sorted(collected)} tests were run: {line}", False
    return line, not any(statuses) and total["passed"] > 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and with it the runs
    sys.exit(run(sys.argv[1:]))
