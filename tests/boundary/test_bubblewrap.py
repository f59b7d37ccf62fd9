"""Bubblewrap on paper: what a plan becomes, compared with files and for plans that nobody thought of."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.boundary import bubblewrap
from paddock.boundary.bubblewrap import Compiled, Data, Facts
from paddock.boundary.steps import STAGE, Carry, Hold, MaskPath, MountOverlay, Overlay, Reveal, Unstage
from paddock.frozen import replace
from paddock.plan.model import File, Link, Mask, Mount, Plan, Variable, Workspace
from paddock.policy.model import BUILT_IN
from tests.boundary.plans import MASKS, PLAN, REPOSITORY, changed, plan_for

if TYPE_CHECKING:
    from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden"
LAYERS = "/home/ada/.local/state/paddock/changes/x"
USER = Facts(as_root=False, staged=frozenset({"/etc/ssl/certs"}), covered_proc=("/proc/keys", "/proc/kcore"))
ROOT = Facts(as_root=True, files=frozenset({"/srv/tool"}), staged=USER.staged, covered_proc=USER.covered_proc)
LIVE = Facts(as_root=False, covered_proc=USER.covered_proc, pinned=(".git",), read_only=(".git/hooks", ".envrc"))
# Every option that Paddock uses, with its number of operands: any other one fails the test.
OPERANDS = {
    **dict.fromkeys(("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"), 0),
    **dict.fromkeys(("--unshare-cgroup-try", "--disable-userns", "--die-with-parent"), 0),
    **dict.fromkeys(("--cap-drop", "--uid", "--gid", "--hostname", "--proc", "--dev", "--perms", "--size"), 1),
    **dict.fromkeys(("--tmpfs", "--dir", "--remount-ro", "--chdir"), 1),
    **dict.fromkeys(("--ro-bind", "--bind", "--file", "--symlink"), 2),
}


def overlays(plan: Plan, *above: str) -> tuple[Overlay, ...]:
    """The overlay over the workspace, in the modes that have one."""
    source = plan.workspace.source
    layered = (Overlay(source, (*above, source), f"{LAYERS}/upper", f"{LAYERS}/work"),)
    return layered if plan.workspace.mode in ("review", "scratch") else ()


def options(compiled: Compiled) -> list[tuple[str, ...]]:
    words, found = list(compiled.arguments), []
    while words:
        count = 1 + OPERANDS[words[0]]
        found.append(tuple(words[:count]))
        del words[:count]
    return found


def shown(compiled: Compiled) -> str:
    lines = [" ".join(option) for option in options(compiled)]
    lines += [f"{Data.placeholder(number)} = {data.content!r}" for number, data in enumerate(compiled.data)]
    return "\n".join([*lines, *map(repr, compiled.steps)]) + "\n"


@pytest.mark.parametrize(
    ("name", "plan", "facts"),
    [
        ("user", PLAN, USER),
        ("root", PLAN, ROOT),
        ("live", plan_for(REPOSITORY, "live"), LIVE),
        ("readonly", plan_for(REPOSITORY, "readonly"), USER),
        ("masks", plan_for(REPOSITORY, "review", MASKS), USER),
    ],
)
def test_a_plan_becomes_what_the_file_shows(name: str, plan: Plan, facts: Facts) -> None:
    """PADDOCK_GOLDEN=1 makes the files anew, to be read before they are committed."""
    text = shown(bubblewrap.compile(plan, facts, overlays(plan)))
    path = GOLDEN / f"bubblewrap-{name}.txt"
    if os.environ.get("PADDOCK_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


ACCESS = {
    "/usr": "read", "/etc/ssl/certs": "read", "/etc/hosts.allow": "read", "/srv/a": "read", "/srv/a/b": "write",
    "/srv/a/b/c": "read", "/opt/x y": "write", "/usr/local/w": "write", "/home/ada/.c/d": "read",
    "/home/ada/.c/d/e": "write", "/tmp/m": "write", "/var/lib/x/y": "read", f"{REPOSITORY}/below": "write",
}  # fmt: skip
MOUNTS = (
    *(Mount(path, path, access, BUILT_IN) for path, access in ACCESS.items()),  # type: ignore[arg-type]
    Mount("/srv/elsewhere", "/data/here", "write", BUILT_IN),
    Mount("/etc/shadowed", "/etc/other", "read", BUILT_IN),
)
LINKS = (Link("/bin", "usr/bin"), Link("/etc/mtab", "/proc/self/mounts"), Link("/home/ada/.l", "x"))
FILES = tuple(File(path, f"content of {path}\n") for path in ("/etc/passwd", "/home/ada/.gitconfig", "/a/b/c", "/top"))
PINNED = (".git", "sub/.git")
READ_ONLY = (".envrc", ".git/config", ".git/hooks", "sub/.git/hooks")


def some(pool: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(pool), unique=True).map(tuple)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Plan, Facts]:
    source = draw(st.sampled_from([REPOSITORY, "/tmp/w", "/top level", "/srv/a/w/x", "/home/ada/\udcff"]))
    masks = draw(some((Mask(f"{source}/.env", False, BUILT_IN), Mask(f"{source}/s", True, BUILT_IN))))
    mode = draw(st.sampled_from(["review", "scratch", "readonly", "live"]))
    values = draw(st.lists(st.text("abcxyz{}:/-", min_size=1), max_size=3))
    mounts = draw(some(MOUNTS))
    plan = changed(
        workspace=Workspace(source, mode, masks, BUILT_IN),  # type: ignore[arg-type]
        environment=tuple(Variable(f"V{n}", f"value<{value}>", BUILT_IN) for n, value in enumerate(values)),
        mounts=mounts,
        links=draw(some(LINKS)),
        files=draw(some(FILES)),
        private=draw(some(PLAN.private)),
    )
    sources = tuple(mount.source for mount in mounts)
    etc = tuple(path for path in sources if path.startswith("/etc/"))
    leaves = tuple(path for path in sources if not any(x.startswith(path + "/") for x in (*sources, source)))
    facts = Facts(
        as_root=draw(st.booleans()),
        files=frozenset(draw(some(leaves)) if leaves else ()),
        staged=frozenset(draw(some(etc)) if etc else ()),
        covered_proc=draw(some(bubblewrap.COVERED_PROC)),
        pinned=draw(some(PINNED)) if mode == "live" else (),
        read_only=draw(some(READ_ONLY)) if mode == "live" else (),
        trust=draw(st.sampled_from(["", "/run/user/1000/paddock/live/x/trust"])),
    )
    return plan, facts


def compiled_of(case: tuple[Plan, Facts]) -> Compiled:
    return bubblewrap.compile(*case, overlays(case[0]))


@given(cases())
def test_isolation_is_in_every_plan(case: tuple[Plan, Facts]) -> None:
    found = options(compiled_of(case))
    for name in ("user", "pid", "net", "ipc", "uts", "cgroup-try"):
        assert (f"--unshare-{name}",) in found
    assert ("--disable-userns",) in found
    assert ("--die-with-parent",) in found
    assert ("--cap-drop", "ALL") in found
    for path in case[1].covered_proc:
        assert found.index(("--ro-bind", "/dev/null", path)) > found.index(("--proc", "/proc"))
    assert found[-3:] == [("--remount-ro", "/dev"), ("--remount-ro", "/"), ("--chdir", "/")]


def writable(compiled: Compiled) -> set[tuple[str, str]]:
    bound = {option[1:] for option in options(compiled) if option[0] == "--bind"}
    carried = {(step.source, step.target) for step in compiled.steps if isinstance(step, Carry) and not step.read_only}
    return bound | carried  # type: ignore[return-value]


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
def test_names_are_held_before_what_is_read_only_below_them_and_all_before_the_command(
    case: tuple[Plan, Facts],
) -> None:
    plan, facts = case
    steps = compiled_of(case).steps
    held = [step for step in steps if isinstance(step, Hold)]
    assert [(step.path, step.read_only) for step in held] == [
        *((path, False) for path in facts.pinned), *((path, True) for path in facts.read_only)
    ]  # fmt: skip
    assert {step.workspace for step in held} <= {plan.workspace.source}
    assert isinstance(steps[-1], Unstage)


@given(cases())
def test_the_workspace_itself_is_writable_in_live_mode_only(case: tuple[Plan, Facts]) -> None:
    source, mode = case[0].workspace.source, case[0].workspace.mode
    compiled = compiled_of(case)
    assert any(bound == source for bound, _ in writable(compiled)) == (mode == "live")
    overlaid = [step.target for step in compiled.steps if isinstance(step, MountOverlay)]
    assert overlaid == ([source] if mode in ("review", "scratch") else [])


@given(cases())
def test_parents_come_before_what_is_below_them(case: tuple[Plan, Facts]) -> None:
    there, whole = {"/"}, set()
    mounted: list[str] = []
    places = {step.target for step in compiled_of(case).steps if isinstance(step, Carry | Reveal | MountOverlay)}
    for name, *operands in options(compiled_of(case)):
        if name not in ("--proc", "--dev", "--tmpfs", "--dir", "--ro-bind", "--bind", "--file", "--symlink"):
            continue
        target = operands[-1]
        if target == STAGE:
            there.add("/run")  # bubblewrap makes it, with the mode 0755 of the stage
        above = [str(path) for path in Path(target).parents]
        assert any(path in whole for path in above) or all(path in there for path in above), target
        # A mount over the directory of something that is there already would hide it.
        if name in ("--tmpfs", "--ro-bind", "--bind", "--proc", "--dev"):
            assert not [path for path in mounted if path.startswith(target + "/")], target
        there.add(target)
        mounted.append(target)
        if target in places or name in ("--proc", "--dev", "--ro-bind", "--bind"):
            whole.add(target)


@given(cases())
def test_no_value_of_the_environment_is_in_the_arguments(case: tuple[Plan, Facts]) -> None:
    """Everyone inside can read the arguments and the data of PID 1."""
    compiled = compiled_of(case)
    everything = "\0".join(compiled.arguments) + "".join(os.fsdecode(data.content) for data in compiled.data)
    assert not [variable for variable in case[0].environment if variable.value in everything]
    assert "--setenv" not in compiled.arguments


@given(cases())
def test_every_placeholder_has_its_data(case: tuple[Plan, Facts]) -> None:
    compiled = compiled_of(case)
    words = [word for word in compiled.arguments if re.fullmatch(r"\{descriptor:\d+\}", word)]
    assert words == [Data.placeholder(number) for number in range(len(compiled.data))]
    contents = {data.content for data in compiled.data}
    assert {file.content.encode() for file in case[0].files} <= contents


@given(cases())
def test_the_steps_end_with_taking_the_stage_away(case: tuple[Plan, Facts]) -> None:
    plan, steps = case[0], compiled_of(case).steps
    assert steps[-1] == Unstage()
    assert steps.count(Unstage()) == 1
    masks = tuple(MaskPath(plan.workspace.source, mask.target, mask.directory) for mask in plan.workspace.masks)
    assert steps[len(steps) - 1 - len(masks) : -1] == masks


@pytest.mark.parametrize("mode", ["review", "scratch"])
def test_a_mode_with_an_overlay_needs_its_layers(mode: str) -> None:
    with pytest.raises(ValueError, match="needs an overlay over the workspace"):
        bubblewrap.compile(plan_for(REPOSITORY, mode), USER, (Overlay("/else", ("/else",), "/l/upper", "/l/work"),))


def test_the_two_writable_layers_are_in_one_directory() -> None:
    apart = (Overlay(REPOSITORY, (REPOSITORY,), "/one/upper", "/other/work"),)
    with pytest.raises(ValueError, match="not in one directory"):
        bubblewrap.compile(PLAN, USER, apart)


ODD = "/srv/a,b:c\\d\n\udcff"
GIT = "/srv/main/.git"


@pytest.mark.parametrize("facts", [USER, ROOT], ids=["user", "root"])
def test_overlays_are_mounted_from_the_stage_in_their_order_whatever_their_layers_are_called(facts: Facts) -> None:
    above = (f"{ODD}/2", f"{ODD}/1")
    over_git = Overlay(GIT, (ODD, GIT), f"{LAYERS}/git/upper", f"{LAYERS}/git/work")
    inner = Overlay(f"{REPOSITORY}/sub", ("/srv/sub",), "/l/upper", "/l/work")
    plan = changed(
        mounts=(*PLAN.mounts, Mount(GIT, GIT, "read", BUILT_IN), Mount(f"{GIT}/x", f"{GIT}/x", "read", BUILT_IN))
    )
    compiled = bubblewrap.compile(plan, facts, (*overlays(PLAN, *above), over_git, inner))
    places = [
        f"{STAGE}/{name}" for name in ("0-lower-0", "0-lower-1", "0-lower-2", "1-lower-0", "1-lower-1", "2-lower-0")
    ]
    sources = [*above, REPOSITORY, ODD, GIT, "/srv/sub"]
    read_only = {option[1:] for option in options(compiled) if option[0] == "--ro-bind"}
    read_only |= {(step.source, step.target) for step in compiled.steps if isinstance(step, Carry) and step.read_only}
    assert set(zip(sources, places, strict=True)) <= read_only
    assert writable(compiled) >= {(LAYERS, f"{STAGE}/0-layers"), (f"{LAYERS}/git", f"{STAGE}/1-layers")}
    mounted = [step for step in compiled.steps if isinstance(step, MountOverlay)]
    assert mounted == [
        MountOverlay(REPOSITORY, tuple(places[:3]), f"{STAGE}/0-layers/upper", f"{STAGE}/0-layers/work"),
        MountOverlay(GIT, tuple(places[3:5]), f"{STAGE}/1-layers/upper", f"{STAGE}/1-layers/work"),
        MountOverlay(f"{REPOSITORY}/sub", (places[5],), f"{STAGE}/2-layers/upper", f"{STAGE}/2-layers/work"),
    ]
    made = [option[-1] for option in options(compiled)]
    assert GIT in made, "the place for a mount outside of the workspace"
    assert f"{REPOSITORY}/sub" not in made, "inside of another overlay the place is there, or nothing is"
    assert f"{GIT}/x" not in made, "below an overlay it would be out of sight"
    assert not [path for path in (*places, mounted[0].upper) if set(",:\\\n") & set(path)]


def test_canaries_are_files_of_the_home_and_what_is_seen_in_place_of_a_mask() -> None:
    plan = plan_for(REPOSITORY, "review", MASKS)
    masked, other = (mask.target for mask in plan.workspace.masks)
    at_home = f"{plan.person.home}/.aws/credentials"
    facts = replace(USER, planted=((at_home, "key"), (masked, "token")))
    compiled = bubblewrap.compile(plan, facts, overlays(plan))
    written = {option[2]: option[1] for option in options(compiled) if option[0] == "--file"}
    content = {place: compiled.data[int(word[12:-1])].content for place, word in written.items()}
    steps = {step.target: step for step in compiled.steps if isinstance(step, MaskPath)}
    assert content[at_home] == b"key"
    assert options(compiled)[options(compiled).index(("--file", written[at_home], at_home)) - 1] == ("--perms", "0600")
    assert content[f"{STAGE}/{steps[masked].staged}"] == b"token"
    assert masked not in written, "nothing is made in the repository"
    assert steps[other].staged == ""
