"""The pack acts inside; a sandbox in which it did not has shown nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import acting, resources
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.boundary.plans import changed
from tests.capabilities import needs

if TYPE_CHECKING:
    from paddock.probes.planting.ground import Ground

pytestmark = needs("git")
LIMIT = Limit("memory", 1 << 40, BUILT_IN)


def with_limits(ground: Ground, *limits: Limit) -> Scene:
    return Scene(ground, ("/bin/true", "--"), ("/bin/true",), changed(limits=limits))


def test_the_last_word_of_an_act_counts() -> None:
    assert acting.came(b"words\npaddock-act [1]\n\npaddock-act [2.5]\nmore words", 1) == (2.5,)


@pytest.mark.parametrize(
    "said", [b"", b"paddock-act", b"paddock-act many", b"paddock-act 1", b"paddock-act [1, 2]", b"said paddock-act [1]"]
)
def test_an_act_that_says_nothing_has_shown_nothing(said: bytes) -> None:
    with pytest.raises(PaddockError):
        acting.came(said, 1)


def test_it_acts_in_the_repository_of_the_ground(ground: Ground) -> None:
    assert acting.act(Scene(ground, ()), ("open_files", "3"), ("fork", "2")) == (3, 2)


def test_limits_that_nothing_here_can_keep_are_skipped(ground: Ground) -> None:
    refusing = Scene(ground, ("/bin/sh", "-c", "exit 126", "--"), ("/bin/true",))
    with pytest.raises(Skipped):
        acting.act(refusing, ("open_files", "3"), flags=("--limit", "cpus=1"))


def test_a_sandbox_that_ended_as_a_whole_has_kept_no_limit_of_one_program(ground: Ground) -> None:
    """What came after in the same run was never tried; two that share the limit are bound by it all the same."""
    script = 'echo "paddock: out of memory: the kernel killed all" >&2; exit 137'
    ending = Scene(ground, ("/bin/sh", "-c", script, "--"), ("/bin/true",), changed(limits=(LIMIT,)))
    with pytest.raises(acting.AllEnded):
        acting.act(ending, ("remember", "1"), ("open_files", "3"))
    assert resources.memory_together(ending) == []
    with pytest.raises(acting.AllEnded):
        resources.memory(ending)


def test_what_ended_with_the_sandbox_is_tried_alone(ground: Ground) -> None:
    script = 'case "$*" in *remember*) echo "paddock: out of memory: the kernel killed all" >&2; exit 137;; esac; '
    script += "echo 'paddock-act [7, 7, 7, 7, 7]'"
    ending = Scene(ground, ("/bin/sh", "-c", script, "--"), ("/bin/true",), changed(limits=(LIMIT,)))
    found = resources.memory(ending)
    assert found == {
        "RS-02 memory-of-one": ["the whole sandbox was ended for one act"],
        "RS-05 private-directories-fill": [],
    }


def test_a_limit_is_made_small_where_the_plan_has_one(ground: Ground) -> None:
    scene = with_limits(ground, Limit("memory", 1 << 40, BUILT_IN))
    assert acting.limit(scene, "memory", "1MiB") == ("--limit", "memory=1MiB")
    assert "--accept" in acting.limit(scene, "memory", "1MiB", accept=True)
    assert acting.limit(scene, "cpus", "1") == ()


def test_nobody_knows_the_limits_of_another_sandbox(ground: Ground) -> None:
    assert acting.limit(Scene(ground, ()), "memory", "1MiB") == ()
    with pytest.raises(NotApplicable):
        acting.limit(Scene(ground, ("/usr/bin/env",)), "memory", "1MiB")
