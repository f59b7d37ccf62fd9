"""The landlock boundary on paper: what a plan becomes, and which promises it cannot keep."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.boundary import landlock
from paddock.boundary.landlock import Facts
from paddock.frozen import as_data, replace
from paddock.kernel.landlock import EXECUTE, IOCTL_DEV, READ, READ_FILE, TRUNCATE, WRITE, WRITE_FILE
from paddock.plan.model import (
    BoundaryChoice,
    File,
    Limit,
    Link,
    Mask,
    Mount,
    Network,
    Plan,
    Planted,
    Private,
    Published,
    Variable,
    Workspace,
)
from paddock.policy.model import BUILT_IN
from tests.boundary import plans
from tests.boundary.plans import FLAG

if TYPE_CHECKING:
    from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden"
FACTS = Facts(abi=7, machine="x86_64", as_root=False, tasks=100)

PLAN = replace(
    plans.PLAN,
    cwd="/home/ada/project",
    environment=(Variable("PATH", "/usr/bin:/bin", BUILT_IN), Variable("HOME", "/home/ada", BUILT_IN)),
    workspace=Workspace("/home/ada/project", "live", (), BUILT_IN),
    mounts=(*plans.PLAN.mounts[:4], Mount("/srv/data", "/data", "read", BUILT_IN)),
    links=(Link("/bin", "usr/bin"),),
    files=(
        File("/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n"),
        File("/home/ada/.gitconfig", "[user]\n\tname = Ada\n"),
        File("/home/ada/.config/tool/settings", "a = 1\n"),
    ),
    private=(Private("/tmp", 1 << 20), Private("/home/ada", 1 << 20)),
    boundary=BoundaryChoice("landlock", "landlock", (), BUILT_IN),
)
ALWAYS = ["process-visibility", "metadata", "survivors", "private-paths"]


def changed(**changes: Any) -> Plan:
    return replace(PLAN, **changes)


def names(plan: Plan, facts: Facts = FACTS) -> list[str]:
    return [gap.name for gap in landlock.gaps(plan, facts)]


def compiled(plan: Plan, facts: Facts = FACTS) -> landlock.LandlockProfile:
    return landlock.compile(plan, facts, "/run/user/1000/paddock/live/one/own")


def rights(profile: landlock.LandlockProfile, path: str) -> int:
    return next((rule.rights for rule in profile.rules if rule.path == path), 0)


def in_words(number: int) -> str:
    """Rights as a person reads them."""
    groups = {"read": READ, "execute": EXECUTE, "write": WRITE, "device": IOCTL_DEV}
    single = {"read-file": READ_FILE, "write-file": WRITE_FILE, "truncate": TRUNCATE}
    found = []
    for word, bits in (groups | single).items():
        if number & bits == bits:
            found.append(word)
            number &= ~bits
    assert not number, bin(number)
    return " ".join(found)


@pytest.mark.parametrize(
    ("name", "plan", "facts"),
    [
        ("live", PLAN, FACTS),
        (
            "readonly-aarch64",
            changed(workspace=replace(PLAN.workspace, mode="readonly"), syscalls="debug"),
            Facts(2, "aarch64", False, 7),
        ),
        (
            "opened",
            changed(boundary=BoundaryChoice("landlock", "landlock", ("ipc-isolation", "unix-sockets"), BUILT_IN)),
            replace(FACTS, controllers=("cpu", "memory", "pids")),
        ),
    ],
)
def test_a_plan_compiles_to_the_golden_profile(name: str, plan: Plan, facts: Facts):
    """To renew after a wanted change: PADDOCK_WRITE_GOLDEN=1, and read the difference."""
    path = GOLDEN / f"landlock-{name}.json"
    data = as_data(compiled(plan, facts))
    data["rules"] = {rule["path"]: in_words(rule["rights"]) for rule in data["rules"]}
    text = json.dumps(data, indent=1) + "\n"
    if os.environ.get("PADDOCK_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_only_the_workspace_own_directories_and_write_mounts_are_writable():
    own = "/run/user/1000/paddock/live/one/own"
    for mode, expected in (
        ("live", {"/home/ada/project"}),
        ("readonly", set[str]()),
        ("review", set[str]()),
        ("scratch", set[str]()),
    ):
        profile = compiled(changed(workspace=replace(PLAN.workspace, mode=mode)))
        writable = {rule.path for rule in profile.rules if rule.rights & WRITE and not rule.path.startswith("/dev/")}
        agents = "/home/ada/.local/state/paddock/agents/x"
        assert writable == expected | {agents, f"{own}/home", f"{own}/tmp", f"{own}/run"}


def test_etc_proc_of_others_terminals_and_shared_memory_are_not_opened_wholly():
    paths = {rule.path for rule in compiled(PLAN).rules}
    assert not paths & {
        "/",
        "/etc",
        "/dev",
        "/dev/pts",
        "/dev/ptmx",
        "/dev/shm",
        "/run",
        "/tmp",
        "/var",
        "/home",
        "/home/ada",
        "/sys",
    }
    assert rights(compiled(PLAN), "/etc/passwd") & WRITE_FILE == 0


def test_a_moved_mount_outside_home_is_left_out_and_one_in_home_becomes_a_link():
    profile = compiled(PLAN)
    assert rights(profile, "/srv/data") == 0
    assert (
        dict(profile.links)["/run/user/1000/paddock/live/one/own/home/.x"] == "/home/ada/.local/state/paddock/agents/x"
    )
    assert rights(profile, "/home/ada/.local/state/paddock/agents/x") == READ | EXECUTE | WRITE


def test_nothing_is_ever_made_inside_a_linked_directory_of_the_host():
    mounts = (
        Mount("/home/ada/.cargo", "/home/ada/.cargo", "write", BUILT_IN),
        Mount("/opt/bin", "/home/ada/.cargo/bin", "read", BUILT_IN),
    )
    profile = compiled(
        changed(mounts=mounts, files=(File("/home/ada/.cargo/config.toml", "x"), File("/home/ada", "x")))
    )
    assert [path.rpartition("/")[2] for path, _ in profile.links] == [".cargo"]
    assert profile.files == ()


def test_home_and_temporary_directories_are_the_sandboxs_own():
    environment = dict(compiled(PLAN).environment)
    own = "/run/user/1000/paddock/live/one/own"
    assert environment["HOME"] == f"{own}/home"
    assert {environment[name] for name in ("TMPDIR", "TMP", "TEMP")} == {f"{own}/tmp"}
    assert all(environment[name].startswith(own) for name in environment if name.startswith("XDG_"))
    assert environment["PATH"] == "/usr/bin:/bin"


def test_the_limit_on_processes_counts_those_that_the_person_has_already():
    assert dict(compiled(PLAN).limits)["processes"] == 612


def test_a_plan_has_these_gaps_and_no_others():
    assert names(PLAN) == ["live-protection", *ALWAYS]
    assert names(changed(workspace=replace(PLAN.workspace, mode="readonly"))) == ALWAYS


@pytest.mark.parametrize("mode", ["review", "scratch"])
def test_changes_cannot_be_held_and_nobody_can_accept_that(mode: str):
    gap = next(
        g
        for g in landlock.gaps(changed(workspace=replace(PLAN.workspace, mode=mode)), FACTS)
        if g.name == "workspace-review"
    )
    assert not gap.acceptable
    assert "--workspace live" in gap.instead


@pytest.mark.parametrize("mode", ["allow", "registries"])
def test_names_cannot_be_told_apart_and_nobody_can_accept_that(mode: str):
    gap = landlock.gaps(changed(network=Network(mode, (), BUILT_IN)), FACTS)[0]  # type: ignore[arg-type]
    assert (gap.name, gap.acceptable) == ("network-destinations", False)


def test_a_port_cannot_be_published_and_nobody_can_accept_that():
    network = Network("off", (), BUILT_IN, published=(Published(3000, 3000, BUILT_IN),))
    gap = landlock.gaps(changed(network=network), FACTS)[0]
    assert (gap.name, gap.acceptable) == ("published-ports", False)


def test_canaries_that_cannot_be_planted_are_a_gap():
    planted = Planted("aws", "/home/ada/.aws/credentials", BUILT_IN)
    gaps = {gap.name: gap.acceptable for gap in landlock.gaps(changed(canaries=(planted,)), FACTS)}
    assert gaps["canaries"]


def test_root_is_refused_before_all_else():
    gap = landlock.gaps(PLAN, replace(FACTS, as_root=True))[0]
    assert (gap.name, gap.acceptable) == ("root", False)


def test_a_mask_is_a_gap_that_names_its_files():
    masks = tuple(Mask(f"/home/ada/project/.env{i}", False, BUILT_IN) for i in range(5))
    gap = next(
        g
        for g in landlock.gaps(changed(workspace=replace(PLAN.workspace, masks=masks)), FACTS)
        if g.name == "masked-files"
    )
    assert "/home/ada/project/.env0" in gap.promise
    assert "…" in gap.promise
    assert gap.acceptable


@pytest.mark.parametrize(
    ("abi", "more"),
    [
        (1, ["host-signals", "truncate"]),
        (2, ["host-signals", "truncate"]),
        (3, ["host-signals"]),
        (5, ["host-signals"]),
        (6, []),
        (9, []),
    ],
)
def test_an_older_kernel_has_more_gaps(abi: int, more: list[str]):
    readonly = changed(workspace=replace(PLAN.workspace, mode="readonly"))
    assert names(readonly, replace(FACTS, abi=abi)) == [*more, *ALWAYS]


def test_a_limit_that_somebody_wrote_is_a_promise_and_a_built_in_one_is_not():
    limits = (Limit("memory", 1 << 30, FLAG), Limit("processes", 64, FLAG), Limit("cpus", 1, FLAG))
    plan = changed(limits=limits, workspace=replace(PLAN.workspace, mode="readonly"))
    assert names(plan) == ["memory-total", "cpu-total", "process-total", *ALWAYS]
    assert names(plan, replace(FACTS, controllers=("cpu", "memory", "pids"))) == ALWAYS


@pytest.mark.parametrize(("name", "effect"), [("ipc-isolation", "/dev/shm"), ("unix-sockets", "unix")])
def test_two_doors_are_closed_until_their_gap_is_accepted_by_name(name: str, effect: str):
    def effects(plan: Plan) -> set[str]:
        profile = compiled(plan)
        return {rule.path for rule in profile.rules} | {profile.sockets}

    opened = changed(boundary=replace(PLAN.boundary, accepted_gaps=(name,)))
    assert effects(opened) - effects(PLAN) == {effect}
    assert name in names(opened)
    assert name not in names(PLAN)


@pytest.mark.parametrize("facts", [FACTS, Facts(1, "x86_64", True), Facts(4, "aarch64", False)])
def test_every_gap_says_what_and_why_and_has_one_word_for_a_name(facts: Facts):
    accepted = replace(PLAN.boundary, accepted_gaps=("ipc-isolation", "unix-sockets"))
    plan = changed(boundary=accepted, network=Network("allow", (), BUILT_IN))
    found = landlock.gaps(plan, facts)
    assert len({gap.name for gap in found}) == len(found)
    for gap in found:
        assert gap.name.replace("-", "").isalpha()
        assert gap.promise
        assert gap.why
        assert gap.acceptable or gap.instead


def test_every_gap_is_explained_in_the_documentation():
    page = (GOLDEN.parent.parent / "docs/explanation/boundaries.md").read_text()
    limits = (Limit("memory", 1, FLAG), Limit("processes", 1, FLAG), Limit("cpus", 1, FLAG))
    plan = changed(
        limits=limits,
        network=Network("allow", (), BUILT_IN),
        boundary=replace(PLAN.boundary, accepted_gaps=("ipc-isolation", "unix-sockets")),
        workspace=replace(PLAN.workspace, masks=(Mask("/home/ada/project/.env", False, BUILT_IN),)),
    )
    review = changed(workspace=replace(PLAN.workspace, mode="review"))
    found = {*names(plan, Facts(1, "x86_64", True)), *names(review)}
    assert len(found) == 16
    assert [name for name in found if f"`{name}`" not in page] == []


parts = st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=8).filter(
    lambda t: t not in (".", "..")
)
paths = st.lists(parts, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))


def test_compiled_python_goes_to_the_private_directory() -> None:
    plan = changed(environment=(Variable("PYTHONPYCACHEPREFIX", "/tmp/pycache", BUILT_IN),))
    own = "/run/user/1000/paddock/live/one/own"
    assert dict(compiled(plan).environment)["PYTHONPYCACHEPREFIX"] == f"{own}/tmp/pycache"
    assert "PYTHONPYCACHEPREFIX" not in dict(compiled(changed(environment=())).environment)


@given(home=paths, targets=st.lists(paths, max_size=6), inside=st.lists(st.tuples(parts, parts), max_size=6))
def test_whatever_the_plan_shows_only_the_sandboxs_own_directory_is_filled(
    home: str, targets: list[str], inside: list[tuple[str, str]]
):
    below = [f"{home}/{one}/{other}" for one, other in inside] + [f"{home}/{one}" for one, _ in inside]
    mounts = tuple(Mount(f"/source{i}", t, "read", BUILT_IN) for i, t in enumerate([*targets, *below]))
    files = tuple(File(t, "x") for t in [*targets, *below, *(b + "/deeper" for b in below)])
    profile = compiled(changed(person=replace(PLAN.person, home=home), mounts=mounts, files=files))
    own = "/run/user/1000/paddock/live/one/own/"
    links = [path for path, _ in profile.links]
    made = [*profile.directories, *links, *(path for path, _ in profile.files)]
    assert all(path.startswith(own) for path in made)
    assert not [path for path in made for link in links if path != link and path.startswith(link + "/")]
    assert not set(links) & set(profile.directories)
    parents = {path.rpartition("/")[0] for path in made} - {own.rstrip("/")}
    assert parents <= set(profile.directories)
