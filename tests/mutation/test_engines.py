"""What an engine and gVisor are told has a mutant for each word, mount, step and entry, or a reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.boundary import gvisor, podman
from paddock.boundary.bubblewrap import Facts
from paddock.boundary.gvisor import Runsc
from paddock.boundary.steps import Overlay
from paddock.kernel.join import Start
from tests.boundary.plans import MASKS, PLAN, REPOSITORY, plan_for
from tests.capabilities import needs
from tests.mutation import engines, fields, guests, measuring
from tests.mutation.measuring import NOTICED
from tests.mutation.mutants import Mutant, split

if TYPE_CHECKING:
    from paddock.boundary.sheet import Compiled

LAYERS = (Overlay(REPOSITORY, (REPOSITORY,), "/var/x/upper", "/var/x/work"),)
RUNSC = Runsc("/usr/bin/runsc", "ptrace")
START = Start(("make", "all"), REPOSITORY, {"A": "b"}, 1000, 1001, {"core": 1}, b"", ("pipe", "pipe", "pipe"))


def compiled(mode: str, *, as_root: bool) -> Compiled:
    plan = plan_for(REPOSITORY, mode, MASKS)
    facts = Facts(
        as_root=as_root, covered_proc=("/proc/keys",), pinned=(".git",), read_only=(".git/config",),
        trust="/run/x/trust", bundles=("/etc/ssl/certs/ca-certificates.crt",), staged=frozenset(["/etc/ssl/certs"]),
    )  # fmt: skip
    return podman.compile(plan, facts, LAYERS if mode in ("review", "scratch") else ())


@pytest.mark.parametrize("as_root", [False, True])
@pytest.mark.parametrize("mode", ["review", "scratch", "readonly", "live"])
def test_every_word_mount_and_step_is_weakened_or_known_as_no_protection(mode: str, as_root: bool) -> None:
    made = compiled(mode, as_root=as_root)
    for option in engines.split(made.arguments):
        if option[0] == "--mount":
            assert engines.weaker_words(option) or engines.mount(option)["ro"] == "false"
        else:
            known = {option[0], " ".join(option)} & engines.NO_PROTECTION.keys()
            assert bool(engines.weaker_words(option)) != bool(known), option
    less = engines.changes(made)
    assert len(less) > 25
    for said, other in less.items():
        assert other != made, said


def test_a_word_a_mount_and_an_entry_that_nobody_knows_are_errors() -> None:
    with pytest.raises(KeyError, match="--new-protection"):
        engines.weaker_words(("--new-protection", "all"))
    with pytest.raises(KeyError, match="volume"):
        engines.weaker_words(("--mount", "type=volume,dst=/x"))
    with pytest.raises(KeyError, match="--new-flag"):
        guests.flags(("--new-flag",))
    with pytest.raises(KeyError, match="hooks"):
        guests.guest({"hooks": {}})
    with pytest.raises(KeyError, match="apparmorProfile"):
        guests.command({"apparmorProfile": ""})


def test_a_mount_loses_what_keeps_it_from_being_written_and_no_other_one() -> None:
    made = compiled("review", as_root=False)
    less = engines.changes(made)["/usr writable"]
    before, after = (
        {mount["dst"]: mount.get("ro") for mount in map(engines.mount, mounts)}
        for mounts in ([it for it in engines.split(one.arguments) if it[0] == "--mount"] for one in (made, less))
    )
    assert (before.pop("/usr"), after.pop("/usr")) == ("true", "false")
    assert before == after
    assert len(set(made.steps) ^ set(less.steps)) == 2


def test_every_entry_of_a_guest_is_weakened_or_known_as_no_protection() -> None:
    bundle, process = gvisor.bundle(PLAN, {"core": 1}), gvisor.process(START, "/usr/bin/make")
    for before, after in ((bundle, guests.guest(bundle)), (process, guests.command(process))):
        assert after
        for said, less in after.items():
            assert less != before, said
    assert guests.command(process)["no program of ours before a command"]["args"] == ["/usr/bin/make", "all"]
    words = gvisor.flags(PLAN, RUNSC)
    assert guests.flags(words) == {} or all(less != words for less in guests.flags(words).values())
    plan = plan_for(REPOSITORY, "review")
    facts = Facts(as_root=False)
    made = gvisor.compile(plan, facts, LAYERS, "x86_64")
    assert guests.container(made, podman.compile(plan, facts, LAYERS)).keys() >= {"/run/paddock-enter writable"}


@needs("podman", "git")
def test_what_a_container_loses_is_noticed() -> None:
    """The harness itself; the whole is a run of its own, scripts/mutation."""
    name, probe = "engines: --no-hosts left out", "PK-47 hosts-file"
    with fields.base() as base:
        made = measuring.Measure(base, (probe,))
        assert made.prepare("podman") == frozenset()
        met = made.meet(Mutant(*split(name), "podman", "podman"))
    assert (met.how, met.by) == (NOTICED, (probe,))
