"""The walls of the house: which way imports point, where dangerous calls live, what the start may cost."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "paddock"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# From the bottom up. A room may import from rooms below it and from itself, never from beside or above.
FLOORS = (
    {"frozen", "errors", "remarks", "reporting", "unwinding"},
    {"replacing", "shortage"},
    {"kernel", "pausing", "process", "state"},
    {"policy"},
    {"plan"},
    {"record"},
    {"credentials", "learning"},
    {"boundary", "workspace", "gateway", "agents", "probes", "devcontainer"},
    {"console", "proofs", "relay"},
    {"homing", "host", "live", "packing", "preflight", "supervision", "scope", "outlook", "trial_ground"},
    {"checking", "sources"},
    {"hardening"},
    {"planning", "reviewing"},
    {"building", "closing", "commits", "egress", "overlaying", "proving", "stranded", "vetting", "watching"},
    {"starting"},
    {"session"},
    {"keeping", "joining", "granting", "ending"},
    {"developing"},
    {"cli"},
    {"__main__"},
)
# Narrower than the floors: pure rooms, and the one room for raw system calls.
ONLY = {
    "frozen": set[str](),
    "errors": set[str](),
    "kernel": {"frozen", "errors"},
    "policy": {"frozen", "errors"},
    "plan": {"frozen", "errors", "policy"},
}
ONE_ROOM = {"trust": "sources"}  # two modules that stand in one room: each knows the other's values
PURE = {"policy", "plan"}
OUTSIDE_WORLD = {"os", "subprocess", "socket", "shutil", "tempfile", "io", "ctypes", "signal", "pwd", "time"}
# What `paddock run` must not pay for before the command starts (CONTRIBUTING.md).
HEAVY = frozenset(
    "dataclasses typing pathlib subprocess json enum tempfile inspect asyncio logging".split()  # noqa: SIM905
)
SHELLS = {"os": {"system", "popen", "spawnl", "spawnv", "spawnvp", "spawnvpe"}, "pty": {"spawn"}}
LONGEST = 500  # lines; look for the second room at 400


def room(path: Path) -> str:
    """The first part of a module's place below src/paddock; the package itself has no room."""
    return room_of_name(path.relative_to(SOURCE).with_suffix("").parts[0])


def room_of_name(name: str) -> str:
    return ONE_ROOM.get(name, name)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in a file, with the line; `from paddock.x import y` gives paddock.x.y too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def imported_at_start(path: Path) -> Iterator[tuple[int, str]]:
    """What running a module imports: not in functions, not for the type checker alone."""
    left: list[ast.AST] = list(parsed(path).body)
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            left += node.orelse
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, str(node.module)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            left += ast.iter_child_nodes(node)


def modules_with_rooms() -> list[Path]:
    return [path for path in MODULES if path != SOURCE / "__init__.py"]


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_room_stands_on_a_floor_and_in_the_table_of_the_documentation() -> None:
    rooms = {room(path) for path in modules_with_rooms()}
    assert rooms == set[str]().union(*FLOORS)
    rows = re.findall(r"^\| (.*?) \| ", (ROOT / "docs/architecture.md").read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    assert rooms - named == {"__main__"}


@pytest.mark.parametrize("path", modules_with_rooms(), ids=identity)
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    floor = next(number for number, rooms in enumerate(FLOORS) if here in rooms)
    below = ONLY.get(here, set[str]().union(*FLOORS[:floor])) | {here}
    ours = [
        (line, name) for line, name in imported(path) if name.startswith("paddock.") and name != "paddock.__version__"
    ]
    wrong = [f"line {line}: {name}" for line, name in ours if room_of_name(name.split(".")[1]) not in below]
    assert not wrong, f"{here} may import only {sorted(below)}"


@pytest.mark.parametrize("path", [path for path in modules_with_rooms() if room(path) in PURE], ids=identity)
def test_policy_and_plan_know_nothing_of_the_machine(path: Path) -> None:
    assert [(line, name) for line, name in imported(path) if name.split(".")[0] in OUTSIDE_WORLD] == []


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_dangerous_calls_have_one_place_each(path: Path) -> None:
    names = {name.split(".")[0] for _, name in imported(path)}
    if path.parent not in (SOURCE / "kernel", SOURCE / "probes/inside"):
        assert "ctypes" not in names, "raw system calls live in kernel/, and in the probes that try them"
    if path != SOURCE / "process.py":
        assert not names & {"subprocess", "multiprocessing"}, "programs are started by paddock.process"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in SHELLS.get(node.value.id, ()), f"line {node.lineno}: no shell"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


# The pack runs elsewhere, in a process of its own.
@pytest.mark.parametrize("path", [it for it in MODULES if it.parent != SOURCE / "probes/inside"], ids=identity)
def test_no_module_pays_for_heavy_imports_when_it_is_imported(path: Path) -> None:
    """For all modules, not only those that `paddock run` reaches today: which ones it reaches changes."""
    assert [(line, name) for line, name in imported_at_start(path) if name.split(".")[0] in HEAVY] == []


def test_importing_the_run_command_loads_nothing_heavy() -> None:
    """The same from the other side: what the interpreter really loads, through the standard library too."""
    wanted = [name for name in ("planning", "session", "cli.run", "boundary.sandbox") if _exists(name)]
    allowed = loaded("argparse", "socket")  # they bring `enum`
    assert HEAVY & (loaded(*(f"paddock.{name}" for name in wanted)) - allowed) == frozenset()


def loaded(*names: str) -> set[str]:
    """The modules that importing `names` loads in a fresh interpreter."""
    script = "import sys; before = set(sys.modules)\n"
    script += "".join(f"import {name}\n" for name in names)
    script += "print(*sorted(set(sys.modules) - before))"
    # -S: without site, whose .pth files in a virtual environment import what is not ours
    argv, environ = [sys.executable, "-S", "-c", script], {"PYTHONPATH": str(ROOT / "src")}
    return set(subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout.split())


def _exists(name: str) -> bool:
    return (SOURCE / (name.replace(".", "/") + ".py")).exists()


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=identity)
def test_no_file_outgrows_one_reading(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def has_behaviour(path: Path) -> bool:
    """Whether a module has a function with a body: values and protocols alone have nothing to test."""

    def does_something(function: ast.FunctionDef) -> bool:
        return not all(isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) for step in function.body)

    return any(isinstance(node, ast.FunctionDef) and does_something(node) for node in ast.walk(parsed(path)))


@functools.cache
def named_in(room_of_tests: Path) -> frozenset[str]:
    """Every name that the test files right in a directory import."""
    return frozenset(name for path in room_of_tests.glob("test_*.py") for _, name in imported(path))


@pytest.mark.parametrize(
    "path", [path for path in modules_with_rooms() if path.name[:2] != "__" and has_behaviour(path)], ids=identity
)
def test_every_module_has_its_own_tests_or_is_named_by_those_of_its_room(path: Path) -> None:
    place = path.relative_to(SOURCE)
    if (ROOT / "tests" / place.parent / f"test_{place.name}").exists():
        return
    module = ".".join(("paddock", *place.with_suffix("").parts))
    names = named_in(ROOT / "tests" / place.parent)
    assert any(name == module or name.startswith(f"{module}.") for name in names)


# Tests of no single module: the house itself, and real input from the outside world.
HOUSE = {
    "test_architecture.py",
    "test_collecting.py",
    "test_linters.py",
    "test_docs.py",
    "test_ground.py",
    "test_together.py",
}
OF_THE_WHOLE = ("real", "scripted_model", "mutation")


@pytest.mark.parametrize(
    "path",
    [path for path in TESTS if path.name.startswith("test_") and path.parent.name not in OF_THE_WHOLE],
    ids=identity,
)
def test_every_test_file_has_its_module(path: Path) -> None:
    place = path.relative_to(ROOT / "tests")
    if place.name in HOUSE and place.parent == Path():
        return
    module = SOURCE / place.parent / place.name.removeprefix("test_")
    split = re.match(r"test_(\w+?)__\w+\.py", place.name)  # test_MODULE__TOPIC.py, for a second file of tests
    assert module.exists() or (split and (SOURCE / place.parent / f"{split[1]}.py").exists())


@pytest.mark.parametrize("path", TESTS, ids=identity)
def test_a_test_sends_a_signal_to_its_own_thread(path: Path) -> None:
    """One that goes to its process is taken by whatever thread a fixture has: it comes elsewhere, or ends pytest."""
    sent = re.findall(r"os\.kill\(os\.getpid\(\), ([\w.]+)", path.read_text())
    assert set(sent) <= {"9", "signal.SIGKILL"}, "signal.raise_signal"


def test_tests_are_no_packages() -> None:
    assert [identity(path) for path in TESTS if path.name == "__init__.py"] == []


def test_what_was_checked_is_what_is_there() -> None:
    """A glob that finds nothing would pass every test above."""
    assert len(MODULES) > 10
    assert os.path.basename(__file__) in {path.name for path in TESTS}
