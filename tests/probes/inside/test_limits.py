"""Limits that show in one run."""

from __future__ import annotations

import builtins
import os
import resource

import pytest

from paddock.probes.inside import limits
from paddock.probes.inside.effects import Given, in_child


def given(**more: object) -> Given:
    return Given({"hashes": [], "home": "/nonexistent", "repo": "/", "numbers": {}, **more})


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="no cores here, and nobody can ask for any"
)
@pytest.mark.parametrize(("both", "found"), [((1, 1), b"held"), ((0, 4096), b"reached"), ((4096, 4096), b"reached")])
def test_a_core_limit_must_be_low_for_good(both: tuple[int, int], found: bytes) -> None:
    def task() -> bytes:
        resource.setrlimit(resource.RLIMIT_CORE, both)
        return b"held" if limits.core(given()) == [] else b"reached"

    assert in_child(task) == found


def test_a_kernel_without_handlers_of_cores_is_asked_for_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """gVisor has no core_pattern: what is missing must not pass for what was refused."""
    real = open
    monkeypatch.setattr(builtins, "open", lambda path, *more: real(f"/nowhere{path}", *more))
    for both, found in (((0, 0), []), ((0, 4096), ["RLIMIT_CORE is 0, at most 4096"])):
        monkeypatch.setattr(resource, "getrlimit", lambda _, both=both: both)
        assert limits.core(given()) == found


def test_a_place_without_an_end_is_named_and_nothing_is_left_in_it(tmp_path: object) -> None:
    known = os.statvfs(str(tmp_path))
    large = known.f_blocks * known.f_frsize > 2 << 30
    found = limits.sizes(Given({"hashes": [], "home": str(tmp_path), "repo": "/", "numbers": {}}))
    assert any(what.startswith(f"{tmp_path} has ") for what in found) is large
    assert os.listdir(str(tmp_path)) == []


def test_a_file_system_that_says_no_size_has_no_end(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel answers for a tmpfs with size=0 (tmpfs(5))."""
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, *(0,) * 7, 255)))
    found = limits.sizes(Given({"hashes": [], "home": str(tmp_path), "repo": "/", "numbers": {}}))
    assert f"{tmp_path} has no end" in found


def test_a_process_that_goes_no_earlier_than_others_is_told() -> None:
    with open("/proc/self/oom_score_adj") as file:
        own = int(file.read())
    assert (
        f"oom_score_adj is {own}, as outside"
        in in_child(lambda: repr(limits.oom_score(given(**{"oom score": own}))).encode()).decode()
    )
    earlier = in_child(lambda: repr(limits.oom_score(given(**{"oom score": own - 1}))).encode()).decode()
    assert "as outside" not in earlier
