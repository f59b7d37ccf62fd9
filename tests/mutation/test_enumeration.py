"""What can be taken away is read from the code: a protection that is new has a mutant, or one of these tests fails."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import starting
from paddock.boundary import bubblewrap
from paddock.boundary.bubblewrap import Facts
from paddock.boundary.steps import Overlay
from paddock.gateway.outside import guard
from paddock.kernel import bpf, landlock, rlimits, seccomp
from paddock.kernel.syscalls import number
from tests.boundary.plans import MASKS, PLAN, REPOSITORY, plan_for
from tests.capabilities import IS_ROOT, needs
from tests.mutation import arguments, ceilings, filters, known, landlocked, mutants, ranges, statements
from tests.mutation.places import LEFT_OUT, PLACES

if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Compiled

ROOT = Path(__file__).parents[2]
LAYERS = (Overlay(REPOSITORY, (REPOSITORY,), "/var/x/upper", "/var/x/work"),)
TABLES = {
    "bubblewrap": seccomp.rules("default"),
    "landlock": seccomp.rules("default", sockets="none", neighbours=True),
}


def compiled(mode: str, **facts: object) -> Compiled:
    plan = plan_for(REPOSITORY, mode, MASKS)
    return bubblewrap.compile(plan, Facts(**facts), LAYERS if mode in ("review", "scratch") else ())  # type: ignore[arg-type]


@pytest.mark.parametrize("as_root", [False, True])
@pytest.mark.parametrize("mode", ["review", "scratch", "readonly", "live"])
def test_every_option_and_step_of_bubblewrap_is_weakened_or_known_as_no_protection(mode: str, as_root: bool) -> None:
    made = compiled(
        mode, as_root=as_root, covered_proc=("/proc/keys",), pinned=(".git",), read_only=(".git/config",),
        trust="/run/x/trust", bundles=("/etc/ssl/certs/ca-certificates.crt",), staged=frozenset(["/etc/ssl/certs"]),
    )  # fmt: skip
    for operation in arguments.operations(made.arguments):
        assert bool(operation.weaker()) != (operation.name in arguments.NO_PROTECTION), operation.words
    weakened = arguments.weaker_steps(made.steps)
    kinds = {type(step).__name__ for step in made.steps} - arguments.STEPS_WITHOUT_PROTECTION.keys()
    assert kinds <= {"MountOverlay", "Carry", "MaskPath", "Hold", "Unstage"}
    assert weakened
    for key in arguments.keys(made):
        if key != arguments.COPY_ON_WRITE:
            assert arguments.weaken(made, key) != made, key


def test_an_option_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError, match="--new-protection"):
        list(arguments.operations(("--unshare-pid", "--new-protection")))


@pytest.mark.parametrize("name", TABLES)
def test_every_call_value_and_bit_of_the_filter_has_a_mutant_that_changes_it(name: str) -> None:
    table, machine = TABLES[name], starting.machine()
    weaker = filters.weaker(table)
    before = seccomp.compile_rules(table, machine)
    for rule in table:
        for call in rule.calls:
            if number(call, machine) is not None:
                assert any(key == call or key.startswith(f"{call} (") for key in weaker), call
    for key, less in weaker.items():
        assert seccomp.compile_rules(less, machine) != before, key


def test_everything_that_kills_has_a_mutant() -> None:
    code = bpf.disassemble(seccomp.program("default", "x86_64"))
    kills = [1 for kind, _, _, value in code if (kind, value) == (bpf.RETURN, seccomp.KILL)]
    assert len(kills) == len(filters.KILLS) == 2


@needs("landlock")
def test_every_right_and_every_scope_of_landlock_has_a_mutant() -> None:
    for abi in range(1, landlock.NEWEST + 1):
        rights = landlocked.rights(abi)
        assert sum(rights.values()) == landlock.file_rights(abi)
        bits = dict.fromkeys((1, 2), 0)
        for place, bit in landlocked.others(abi).values():
            bits[place] |= bit
        words = landlock.attributes(abi, tcp=True, scoped=True)
        held = [int.from_bytes(words[at : at + 8], "little") for at in range(8, len(words), 8)]
        assert held == [value for value in bits.values() if value]


def test_every_limit_has_a_mutant_and_probes() -> None:
    limits = {limit.name for limit in PLAN.limits} | rlimits.RESOURCES.keys() | {"cpus", "wall"}
    words = {"time" if limit == "wall" else limit for limit in limits}
    assert words == set(ceilings.SHOWN_BY)


def test_every_range_of_the_guard_has_a_mutant() -> None:
    held = [entry for entries in guard._RANGES.values() for entry in entries]
    assert len([it for it in ranges.mutants() if not it.key.endswith("another")]) == len(held)
    assert len([it for it in ranges.mutants() if it.key.endswith("another")]) == len(guard._CARRIERS)


# The modules all of whose functions are a way in, or are named with the reason why not.
WAYS = ("boundary.build", "boundary.sandbox", "boundary.confined", "kernel.confine", "kernel.join", "kernel.mounts")


@pytest.mark.parametrize("module", WAYS)
def test_every_function_on_the_way_in_has_mutants_or_a_reason(module: str) -> None:
    functions = {name for name, _ in statements.functions(statements.tree(f"paddock.{module}"))}
    placed = {place.function for place in PLACES if place.module == f"paddock.{module}"}
    left_out = {name.partition(" ")[2] for name in LEFT_OUT if name.partition(" ")[0] == module}
    assert functions == placed | left_out
    assert placed & left_out == set()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.boundary} {place.module} {place.function}")
def test_each_change_of_a_place_is_one_and_makes_another_module(place) -> None:
    original = ast.unparse(statements.tree(place.module))
    texts = [text for text, _ in statements.changes(statements.tree(place.module), place.function)]
    assert texts or place.module.endswith("namespaces")
    assert len(set(texts)) == len(texts)
    for place_of_it, text in enumerate(texts):
        tree = statements.tree(place.module)
        list(statements.changes(tree, place.function))[place_of_it][1]()
        assert ast.unparse(tree) != original, text
        compile(ast.fix_missing_locations(tree), place.module, "exec")


def test_two_changes_of_one_function_are_both_made() -> None:
    """In a process of its own, where nothing is imported yet."""
    where = "paddock.kernel.mounts cover: without"
    keys = [
        f"{where} {name} in RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS"
        for name in ("RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS")
    ]
    script = f"""
from tests.mutation import statements
for key in {keys!r}: statements.install(key)
from paddock.kernel import mounts
print(*[name for name in mounts.cover.__code__.co_names if name.startswith("RESOLVE")])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_family_refuses_what_it_does_not_know() -> None:
    for name in ("statements: paddock.kernel.nowhere f: no g()", "elsewhere: x", "ranges: 192.0.2.7/32, private"):
        with pytest.raises((KeyError, FileNotFoundError)):
            mutants.install(name)


@needs("bubblewrap", "podman", "gvisor", "git")
def test_what_is_known_of_mutants_is_about_mutants_that_there_are() -> None:
    every = list(mutants.everything())
    names = [mutant.name for mutant in every]
    assert len({(mutant.boundary, mutant.name) for mutant in every}) == len(every)
    # Some can be tried as the other user alone, and are in the same source all the same.
    for place in PLACES:
        texts = (text for text, _ in statements.changes(statements.tree(place.module), place.function))
        names += [f"statements: {place.module} {place.function or '*'}: {text}" for text in texts]
    names += [f"filters: {key}" for table in TABLES.values() for key in filters.weaker(table)]
    for equivalent in known.equivalents():
        for pattern in equivalent.mutants:
            one = known.Equivalent((pattern,), equivalent.reason)
            assert any(map(one.means, names)) or (IS_ROOT and pattern.startswith("landlocked: ")), pattern
    assert set(known.kept()) == {mutant.boundary for mutant in every}
