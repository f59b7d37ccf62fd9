"""The trial of bubblewrap: on this machine, on this machine made hostile, and the meaning of each refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import bubblewrap_trial
from paddock.boundary.bubblewrap_trial import SWITCHES, Surroundings, diagnose
from tests import mounted
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(bubblewrap_trial.__file__)))
OPEN = dict.fromkeys(SWITCHES, "") | {SWITCHES[0]: "100000"}


def around(*, filtered: bool = False, as_root: bool = False, **switches: str) -> Surroundings:
    known = {path.rpartition("/")[2]: path for path in SWITCHES}
    return Surroundings(OPEN | {known[name]: value for name, value in switches.items()}, filtered, as_root)


@needs("bubblewrap", "overlay")
def test_it_works_here_and_leaves_no_mount_and_no_process(tmp_path: Path):
    assert bubblewrap_trial.available(str(tmp_path)).ok
    assert bubblewrap_trial.overlay(str(tmp_path)).ok
    assert mounted.below(tmp_path) == []
    assert str(tmp_path) not in command_lines()


def command_lines() -> str:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline") as file:
                    found.append(file.read())
            except OSError:
                continue
    return "\n".join(found)


def test_without_bubblewrap_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(bubblewrap_trial, "find", lambda _: None)
    found = bubblewrap_trial.available(str(tmp_path))
    assert not found.ok
    assert "bubblewrap" in found.fix
    assert "needs bubblewrap" in bubblewrap_trial.overlay(str(tmp_path)).reason


TRIAL = """
import json, sys
from paddock.boundary import bubblewrap_trial
found = bubblewrap_trial.available(sys.argv[1])
print(json.dumps([found.ok, found.reason, found.fix]))
"""


def tried(tmp_path: Path, *around_it: str, before: str = "") -> list[object]:
    argv = [*around_it, sys.executable, "-c", before + TRIAL, str(tmp_path)]
    done = subprocess.run(
        argv, env={"PYTHONPATH": SOURCE, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    found: list[object] = json.loads(done.stdout)
    return found


@needs("bubblewrap", "unshare", "userns")
def test_a_kernel_that_allows_no_user_namespaces_is_recognised(tmp_path: Path):
    """The switch is one per user namespace, so that it can be turned off for real."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    ok, reason, fix = tried(tmp_path, "unshare", "--user", "--map-root-user", "sh", "-c", script, "sh")
    assert not ok
    assert "user.max_user_namespaces = 0" in str(reason)
    assert fix == "sudo sysctl -w user.max_user_namespaces=15000"


@needs("bubblewrap")
def test_a_filter_around_us_as_in_a_container_is_recognised(tmp_path: Path):
    before = """
import os
from paddock.kernel import libc, seccomp
libc.call("prctl", 38, 1, 0, 0, 0)
seccomp.install(seccomp.program("default", os.uname().machine))
"""
    ok, reason, fix = tried(tmp_path, before=before)
    assert not ok
    assert "system-call filter" in str(reason)
    assert "--boundary landlock" in str(fix)


REFUSED = "No permissions to create new namespace"
MAPPING = "setting up uid map: Permission denied"
PROC = "Can't mount proc on /newroot/proc: Operation not permitted"


@pytest.mark.parametrize(
    ("complaint", "surroundings", "in_reason", "in_fix"),
    [
        (REFUSED, around(max_user_namespaces="0"), "max_user_namespaces", "sysctl -w user.max_user_namespaces"),
        (
            REFUSED,
            around(unprivileged_userns_clone="0"),
            "unprivileged_userns_clone",
            "sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        (MAPPING, around(apparmor_restrict_unprivileged_userns="1"), "AppArmor", "bwrap-userns-restrict"),
        (
            MAPPING,
            around(apparmor_restrict_unprivileged_userns="1", filtered=True),
            "AppArmor",
            "bwrap-userns-restrict",
        ),
        (
            REFUSED,
            around(apparmor_restrict_unprivileged_userns="1", filtered=True),
            "filter",
            "outside of the container",
        ),
        (REFUSED, around(filtered=True), "filter", "outside of the container"),
        (PROC, around(), "masks", "unmasked /proc"),
        ("Creating new namespace failed: Odd", around(), "Odd", "--boundary landlock"),
        (
            MAPPING,
            around(apparmor_restrict_unprivileged_userns="1", as_root=True),
            "setting up uid map",
            "--boundary landlock",
        ),
    ],
)
def test_each_refusal_has_its_own_cause_and_its_own_remedy(
    complaint: str, surroundings: Surroundings, in_reason: str, in_fix: str
):
    found = diagnose(complaint, surroundings)
    assert not found.ok
    assert in_reason in found.reason
    assert complaint in found.reason
    assert in_fix in found.fix


@pytest.mark.parametrize("complaint", [REFUSED, MAPPING, PROC, "anything"])
@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize("apparmor", ["0", "1"])
def test_nobody_is_ever_told_to_switch_apparmors_restriction_off(complaint: str, filtered: bool, apparmor: str):
    found = diagnose(complaint, around(filtered=filtered, apparmor_restrict_unprivileged_userns=apparmor))
    assert "apparmor_restrict_unprivileged_userns=0" not in found.fix.replace(" ", "")
    assert "sysctl -w kernel.apparmor" not in found.fix
    assert "unconfined" not in found.fix


def test_a_trial_that_breaks_half_way_says_at_which_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(bubblewrap_trial, "_bare_failure", lambda _: "")
    monkeypatch.setattr(bubblewrap_trial, "find", lambda _: "/bin/false")
    found = bubblewrap_trial.available(str(tmp_path))
    assert not found.ok
    assert "not as Paddock needs it" in found.reason
