"""A run from start to end: exit codes, limits, gaps, names, and every bad input with one clear message."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import session
from paddock.kernel import cgroups
from tests.background import cleaned, one_message, running
from tests.capabilities import needs
from tests.real.support import processes_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
CGROUPS = Path("/sys/fs/cgroup")


def groups_with(name: str) -> list[Path]:
    # Groups of other sandboxes come and go meanwhile, which Path.glob takes for an error.
    return [Path(place) / each for place, names, _ in os.walk(CGROUPS) for each in names if name in each]


class TestExitCodes:
    @pytest.mark.parametrize("code", [0, 1, 3, 42, 125, 126, 127, 130, 255])
    def test_the_commands_own_code_is_paddocks(self, person: Person, repo: Path, code: int) -> None:
        assert person.call("run", "--", "sh", "-c", f"exit {code}", cwd=repo).returncode == code

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGPIPE, signal.SIGINT])
    def test_a_signal_is_128_and_its_number(self, person: Person, repo: Path, number: int) -> None:
        assert person.call("run", "--", "sh", "-c", f"kill -{number} $$", cwd=repo).returncode == 128 + number

    @pytest.mark.parametrize("command", ["no-such-program", "/no/such/program", "./missing", "hello.txt/x"])
    def test_a_command_that_is_missing_is_127(self, person: Person, repo: Path, command: str) -> None:
        done = person.call("run", "--", command, cwd=repo)
        assert done.returncode == 127
        assert "was not found inside the sandbox" in one_message(done.stderr)

    def test_a_script_whose_interpreter_is_missing_is_127(self, person: Person, repo: Path) -> None:
        (repo / "script").write_text("#!/no/such/interpreter\n")
        (repo / "script").chmod(0o755)
        done = person.call("run", "--", "./script", cwd=repo)
        assert done.returncode == 127
        assert "interpreter" in done.stderr

    @pytest.mark.parametrize("command", ["/etc/passwd", "/tmp", "./hello.txt"])
    def test_a_command_that_cannot_be_executed_is_126(self, person: Person, repo: Path, command: str) -> None:
        done = person.call("run", "--", command, cwd=repo)
        assert done.returncode == 126
        assert "could not be executed" in done.stderr


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
    def test_a_signal_to_paddock_ends_the_command_with_it(self, person: Person, repo: Path, number: int) -> None:
        with running(person, repo) as process:
            process.send_signal(number)
            assert process.wait(60) == 128 + number

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_the_command_hears_it_and_has_the_last_word(self, person: Person, repo: Path, number: int) -> None:
        name = signal.Signals(number).name.removeprefix("SIG")
        script = f"trap 'echo heard; exit 7' {name}; echo up; while :; do sleep 0.05; done"
        with running(person, repo, command=("sh", "-c", script)) as process:
            process.send_signal(number)
            assert process.wait(60) == 7
            assert process.stdout
            assert process.stdout.read() == "heard\n"

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_a_signal_at_any_moment_of_the_start_is_an_end_in_order(
        self, person: Person, repo: Path, number: int
    ) -> None:
        moments, latest_s = random.Random(number), 0.12
        name = f"at-any-moment-{os.getpid()}"  # control groups are the whole machine's
        tried = begun = 0
        while tried < 12 or not begun:
            tried += 1
            assert tried < 100, "Paddock never begins"
            process = subprocess.Popen(
                person.argv("run", "--name", name, "--", "sleep", "600"), cwd=repo, env=person.environ, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            with process:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(moments.uniform(0.04, latest_s))
                process.send_signal(number)
                assert process.stderr
                said = process.stderr.read()
            live = person.home / "runtime/paddock/live"
            assert not live.exists() or list(live.iterdir()) == []
            # Before Paddock has begun anything it is Python that answers: by the signal, or while it begins itself.
            if process.returncode == -number or "import runpy module" in said or "Fatal Python error: init" in said:
                latest_s *= 1.2  # on a machine that is busy, everything begins later
                continue
            begun += 1
            assert (process.returncode, "Traceback" in said) == (128 + number, False), said
        assert groups_with(name) == []

    def test_a_second_sigterm_does_not_wait(self, person: Person, repo: Path) -> None:
        script = "trap 'echo no' TERM; echo up; while :; do sleep 0.05; done"
        with running(person, repo, command=("sh", "-c", script)) as process:
            process.terminate()
            assert process.stdout
            assert process.stdout.readline() == "no\n"
            process.terminate()
            assert process.wait(60) == 137

    def test_a_command_that_ignores_sigterm_is_killed(self, person: Person, repo: Path) -> None:
        script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
        with running(person, repo, command=("sh", "-c", script)) as process:
            process.terminate()
            assert process.wait(60) == 137

    def test_a_stopped_command_ends_too(self, person: Person, repo: Path) -> None:
        with running(person, repo, command=("sh", "-c", "echo up; kill -STOP $$; sleep 600")) as process:
            process.terminate()
            assert process.wait(60) == 143

    def test_children_of_the_command_hear_it(self, person: Person, repo: Path) -> None:
        """As they would from a terminal: the signal goes to the process group."""
        script = "sh -c 'trap \"echo child; exit\" INT; echo up; while :; do sleep 0.05; done'; echo parent"
        with running(person, repo, command=("sh", "-c", f"trap : INT; {script}")) as process:
            process.send_signal(signal.SIGINT)
            assert process.stdout
            assert process.stdout.read() == "child\nparent\n"
            assert process.wait(60) == 0

    def test_what_the_caller_ignores_stays_ignored(self, person: Person, repo: Path) -> None:
        """nohup(1): a hang-up must not end it."""
        script = "trap '' HUP; exec \"$@\""
        command = person.argv("run", "--", "sh", "-c", "echo up; read line; echo $line")
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", *command], cwd=repo, env=person.environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert process.stdout
            assert process.stdout.readline() == "up\n"
            process.send_signal(signal.SIGHUP)
            assert process.communicate("still here\n")[0] == "still here\n"
        assert process.returncode == 0


class TestLimits:
    def test_the_time_limit_is_told_and_ends_the_whole_tree(self, person: Person, repo: Path, tmp_path: Path) -> None:
        mark = f"mark-{tmp_path.name}-{os.getpid()}"
        script = f"(setsid sh -c 'trap \"\" TERM; sleep 600' {mark} &) ; exec sleep 600"
        done = person.call("run", "--limit", "wall=0.5s", "--", "sh", "-c", script, cwd=repo)
        assert done.returncode == 143
        assert "the time limit of 0.5 s was reached (flag --limit)" in done.stderr
        assert processes_with(mark) == []

    @pytest.mark.root
    def test_out_of_memory_is_told_and_its_control_group_is_gone(self, person: Person, repo: Path) -> None:
        script = "x = bytearray(300 << 20)"
        limit = ("--name", "hungry-hippo", "--limit", "memory=64MiB")
        done = person.call("run", *limit, "--", "/usr/bin/python3", "-c", script, cwd=repo)
        assert done.returncode == 137
        assert "out of memory: the kernel killed 1 process at the limit of 64 MiB" in done.stderr
        assert groups_with("hungry-hippo") == []

    @pytest.mark.root
    def test_the_memory_of_all_processes_counts_together(self, person: Person, repo: Path) -> None:
        script = """
import os
for _ in range(4):
    here, there = os.pipe()
    if os.fork() == 0:
        kept = b"x" * (30 << 20); os.write(there, b"!"); os.read(here, 2)
    os.close(there)
    os.read(here, 1)
print("all four")
"""
        limit = ("--limit", "memory=64MiB")
        done = person.call("run", *limit, "--", "/usr/bin/python3", "-c", script, cwd=repo)
        assert "out of memory" in done.stderr, done

    def test_rlimits_hold_and_cannot_be_raised(self, person: Person, repo: Path) -> None:
        script = """
import json, resource
names = ("NOFILE", "CORE", "FSIZE")
found = {}
for name in names:
    which = getattr(resource, f"RLIMIT_{name}")
    found[name] = resource.getrlimit(which)
    try:
        resource.setrlimit(which, (found[name][1] + 1, found[name][1] + 1))
        found[name] = "raised"
    except (ValueError, OSError):
        pass
print(json.dumps(found))
"""
        limits = ("--limit", "open_files=123", "--limit", "file_size=1MiB")
        done = person.call("run", *limits, "--", "/usr/bin/python3", "-c", script, cwd=repo)
        assert json.loads(done.stdout) == {"NOFILE": [123, 123], "CORE": [1, 1], "FSIZE": [1 << 20, 1 << 20]}

    @pytest.mark.user
    def test_a_promise_that_cannot_be_kept_is_refused_by_name_and_accepted_by_name(
        self, person: Person, repo: Path
    ) -> None:
        if cgroups.find() is not None:
            return  # kept here by a control group: the next test's business
        refused = person.call("run", "--limit", "memory=1GiB", "--", "true", cwd=repo)
        assert refused.returncode == 126
        assert "memory-total: a limit on memory for the whole sandbox (flag --limit)" in refused.stderr
        assert "--accept memory-total" in refused.stderr
        accepted = person.call("run", "--limit", "memory=1GiB", "--accept", "memory-total", "--", "true", cwd=repo)
        assert accepted.returncode == 0

    def test_a_built_in_limit_is_a_precaution_and_refuses_nothing(self, person: Person, repo: Path) -> None:
        assert person.call("run", "--", "true", cwd=repo).returncode == 0


class TestBoundary:
    @pytest.mark.user
    def test_landlock_is_refused_by_name_until_its_gaps_are_accepted(self, person: Person, repo: Path) -> None:
        weak = ("--boundary", "landlock", "--minimum", "landlock", "--workspace", "live")
        done = person.call("run", *weak, "--", "true", cwd=repo)
        assert done.returncode == 126
        gaps = [word for word in done.stderr.split() if word.startswith("process-visibility")]
        assert gaps
        assert "--accept process-visibility" in done.stderr

    def test_a_weaker_boundary_than_the_minimum_is_refused(self, person: Person, repo: Path) -> None:
        done = person.call("run", "--boundary", "landlock", "--", "true", cwd=repo)
        assert done.returncode == 126
        assert "weaker than the minimum bubblewrap" in one_message(done.stderr)

    @pytest.mark.parametrize("options", [("--boundary", "microvm"), ("--minimum", "microvm")])
    def test_what_is_not_built_yet_is_never_replaced_by_less(
        self, person: Person, repo: Path, options: tuple[str, str]
    ) -> None:
        done = person.call("run", *options, "--", "touch", "ran", cwd=repo)
        assert done.returncode == 125
        assert f"{options[1]} is not available yet" in one_message(done.stderr)
        assert "gvisor is the strongest for now" in done.stderr

    def test_an_unknown_gap_is_not_accepted(self, person: Person, repo: Path) -> None:
        done = person.call("run", "--accept", "everything", "--", "true", cwd=repo)
        assert done.returncode == 126


class TestNames:
    def test_two_at_once_get_change_sets_of_their_own(self, person: Person, repo: Path) -> None:
        write = ("sh", "-c", "echo $0 > who; echo up; read line; cat who")
        with (
            running(person, repo, command=(*write, "one")) as first,
            running(person, repo, command=(*write, "two")) as second,
        ):
            assert first.communicate("\n")[0] == "one\n"
            assert second.communicate("\n")[0] == "two\n"
        assert not (repo / "who").exists()
        names = [entry["name"] for entry in json.loads(person.call("changes", "--json", cwd=repo).stdout)["changes"]]
        assert len(set(names)) == 2

    @pytest.mark.parametrize("mode", ["review", "scratch", "readonly", "live"])
    def test_a_name_in_use_is_refused(self, person: Person, repo: Path, mode: str) -> None:
        options = ("--name", "taken", "--workspace", mode, "--accept", "live-hazards-window")
        with running(person, repo, *options):
            done = person.call("run", *options, "--", "true", cwd=repo)
        assert done.returncode == 125
        assert "taken" in one_message(done.stderr)
        assert person.call("run", *options, "--", "true", cwd=repo).returncode == 0

    @pytest.mark.parametrize("name", ["../escape", "a/b", ".", "..", "-x", "a\nb", "x" * 300, "\udcff"])
    @pytest.mark.parametrize("mode", ["review", "readonly"])
    def test_a_name_that_is_no_name_is_refused(self, person: Person, repo: Path, name: str, mode: str) -> None:
        before = set(person.home.parent.rglob("*"))
        done = person.call("run", f"--name={name}", "--workspace", mode, "--", "true", cwd=repo)
        assert done.returncode == 125
        assert "names are lower-case letters, digits and inner hyphens" in done.stderr
        made = set(person.home.parent.rglob("*")) - before
        assert not [path for path in made if not path.is_relative_to(person.home)]
        assert not [path for path in made if path.name in ("session", "lock", "upper", "escape")]

    def test_at_the_end_nothing_is_left_but_the_change_set(self, person: Person, repo: Path) -> None:
        person.call("run", "--name", "one", "--", "touch", "made", cwd=repo)
        person.call("run", "--name", "two", "--", "true", cwd=repo)
        person.call("run", "--workspace", "scratch", "--", "touch", "made", cwd=repo)
        assert list((person.home / "runtime/paddock/live").iterdir()) == []
        state = person.home / ".local/state/paddock"
        assert [path.name for path in state.rglob("upper")] == ["upper"]
        assert not list(state.rglob("scratch/*"))
        assert cleaned(person, repo) == []


class TestStreams:
    def test_binary_bytes_pass_through_untouched(self, person: Person, repo: Path) -> None:
        data = bytes(range(256)) * 4096
        done = subprocess.run(
            person.argv("run", "--quiet", "--", "sh", "-c", "tee /dev/stderr"), cwd=repo, env=person.environ,
            input=data, capture_output=True, check=False,
        )  # fmt: skip
        assert done.stdout == data
        assert done.stderr.endswith(data)

    def test_input_at_its_end_is_at_its_end_inside(self, person: Person, repo: Path) -> None:
        assert person.call("run", "--", "wc", "-c", cwd=repo, stdin="").stdout.strip() == "0"

    @pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
    def test_closed_streams_are_closed_streams(self, person: Person, repo: Path, closing: str) -> None:
        inside = "ls -l /proc/self/fd > fds; echo out; echo err >&2; cat; exit 7"
        done = subprocess.run(
            ["/bin/sh", "-c", f'"$@" {closing}', "sh", *person.argv("run", "--name", "it", "--", "sh", "-c", inside)],
            cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 7, done.stderr
        assert done.stdout == ("" if ">&- " in f"{closing} " and closing != "2>&-" else "out\n")
        assert "Traceback" not in done.stderr

    def test_a_closed_stream_never_becomes_a_file_of_ours(self, person: Person, repo: Path) -> None:
        argv = person.argv(
            "run", "--quiet", "--workspace", "scratch", "--", "readlink", "/proc/self/fd/0", "/proc/self/fd/2"
        )
        done = subprocess.run(
            ["/bin/sh", "-c", '"$@" <&- 2>&-', "sh", *argv], cwd=repo, env=person.environ, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.stdout.split() == ["/dev/null", "/dev/null"]

    def test_a_reader_that_goes_away_ends_the_command(self, person: Person, repo: Path) -> None:
        script = '"$@" | head -c 3'
        done = subprocess.run(
            ["/bin/bash", "-c", f"set -o pipefail; {script}", "sh", *person.argv("run", "--quiet", "--", "yes")],
            cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.stdout == "y\ny"
        assert done.returncode == 141

    def test_ten_thousand_variables_around_it_cost_nothing(self, person: Person, repo: Path) -> None:
        crowded = replace(person, extra={f"VARIABLE_{number}": "value" * 3 for number in range(10_000)})
        done = crowded.call("run", "--", "env", cwd=repo)
        assert done.returncode == 0, done.stderr
        assert "VARIABLE_" not in done.stdout

    def test_ten_thousand_variables_that_are_wanted_arrive(self, person: Person, repo: Path) -> None:
        crowded = replace(person, extra={f"VARIABLE_{number}": "value" for number in range(10_000)})
        done = crowded.call("run", "--env", "VARIABLE_*", "--", "env", cwd=repo)
        assert done.returncode == 0, done.stderr
        assert sum(line.startswith("VARIABLE_") for line in done.stdout.splitlines()) == 10_000

    def test_an_environment_that_is_no_text_passes(self, person: Person, repo: Path) -> None:
        done = subprocess.run(
            person.argv("run", "--env", "ODD", "--", "printenv", "ODD"), cwd=repo, stdin=subprocess.DEVNULL,
            env={**{key.encode(): value.encode() for key, value in person.environ.items()}, b"ODD": b"\xff\n\xfe"},
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.stdout == b"\xff\n\xfe\n"


@pytest.fixture
def odd_surroundings() -> Iterator[None]:
    """An unusual mask, as runc's own tests have it."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("odd_surroundings")
def test_lc_17_a_strict_umask_language_and_time_zone_change_nothing(person: Person, repo: Path) -> None:
    script = "umask; touch made; stat -c %a made; cat hello.txt"
    done = person.call("run", "--", "sh", "-c", script, cwd=repo, LANG="C", LC_ALL="C", TZ="Pacific/Kiritimati")
    assert done.stdout == "0077\n600\nhello\n"


def test_masks_hold_over_a_change_set_that_removed_or_replaced_their_file(person: Person, repo: Path) -> None:
    for name in ("gone", "turned", "linked"):
        (repo / name).write_text("secret\n")
    (repo / "sub").mkdir()
    (repo / "sub/key").write_text("secret\n")
    script = "rm gone; rm turned; mkdir turned; touch turned/x; ln -sf /etc/passwd linked; rm -r sub; ln -s /etc sub"
    assert person.call("run", "--name", "it", "--", "sh", "-c", script, cwd=repo).returncode == 0
    masks = [word for name in ("gone", "turned", "linked", "sub/key") for word in ("--mask", name)]
    look = "test -e gone; echo $?; ls turned; head -c 5 linked; test -s /etc/passwd && echo filled; cat sub/key"
    done = person.call("run", "--name", "it", *masks, "--", "sh", "-c", look, cwd=repo)
    assert done.stdout == "1\nroot:filled\n", done.stderr


def test_a_sandbox_cannot_lock_its_change_set(person: Person, repo: Path) -> None:
    mode = repo.stat().st_mode
    done = person.call("run", "--name", "it", "--", "sh", "-c", "echo kept > made; chmod 000 .", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert "+kept" in person.call("diff", cwd=repo).stdout
    assert person.call("run", "--name", "it", "--", "cat", "made", cwd=repo).stdout == "kept\n"
    assert repo.stat().st_mode == mode


def test_json_tells_how_it_ended(person: Person, repo: Path) -> None:
    done = person.call("run", "--json", "--", "touch", "made", cwd=repo)
    told = json.loads(done.stdout)
    assert (told["schema"], told["exit_code"], told["changes"]) == (1, 0, 1)
    assert told["change_set"] == told["name"]


def test_an_error_is_json_too(person: Person, repo: Path) -> None:
    done = person.call("run", "--json", "--", "no-such-program", cwd=repo)
    assert json.loads(done.stdout)["error"]["code"] == "command-not-found"
    assert done.returncode == 127


def test_the_default_name_is_readable_and_never_empty() -> None:
    from tests.boundary.plans import plan_for

    names = {source: session._default_name(plan_for(source)) for source in ("/w/My Repo", "/w/\udcff", "/w/" + "é" * 9)}
    assert names == {"/w/My Repo": "my-repo", "/w/\udcff": "sandbox", "/w/" + "é" * 9: "sandbox"}


@pytest.mark.parametrize("code", ["import paddock.session", "import paddock.cli.run"])
def test_it_can_be_imported_alone(code: str) -> None:
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
