"""Containers on paper: what a plan becomes, compared with files and for plans that nobody thought of."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from paddock.boundary import podman
from paddock.boundary.sheet import HERE
from paddock.boundary.steps import (
    STAGE,
    STAND_IN,
    Blank,
    Carry,
    Hold,
    MakeLink,
    MaskPath,
    MountOverlay,
    Own,
    Seal,
    Unstage,
)
from paddock.frozen import replace
from paddock.plan.model import Image, Link, Mount, Person
from tests.boundary.plans import MASKS, PLAN, REPOSITORY, changed, plan_for
from tests.boundary.test_bubblewrap import GOLDEN, LAYERS, LIVE, ODD, ROOT, USER, cases, overlays

if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.sheet import Compiled
    from paddock.plan.model import Plan

# Every option that Paddock uses; a value follows, or is behind the "=". Any other one fails the test.
WITH_VALUE = frozenset(
    [
        "--network",
        "--pid",
        "--ipc",
        "--uts",
        "--cgroupns",
        "--userns",
        "--uidmap",
        "--gidmap",
        "--user",
        "--cap-drop",
        "--security-opt",
        "--log-driver",
        "--systemd",
        "--hostname",
        "--workdir",
        "--stop-timeout",
        "--mount",
        "--shm-size",
        "--entrypoint",
        "--rootfs",
    ]
)
ALONE = frozenset(
    "--read-only --read-only-tmpfs=false --no-hosts --http-proxy=false --no-healthcheck --passwd=false".split()  # noqa: SIM905
)


def options(compiled: Compiled) -> list[tuple[str, ...]]:
    words, found = list(compiled.arguments), []
    while words:
        count = 1 if words[0] in ALONE else 2
        assert count == 1 or words[0] in WITH_VALUE, words[0]
        found.append(tuple(words[:count]))
        del words[:count]
    return found


def mounts(compiled: Compiled) -> list[dict[str, str]]:
    """The mounts by target, read as podman reads them: as a line of CSV."""
    lines = [option[1] for option in options(compiled) if option[0] == "--mount"]
    rows = [next(csv.reader(io.StringIO(line, newline=""), strict=True)) for line in lines]
    return [{key: value for key, _, value in (part.partition("=") for part in row)} for row in rows]


def shown(compiled: Compiled) -> str:
    lines = [" ".join(option) for option in options(compiled)]
    lines += [f"{HERE}/files/{number} = {file!r}" for number, file in enumerate(compiled.files)]
    lines += [f"{HERE}/sources/{number} -> {path}" for number, path in enumerate(compiled.sources)]
    for path, content in compiled.root:
        lines.append(f"root {path} {f'{content:o}' if isinstance(content, int) else repr(content)}")
    return "\n".join([*lines, *map(repr, compiled.steps)]).replace(HERE, "{here}") + "\n"


@pytest.mark.parametrize(
    ("name", "plan", "facts"),
    [
        ("user", PLAN, USER),
        ("root", PLAN, ROOT),
        ("live", plan_for(REPOSITORY, "live"), LIVE),
        ("readonly", plan_for(REPOSITORY, "readonly"), USER),
        ("masks", plan_for(REPOSITORY, "review", MASKS), USER),
        ("trust", PLAN, replace(USER, trust="/run/user/1000/paddock/live/x/trust", bundles=("/etc/ssl/certs/ca.crt",))),
    ],
)
def test_a_plan_becomes_what_the_file_shows(name: str, plan: Plan, facts: Facts) -> None:
    """PADDOCK_GOLDEN=1 makes the files anew, to be read before they are committed."""
    text = shown(podman.compile(plan, facts, overlays(plan)))
    path = GOLDEN / f"podman-{name}.txt"
    if os.environ.get("PADDOCK_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


def test_no_path_stands_for_the_containers_own_directory() -> None:
    """A repository may be called as that is in the words."""
    plan = plan_for("/home/ada/{here}/x", "review")
    compiled = podman.compile(plan, USER, overlays(plan))
    told = "\0".join(word.replace(HERE, "/run/user/1000/c") for word in compiled.arguments)
    assert "/home/ada/{here}/x" in told
    assert "/home/ada//run" not in told


def compiled_of(case: tuple[Plan, Facts]) -> Compiled:
    return podman.compile(*case, overlays(case[0]))


@given(cases())
def test_isolation_is_in_every_plan(case: tuple[Plan, Facts]) -> None:
    found = options(compiled_of(case))
    for name in ("pid", "ipc", "uts", "cgroupns"):
        assert (f"--{name}", "private") in found
    for option in (
        ("--network", "none"), ("--cap-drop", "all"), ("--security-opt", "no-new-privileges"), ("--read-only",),
        ("--read-only-tmpfs=false",), ("--http-proxy=false",), ("--systemd", "false"),
    ):  # fmt: skip
        assert found.count(option) == 1
    maps = [option for option in found if option[0] in ("--userns", "--uidmap")]
    person = case[0].person
    assert case[1].as_root or maps == [("--userns", f"keep-id:uid={person.uid},gid={person.gid}")]
    assert ("--user", f"{person.uid}:{person.gid}") in found


@pytest.mark.parametrize(("uid", "gid"), [(1000, 1000), (1, 1), (65535, 7)])
def test_as_root_the_person_is_the_stand_in_and_no_id_is_anybodys(uid: int, gid: int) -> None:
    plan = changed(person=Person(uid, gid, "ada", "/home/ada"))
    found = dict(option for option in options(podman.compile(plan, ROOT, overlays(plan))) if len(option) == 2)
    for flag, number in (("--uidmap", uid), ("--gidmap", gid)):
        inside, outside, count = map(int, found[flag].split(":"))
        assert (inside, inside + count) == (0, podman.ID_COUNT)
        assert outside + number == STAND_IN
        assert outside > 0x6FFF0000  # far above what accounts, systemd and subuid(5) give away


def writable(compiled: Compiled) -> set[tuple[str, str]]:
    """Host paths that can be written inside, each with its place."""
    found = {
        (compiled.sources[int(mount["src"].rpartition("/")[2])], mount["dst"])
        for mount in mounts(compiled)
        if mount["type"] == "bind" and mount["ro"] != "true"
    }
    return found | {
        (step.source, step.target) for step in compiled.steps if isinstance(step, Carry) and not step.read_only
    }


@given(cases())
def test_nothing_is_writable_but_what_the_plan_says(case: tuple[Plan, Facts]) -> None:
    plan, _ = case
    source, mode = plan.workspace.source, plan.workspace.mode
    wanted = {
        (mount.source, mount.target)
        for mount in plan.mounts
        if mount.access == "write" and not f"{mount.target}/".startswith(f"{source}/")
    }
    if mode == "live":
        wanted.add((source, source))
    if mode in ("review", "scratch"):
        wanted.add((LAYERS, f"{STAGE}/0-layers"))
    assert writable(compiled_of(case)) == wanted


@given(cases())
def test_every_mount_of_the_engines_is_sealed_before_a_command_starts(case: tuple[Plan, Facts]) -> None:
    """An engine lets set-user-ID programs in, and is read-only at the top of a mount alone."""
    compiled = compiled_of(case)
    sealed = {step.target: step for step in compiled.steps if isinstance(step, Seal)}
    for mount in mounts(compiled):
        staged = (
            mount["dst"].startswith(f"{STAGE}/") and mount["src"].startswith(f"{HERE}/files/")
            if mount["type"] == "bind"
            else True
        )
        if mount["type"] == "bind" and mount["src"].startswith(f"{HERE}/sources/"):
            assert mount["dst"] in sealed, mount
            assert sealed[mount["dst"]].read_only == (mount["ro"] == "true")
        elif mount["type"] == "bind" and not staged:
            assert mount["ro"] == "true"
    assert [step.target for step in compiled.steps[-2:] if isinstance(step, Seal)] == ["/", "/"]
    assert sealed["/"].read_only
    assert sealed["/dev"].read_only


@given(cases())
def test_what_hides_the_kernels_secrets_is_the_null_device(case: tuple[Plan, Facts]) -> None:
    """What an engine hides them by can be written (CVE-2025-31133)."""
    assert [step.target for step in compiled_of(case).steps if isinstance(step, Blank)] == list(case[1].covered_proc)


@given(cases())
def test_names_are_held_and_masked_before_the_stage_is_gone(case: tuple[Plan, Facts]) -> None:
    plan, facts = case
    steps = compiled_of(case).steps
    held = [(step.path, step.read_only) for step in steps if isinstance(step, Hold)]
    assert held == [*((path, False) for path in facts.pinned), *((path, True) for path in facts.read_only)]
    last = steps.index(Unstage())
    assert steps.count(Unstage()) == 1
    masks = [number for number, step in enumerate(steps) if isinstance(step, MaskPath)]
    assert [steps[number].target for number in masks] == [mask.target for mask in plan.workspace.masks]  # type: ignore[union-attr]
    assert all(number < last for number in masks)
    overlaid = [number for number, step in enumerate(steps) if isinstance(step, MountOverlay)]
    assert not masks or not overlaid or max(overlaid) < min(masks)


@given(cases())
def test_no_value_of_the_environment_is_in_what_the_engine_is_told(case: tuple[Plan, Facts]) -> None:
    """It is in the storage, and in the arguments of processes that everyone on the machine can list."""
    compiled = compiled_of(case)
    everything = "\0".join(compiled.arguments) + "".join(os.fsdecode(file.content) for file in compiled.files)
    assert not [variable for variable in case[0].environment if variable.value in everything]
    assert not {"--env", "-e", "--env-host", "--env-file"} & {option[0] for option in options(compiled)}


@given(cases())
def test_the_skeleton_has_each_directory_before_what_is_in_it(case: tuple[Plan, Facts]) -> None:
    there = {"/"}
    for path, content in compiled_of(case).root:
        assert os.path.dirname(path) in there, path
        if isinstance(content, int):
            there.add(path)


@given(cases())
def test_every_number_has_its_file_or_its_source(case: tuple[Plan, Facts]) -> None:
    compiled = compiled_of(case)
    for kind, count in (("files", len(compiled.files)), ("sources", len(compiled.sources))):
        start = f"{HERE}/{kind}/"
        named = [
            int(mount["src"].removeprefix(start))
            for mount in mounts(compiled)
            if mount.get("src", "").startswith(start)
        ]
        assert sorted(named) == list(range(count))


@pytest.mark.parametrize("facts", [USER, ROOT], ids=["user", "root"])
def test_a_path_may_hold_what_the_engines_own_syntax_does(facts: Facts) -> None:
    odd = '/srv/a,"b":c=\\d\n;'
    compiled = podman.compile(plan_for(odd, "live"), facts, ())
    assert (odd, odd) in writable(compiled)
    assert [mount for mount in mounts(compiled) if mount["dst"] == odd] or facts.as_root


@pytest.mark.parametrize("facts", [USER, ROOT], ids=["user", "root"])
def test_layers_of_any_name_are_mounted_from_the_stage(facts: Facts) -> None:
    compiled = podman.compile(PLAN, facts, overlays(PLAN, f"{ODD}/2", f"{ODD}/1"))
    mounted = [step for step in compiled.steps if isinstance(step, MountOverlay)]
    assert mounted == [
        MountOverlay(
            REPOSITORY,
            tuple(f"{STAGE}/0-lower-{n}" for n in range(3)),
            f"{STAGE}/0-layers/upper",
            f"{STAGE}/0-layers/work",
        )
    ]
    assert ODD not in " ".join(compiled.arguments)


def test_the_private_home_is_the_persons_and_nobody_elses() -> None:
    owned = {step.target: step for step in podman.compile(PLAN, USER, overlays(PLAN)).steps if isinstance(step, Own)}
    assert (owned["/home/ada"].uid, owned["/home/ada"].mode) == (1000, 0o700)
    as_root = {step.target: step for step in podman.compile(PLAN, ROOT, overlays(PLAN)).steps if isinstance(step, Own)}
    assert as_root["/home/ada"].uid == STAND_IN


def test_the_engines_own_files_have_a_place_where_the_plan_has_none() -> None:
    compiled = podman.compile(changed(private=(), person=Person(7, 8, "ada", "/home/ada")), USER, overlays(PLAN))
    assert [mount["type"] for mount in mounts(compiled) if mount["dst"] == "/run"] == ["tmpfs"]


@pytest.mark.parametrize("mode", ["review", "scratch"])
def test_a_mode_with_an_overlay_needs_its_layers(mode: str) -> None:
    with pytest.raises(ValueError, match="needs an overlay over the workspace"):
        podman.compile(plan_for(REPOSITORY, mode), USER, ())


@pytest.mark.parametrize("facts", [USER, ROOT], ids=["user", "root"])
def test_a_link_in_what_the_engine_mounts_is_made_once_that_is_there(facts: Facts) -> None:
    links = (Link("/home/ada/.tools/bin", "v1/bin"), Link("/srv/link", "app"))
    compiled = podman.compile(replace(PLAN, links=links), facts, overlays(PLAN))
    made = [step for step in compiled.steps if isinstance(step, MakeLink)]
    assert [(step.target, step.to) for step in made] == [("/home/ada/.tools/bin", "v1/bin")]
    assert dict(compiled.root)["/srv/link"] == "app"
    assert "/home/ada/.tools/bin" not in dict(compiled.root)
    home = next(step for step in compiled.steps if isinstance(step, Own) and step.target == "/home/ada")
    assert compiled.steps.index(made[0]) > compiled.steps.index(home)


def test_in_an_image_every_link_is_made_and_what_is_everyones_is_open() -> None:
    """An image may have no /tmp, or a closed one, whose mode the engine would take over."""
    image = Image("f00d", PLAN.workspace.origin)
    plan = replace(PLAN, image=image, links=(Link("/run/x/bin/agent", "../y"),))
    compiled = podman.compile(plan, USER, overlays(PLAN))
    assert any(isinstance(step, MakeLink) and step.target == "/run/x/bin/agent" for step in compiled.steps)
    modes = {step.target: step.mode for step in compiled.steps if isinstance(step, Own)}
    assert modes["/tmp"] == 0o1777
    assert not compiled.root or not any(isinstance(content, str) for _, content in compiled.root)


def test_in_an_image_what_a_link_leads_to_is_shown_in_its_place() -> None:
    shown = Mount("/srv/data/v1", "/srv/data/v1", "read", PLAN.workspace.origin)
    image = Image("f00d", PLAN.workspace.origin)
    plan = replace(PLAN, image=image, mounts=(shown,), links=(Link("/srv/data/current", "v1"),))
    compiled = podman.compile(plan, USER, overlays(PLAN))
    found = {mount["dst"]: compiled.sources[int(mount["src"].rpartition("/")[2])] for mount in mounts_of(compiled)}
    assert found["/srv/data/current"] == "/srv/data/v1"
    assert not any(isinstance(step, MakeLink) for step in compiled.steps)


def mounts_of(compiled: Compiled) -> list[dict[str, str]]:
    """Those of paths of the host. (An image has more options than the table above.)"""
    words = compiled.arguments
    lines = [words[number + 1] for number, word in enumerate(words) if word == "--mount"]
    rows = [next(csv.reader(io.StringIO(line, newline=""), strict=True)) for line in lines]
    found = [{key: value for key, _, value in (part.partition("=") for part in row)} for row in rows]
    return [mount for mount in found if mount.get("src", "").startswith(f"{HERE}/sources/")]
