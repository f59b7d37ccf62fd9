"""What Paddock costs, as ratios: `python benchmarks/start.py [--rounds N] [--files N] [--srt PROGRAM]`.

Absolute times of a shared machine mean little, so everything is measured interleaved with what it is compared
to, and the medians are divided. The budgets are those of docs/architecture.md. Anthropic's sandbox-runtime is
measured beside it when `srt` is on PATH or named (npm install --prefix DIR @anthropic-ai/sandbox-runtime).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PADDOCK = (os.path.join(os.path.dirname(sys.executable), "paddock"),)
# The same namespaces and a root of the same kind, without anything of ours.
BWRAP = (
    "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--cap-drop", "ALL",
    "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
    "--symlink", "usr/lib64", "/lib64", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "true",
)  # fmt: skip
PYTHON = (sys.executable, "-I", "-c", "pass")
MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """One line of the table. `value` is held against `budget`; the unit says what both are."""

    what: str
    value: float
    budget: float | None
    unit: str = "x"

    def __str__(self) -> str:
        budget = "" if self.budget is None else f"{self.budget:g} {self.unit}"
        verdict = "" if self.budget is None else ("kept" if self.value <= self.budget else "OVER")
        return f"{self.what:<66} {self.value:8.2f} {self.unit:<4} {budget:>9}  {verdict}"


@dataclass(frozen=True)
class Place:
    """A person's home and a working directory, as a command sees them."""

    home: str
    directory: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HOME": self.home,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": f"{self.home}/runtime",
            "GIT_CONFIG_NOSYSTEM": "1",
        }


def once(argv: Sequence[str], place: Place) -> float:
    """Milliseconds from start to end; the command must end well."""
    start = time.perf_counter()
    done = subprocess.run(
        argv, cwd=place.directory, env=place.environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return taken * 1000


def medians(jobs: Mapping[str, tuple[Sequence[str], Place]], rounds: int) -> dict[str, float]:
    """The median time of each job in milliseconds, measured in turns after two rounds to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds + 2):
        for name, (argv, place) in jobs.items():
            result = once(argv, place)
            if number > 1:
                taken[name].append(result)
    return {name: statistics.median(values) for name, values in taken.items()}


def fill(directory: str, files: int) -> None:
    """Files of a few bytes, a hundred in each directory."""
    for number in range(files):
        if number % 100 == 0:
            os.makedirs(f"{directory}/d{number // 100}", exist_ok=True)
        with open(f"{directory}/d{number // 100}/f{number}", "w", encoding="ascii") as file:
            file.write(f"{number}\n")


def with_policy(place: Place, text: str) -> Place:
    """The same directory for a person with a policy of their own."""
    home = f"{place.home}-with-policy"
    for part in ("runtime", ".config/paddock"):
        os.makedirs(f"{home}/{part}", mode=0o700)
    with open(f"{home}/.config/paddock/policy.toml", "w", encoding="utf-8") as file:
        file.write(text)
    return Place(home, place.directory)


def start_rows(empty: Place, full: Place, rounds: int, srt: str | None) -> Iterator[Row]:
    run = (*PADDOCK, "run", "--quiet", "--net", "off", "--", "true")
    jobs: dict[str, tuple[Sequence[str], Place]] = {
        "bwrap": (BWRAP, empty),
        "python": (PYTHON, empty),
        "paddock": (run, empty),
        "full": (run, full),
    }
    jobs["attacked"] = (run, with_policy(empty, "[prove]\nat_start = true\n"))
    if srt:
        jobs["srt"] = ((srt, "true"), empty)
    found = medians(jobs, rounds)
    for name, value in found.items():
        print(f"  {name:<8} {value:8.1f} ms")
    yield Row("run -- true / (bare bwrap true + bare python)", found["paddock"] / (found["bwrap"] + found["python"]), 3)
    yield Row("run -- true / bare bwrap true", found["paddock"] / found["bwrap"], None)
    yield Row("start in a full repository / in an empty one", found["full"] / found["paddock"], 1.1)
    yield Row("prove.at_start, over a start without", found["attacked"] - found["paddock"], 300, "ms")
    if srt:
        yield Row("run -- true / sandbox-runtime true", found["paddock"] / found["srt"], 0.2)


def live_rows(place: Place, rounds: int) -> Iterator[Row]:
    """One more command in a live sandbox, and what an idle one holds in memory."""
    command = (*PADDOCK, "run", "--quiet", "--name", "idle", "--", "sh", "-c", "echo up; read line")
    with subprocess.Popen(
        command, cwd=place.directory, env=place.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        held = own_memory_bytes(process.pid)
        found = medians(
            {
                "exec": ((*PADDOCK, "exec", "idle", "--", "true"), place),
                "python": (PYTHON, place),
                "true": (("true",), place),
            },
            rounds,
        )
        process.stdin.close()
        process.wait(30)
    yield Row(
        "paddock exec -- true, over python and true outside",
        found["exec"] - found["python"] - found["true"],
        None,
        "ms",
    )
    yield Row("memory of ours for an idle sandbox", held / MIB, 25, "MiB")


def own_memory_bytes(pid: int) -> int:
    """Proportional memory (smaps_rollup's Pss) of a process and of its children that are Python or bwrap."""
    total = 0
    left = [pid]
    while left:
        pid = left.pop()
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                left += map(int, file.read().split())
            if name.startswith(("python", "paddock", "bwrap", "cat")):
                total += pss_bytes(pid)
        except FileNotFoundError:
            continue
    return total


def pss_bytes(pid: int) -> int:
    """Memory of a process, shared pages counted in part; all resident pages where that is not readable."""
    try:
        return status_bytes(f"/proc/{pid}/smaps_rollup", "Pss:")
    except PermissionError:  # the joiner can be read by root only
        return status_bytes(f"/proc/{pid}/status", "VmRSS:")


def status_bytes(path: str, key: str) -> int:
    with open(path, encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def api_row(place: Place, rounds: int) -> Row:
    """One more command in a live sandbox, without a new Python: what a server or a library call would cost."""
    from paddock import starting
    from paddock.boundary import bubblewrap
    from paddock.boundary.build import Build
    from paddock.boundary.facts import facts_for
    from paddock.boundary.sandbox import Sandbox
    from paddock.frozen import replace
    from paddock.kernel.join import join
    from paddock.planning import make_plan
    from paddock.policy.flags import flags_layer

    layer = flags_layer({"workspace": "readonly"}, place.directory)
    plan = make_plan(place.directory, ["sleep", "600"], layer, terminal=False, environ=place.environ)
    compiled = bubblewrap.compile(plan, facts_for(plan), ())
    sandbox = Sandbox(Build("/usr/bin/bwrap", compiled, stand_in=os.geteuid() == 0))
    try:
        start = starting.start_of(plan, {"core": 0})
        first = sandbox.start(start)
        inside, outside = [], []
        for _ in range(rounds * 4):
            begun = time.perf_counter()
            joined = join(sandbox.namespaces, replace(start, argv=("true",)))
            while (report := joined.receive()) and report.kind != "exited":
                continue
            joined.release()
            inside.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            os.waitpid(os.posix_spawn("/usr/bin/true", ["true"], {}), 0)
            outside.append(time.perf_counter() - begun)
    finally:
        sandbox.stop()
    first.release()
    extra = (statistics.median(inside) - statistics.median(outside)) * 1000
    return Row("exec through the library, over fork and exec outside", extra, 5, "ms")


def review_rows(place: Place, rounds: int) -> Iterator[Row]:
    """What a person waits for after a run that changed ten of many files: the diff, the apply, the undo."""
    change = "for n in 1 2 3 4 5 6 7 8 9 10; do echo changed > d$n/f${n}00; done"
    once((*PADDOCK, "run", "--quiet", "--fresh", "--", "sh", "-c", change), place)
    found = medians({"diff": ((*PADDOCK, "diff"), place)}, rounds)
    shown = subprocess.run(
        [*PADDOCK, "diff", "--json"], cwd=place.directory, env=place.environ, capture_output=True, check=True
    )
    assert json.loads(shown.stdout)["schema"] == 1
    yield Row("diff of 10 changes in a full repository", found["diff"], 100, "ms")
    found = medians({"apply": ((*PADDOCK, "apply", "--yes"), place), "undo": ((*PADDOCK, "undo"), place)}, rounds)
    yield Row("apply of 10 changes in a full repository", found["apply"], None, "ms")
    yield Row("undo of that apply", found["undo"], None, "ms")


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each is measured (default: 15)")
    parser.add_argument("--files", type=int, default=100_000, help="files in the full repository (default: 100000)")
    parser.add_argument("--srt", default=shutil.which("srt"), help="Anthropic's sandbox-runtime (default: srt on PATH)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paddock-benchmark.") as base:
        home = f"{base}/home"
        for part in ("home/runtime", "empty/.git", "full/.git"):
            os.makedirs(f"{base}/{part}", mode=0o700)
        empty, full = Place(home, f"{base}/empty"), Place(home, f"{base}/full")
        print(f"making {options.files} files …")
        fill(full.directory, options.files)
        print(f"medians of {options.rounds}:")
        rows = [*start_rows(empty, full, options.rounds, options.srt), *live_rows(empty, options.rounds)]
        rows += [api_row(empty, options.rounds), *review_rows(full, options.rounds)]
    print(f"\n{'what':<66} {'measured':>13} {'budget':>9}")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
