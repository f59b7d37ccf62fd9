"""Containers on paper, for Docker: each word for each protection, and what is done from outside instead."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import given

from paddock.boundary import podman
from paddock.boundary.docker_words import EMPTY
from paddock.boundary.sheet import HERE
from paddock.boundary.steps import STAGE, STAND_IN, Execute, Remove, Seal
from paddock.frozen import replace
from tests.boundary.plans import PLAN
from tests.boundary.test_bubblewrap import GOLDEN, ROOT, USER, cases, overlays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.plan.model import Plan


@pytest.mark.parametrize(("name", "facts"), [("user", USER), ("root", ROOT)])
def test_a_plan_becomes_what_the_file_shows(name: str, facts: Facts) -> None:
    """PADDOCK_GOLDEN=1 makes the files anew, to be read before they are committed."""
    compiled = podman.compile(PLAN, replace(facts, docker=True, volumes=("/data",)), overlays(PLAN))
    lines = [*compiled.arguments, *map(repr, compiled.files), *compiled.sources, *map(repr, compiled.steps)]
    text = "\n".join(lines).replace(HERE, "{here}") + "\n"
    path = GOLDEN / f"docker-{name}.txt"
    if os.environ.get("PADDOCK_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@given(cases())
def test_isolation_is_in_every_plan(case: tuple[Plan, Facts]) -> None:
    plan, facts = case[0], replace(case[1], docker=True, volumes=("/data",))
    compiled = podman.compile(plan, facts, overlays(plan))
    words = list(compiled.arguments)
    pairs = set(pairwise(words))
    person = STAND_IN if facts.as_root else 0
    assert pairs >= {
        ("--network", "none"), ("--ipc", "private"), ("--cgroupns", "private"), ("--cap-drop", "all"),
        ("--security-opt", "no-new-privileges"), ("--pull", "never"), ("--runtime", "runc"),
        ("--user", f"{person}:{person}"),
    }  # fmt: skip
    assert {"--read-only", "--init=false", "--no-healthcheck"} <= set(words)
    assert words[-1] == EMPTY
    assert not {"--privileged", "--volume", "--device", "--cap-add", "--pid", "--uts"} & set(words)
    assert compiled.person == (plan.person.uid, plan.person.gid)


@given(cases())
def test_every_file_that_it_mounts_is_sealed(case: tuple[Plan, Facts]) -> None:
    """Podman takes set-user-ID and devices from each by itself."""
    plan, facts = case[0], replace(case[1], docker=True)
    compiled = podman.compile(plan, facts, overlays(plan))
    sealed = {step.target for step in compiled.steps if isinstance(step, Seal)}
    files = [word for word in compiled.arguments if "/files/" in word and word.startswith('"type=bind"')]
    assert {part.removeprefix('"dst=').rstrip('"') for word in files for part in word.split(",") if "dst=" in part} <= (
        sealed | {word for word in sealed if '"' in word}
    )


def test_programs_may_be_started_from_private_directories_and_nowhere_else() -> None:
    compiled = podman.compile(PLAN, replace(USER, docker=True), overlays(PLAN))
    assert {step.target for step in compiled.steps if isinstance(step, Execute)} == {
        entry.target for entry in PLAN.private if entry.target != "/dev/shm"
    } | {"/run", STAGE}


def test_what_it_adds_about_this_machine_goes_unless_it_is_ours() -> None:
    compiled = podman.compile(PLAN, replace(USER, docker=True), overlays(PLAN))
    removed = {step.target for step in compiled.steps if isinstance(step, Remove)}
    placed = {file.target for file in PLAN.files}
    for target in ("/etc/hosts", "/etc/resolv.conf"):
        assert (target in removed) == (target not in placed)
    assert "/etc/hostname" in removed
