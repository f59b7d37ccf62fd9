"""Sessions in containers: what holds with bubblewrap holds here, and what only an engine brings is closed or told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.background import clean, cleaned, kill_together, killed_at_moments, one_message, running
from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.conftest import PATIENCE_S, Person
from tests.podman import containers, left, person_of, places
from tests.real.support import Terminal, processes_with

# The same tests, as a person whose policy says podman: the fixture below takes the place of the shared one.
from tests.test_ending import test_kill_returns_when_everything_is_gone as test_kill  # noqa: F401
from tests.test_joining import (  # noqa: F401
    test_it_is_bound_exactly_as_the_first_command,
    test_it_makes_no_user_namespace_either,
    test_it_sees_the_same_files_and_processes,
)
from tests.test_session__attacks import (  # noqa: F401
    test_a_program_on_a_terminal_cannot_reach_another_sandboxs_terminal,
    test_fs_40_a_write_storm_leaves_the_repository_as_it_was,
    test_lc_01_a_daemon_ends_with_the_sandbox,
)
from tests.test_session__credentials import (  # noqa: F401
    service,
    test_the_service_gets_the_secret_and_the_command_has_a_placeholder,
)
from tests.test_session__limits import test_processes_that_were_refused_are_told  # noqa: F401
from tests.test_session__root import (  # noqa: F401
    test_the_repository_of_another_user_can_be_written,
    theirs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("podman", "git")
MOMENTS = 10
LATEST_S = 0.8  # the whole start lies within it


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    yield from person_of(tmp_path / "home")


@pytest.mark.parametrize(
    ("script", "code"), [("exit 42", 42), ("kill -9 1; kill -9 $$", 137), ("exec no-such-program", 127)]
)
def test_the_commands_own_code_is_paddocks(person: Person, repo: Path, script: str, code: int) -> None:
    done = person.call("run", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == code
    assert left(person) == []
    assert cleaned(person, repo) == []


def test_pipes_carry_bytes_both_ways(person: Person, repo: Path) -> None:
    done = person.call(
        "run", "--quiet", "--", "sh", "-c", "tr a-z A-Z; echo told >&2", cwd=repo, stdin="words\n" * 9999
    )
    assert (done.stdout, done.stderr) == ("WORDS\n" * 9999, "told\n")


def test_ctrl_c_is_the_commands_on_a_terminal(person: Person, repo: Path) -> None:
    # Not `wait`: bash begins it although the signal came just before (bash(1), SIGNALS), and then nothing ends it.
    script = "trap 'echo caught; over=1' INT; echo up; until test $over; do sleep 0.05; done; echo over"
    with Terminal(person.argv("run", "--quiet", "--", "bash", "-c", script), cwd=repo, environ=person.environ) as shell:
        shell.wait_for("up")
        shell.type("\x03")
        shell.wait_for("caught")
        shell.wait_for("over")
        assert shell.finish() == 0


def test_a_kept_sandbox_is_entered_and_ended(person: Person, repo: Path) -> None:
    assert person.call("run", "--keep", "--name", "kept", "--", "sh", "-c", "echo x > made", cwd=repo).returncode == 0
    done = person.call("exec", "kept", "--", "cat", "made", "/proc/1/comm", cwd=repo)
    assert done.stdout == "x\npaddock-keeper\n"
    assert person.call("kill", "kept", cwd=repo).returncode == 0
    assert "made" in person.call("diff", cwd=repo).stdout


def test_killed_while_it_starts_it_leaves_no_container(person: Person, repo: Path, tmp_path: Path) -> None:
    """The engine may be in its middle, where killing it would leave what nobody finds."""
    before = fingerprint(repo)
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    runs = [("--", "sh", "-c", "sleep 0.05; echo x > made", mark)] * MOMENTS
    killed = sum(killed_at_moments(person, repo, runs, LATEST_S))
    assert killed, "nothing was killed: it starts too fast for these moments"
    assert left(person) == []
    wait_for(lambda: processes_with(mark) == [])
    clean(person, repo)
    assert fingerprint(repo) == before


def test_ctrl_c_while_it_starts_leaves_nothing(person: Person, repo: Path) -> None:
    process = subprocess.Popen(
        person.argv("run", "--", "sleep", "600"), cwd=repo, env=person.environ,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not places(person) and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) in (130, 143, -signal.SIGINT)
    assert left(person) == []


def test_clean_removes_a_container_whose_guard_was_killed_too(person: Person, repo: Path) -> None:
    own = f"it-{os.getpid()}"  # of nobody else's tests, which may go on beside these
    with running(person, repo, "--name", own) as process:
        (name,) = (line.split(maxsplit=1)[0] for line in containers(person))
        guards = [int(line.split(":")[0]) for line in processes_with(f"run --name {own} -- sh")]
        kill_together({*guards, process.pid})
        process.wait()
    assert [line.split(maxsplit=1)[0] for line in containers(person)] == [name]
    told = json.loads(person.call("clean", "--json", cwd=repo).stdout)
    assert f"container {name}" in told["removed"]
    assert told["left"] == []
    assert containers(person) == []


def test_nothing_that_the_person_set_up_for_containers_widens_one(person: Person, repo: Path, tmp_path: Path) -> None:
    """A repository's install script may have written these."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret\n")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "run").write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\n")
    (hooks / "run").chmod(0o755)
    hook = {"version": "1.0.0", "hook": {"path": str(hooks / "run")}, "when": {"always": True}, "stages": ["prestart"]}
    (hooks / "evil.json").write_text(json.dumps(hook))
    own = person.home / ".config/containers"
    own.mkdir()
    (own / "mounts.conf").write_text(f"{secret}:/secret-mount\n")
    (own / "containers.conf").write_text(
        f'[containers]\nvolumes = ["{secret}:/secret-volume"]\nenv = ["EVIL=1"]\nenv_host = true\nprivileged = true\n'
        'default_capabilities = ["SYS_ADMIN"]\nnetns = "host"\npidns = "host"\nipcns = "host"\n'
        f'[engine]\nhooks_dir = ["{hooks}"]\n'
    )
    look = (
        'ls -d /secret-* 2>/dev/null; echo "EVIL=$EVIL,$TOLD"; grep -h CapBnd /proc/self/status /proc/1/status; '
        "ls /sys/class/net 2>/dev/null; cat /proc/net/dev | grep -c :; readlink /proc/self/ns/ipc"
    )
    environ = {"CONTAINERS_CONF": str(own / "containers.conf"), "TOLD": "1", "CONTAINER_HOST": "unix:///no/such"}
    told = replace(person, extra={**person.extra, **environ})
    done = told.call("run", "--quiet", "--", "sh", "-c", look, cwd=repo)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:4] == ["EVIL=,", "CapBnd:\t0000000000000000", "CapBnd:\t0000000000000000", "1"]
    assert lines[4] != os.readlink("/proc/self/ns/ipc")
    assert not (tmp_path / "hook-ran").exists()


@pytest.mark.parametrize("name", ["a, b:c", 'say "it" \\ $HOME', "new\nline"])
def test_a_repository_may_have_a_name_that_is_the_engines_syntax(person: Person, tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    (place / "file").write_text("here\n")
    done = person.call("run", "--quiet", "--", "sh", "-c", "cat file && echo x > made && pwd", cwd=place)
    assert (done.returncode, done.stdout) == (0, f"here\n{place}\n"), done.stderr
    assert not (place / "made").exists()


def test_a_name_that_is_no_text_is_refused_with_nothing_left(person: Person, tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(place)
    done = person.call("run", "--quiet", "--", "true", cwd=os.fsdecode(place))
    assert done.returncode == 126, done.stderr
    assert "a container engine cannot be told of this path" in one_message(done.stderr)
    assert containers(person) == []
    assert list((person.home / "runtime/paddock/live").iterdir()) == []


def test_an_attack_at_the_start_is_withstood(person: Person, repo: Path) -> None:
    with open(person.home / ".config/paddock/policy.toml", "a") as file:
        file.write("[prove]\nat_start = true\n")
    done = person.call("run", "--quiet", "--", "echo", "ran", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr


def test_the_mounts_tell_neither_the_containers_name_nor_where_the_storage_is(person: Person, repo: Path) -> None:
    done = person.call("run", "--quiet", "--", "cat", "/proc/self/mountinfo", "/etc/hostname", cwd=repo)
    assert done.stdout.endswith("\npaddock\n")
    assert "overlay-containers" not in done.stdout
    assert "vfs-containers" not in done.stdout


def test_the_time_limit_ends_it(person: Person, repo: Path) -> None:
    done = person.call("run", "--limit", "wall=1s", "--", "sleep", "600", cwd=repo)
    assert done.returncode == 143, done.stderr
    assert left(person) == []


@pytest.mark.root
def test_out_of_memory_is_told(person: Person, repo: Path) -> None:
    script = "bytearray(256 << 20)"
    done = person.call("run", "--limit", "memory=64MiB", "--", "/usr/bin/python3", "-c", script, cwd=repo)
    assert done.returncode in (1, 137)
    assert "memory" in done.stderr.lower()


@pytest.mark.root
def test_as_root_it_is_refused_until_the_gap_is_accepted(tmp_path: Path, repo: Path) -> None:
    home = tmp_path / "other"
    (home / ".local/state").mkdir(parents=True)
    done = Person(home).call("run", "--boundary", "podman", "--", "true", cwd=repo)
    assert done.returncode == 126
    assert one_message(done.stderr)
    assert "--accept rootful" in done.stderr


def test_a_link_below_the_home_leads_where_it_does_outside(person: Person, repo: Path) -> None:
    (person.home / "notes/v1").mkdir(parents=True)
    (person.home / "notes/v1/text").write_text("read\n")
    (person.home / "notes/current").symlink_to("v1")
    script = "readlink ~/notes/current; cat ~/notes/current/text"
    done = person.call("run", "--read", "~/notes/current", "--", "sh", "-c", script, cwd=repo)
    assert done.stdout == "v1\nread\n", done.stderr
