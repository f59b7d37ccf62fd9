"""`prove.at_start`: the sandbox that was just made is attacked, and nothing starts in one that does not hold."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import vetting
from paddock.errors import Refused
from paddock.frozen import replace
from paddock.kernel import streams
from paddock.kernel.reports import Joined, tell
from paddock.plan.model import Image
from paddock.policy.model import Origin
from paddock.probes import piping
from paddock.probes.catalogue.reading import ANYONE, ROOT, load
from paddock.probes.planting.traps import ROWS
from paddock.vetting import Vetting, chosen
from tests.capabilities import IS_ROOT, needs
from tests.plan.machine import plan
from tests.real.support import processes_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.conftest import Person

SOURCE = Path(__file__).parents[1] / "src"
AT_START = "[prove]\nat_start = true\n"


def policy(person: Person, text: str) -> None:
    (person.home / ".config/paddock").mkdir(mode=0o700, exist_ok=True)
    (person.home / ".config/paddock/policy.toml").write_text(text)


@pytest.fixture
def vetted(tmp_path: Path) -> Iterator[Vetting]:
    made = Vetting(plan(), (), str(tmp_path / "probes"))
    yield made
    made.remove()
    assert not (tmp_path / "probes").exists()


def outside(argv: Sequence[str]) -> Joined:
    """The attacker without any sandbox, told of as a joiner tells of its command. Leaked descriptors reach it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    inside, ours = streams.open_pipes(("pipe", "pipe", "pipe"))
    joiner = os.fork()
    if joiner == 0:
        here.close()
        ready, starting = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                for number, descriptor in inside.items():
                    os.dup2(descriptor, number)
                os.execv(argv[0], list(argv))
            finally:
                os._exit(127)
        for descriptor in (starting, *inside.values(), *ours.values()):
            os.close(descriptor)
        tell(there, b"P", pid, descriptor=ready)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        tell(there, b"E" if code >= 0 else b"K", abs(code))
        there.recv(1)
        os._exit(0)
    there.close()
    for descriptor in inside.values():
        os.close(descriptor)
    return Joined(joiner, here, ours)


def refused(vetted: Vetting, argv: Sequence[str]) -> Refused:
    with pytest.raises(Refused) as caught:
        vetted.judge(outside(argv))
    assert (caught.value.code, caught.value.exit_code) == ("proof", 126)
    return caught.value


# What it finds where there is no sandbox


def test_every_row_at_the_start_is_a_quick_attack_that_can_be_shown_to_work() -> None:
    rows = {probe.id: probe for probe in load()}
    assert {probe.id for probe in chosen()} == set(ROWS)
    for name in ROWS:
        probe = rows[name]
        assert probe.quick
        assert (probe.kind in ("boundary", "surface"), probe.where) == (True, "inside"), name


def test_without_a_sandbox_every_row_breaches_and_the_start_is_refused(vetted: Vetting) -> None:
    seen, trouble = vetted.attack(outside(vetted.argv), chosen())
    found = {name for name, one in seen.items() if one.reached}
    assert trouble == ()
    controls = {probe.id: probe.control for probe in load()}
    shown = {name for name in ROWS if controls[name] == ANYONE or (controls[name] == ROOT and IS_ROOT)}
    assert shown <= found
    assert len(shown) >= 12
    error = refused(vetted, vetted.argv)
    assert "more probes got through" in error.what
    assert error.next_step.startswith("paddock prove --explain ")


def test_nothing_is_left_of_what_was_planted(tmp_path: Path) -> None:
    before = (sorted(os.listdir("/proc/self/fd")), dict(os.environ))
    made = Vetting(plan(), (), str(tmp_path / "probes"))
    assert len(os.environ) == len(before[1]) + 1
    made.remove()
    made.remove()
    assert (sorted(os.listdir("/proc/self/fd")), dict(os.environ)) == before
    assert os.listdir(tmp_path) == []


# An attacker that does not answer as it should

LIES = {
    "nothing at all": "true",
    "an end and no answers": 'import json\nprint(word, json.dumps({"end": len(rows)}))',
    "an answer twice": 'import json\nfor _ in "12":\n for row in rows: print(word, json.dumps({"id": row, "reached": []}))\nprint(word, json.dumps({"end": len(rows)}))',
    "one answer less": 'import json\nfor row in rows[1:]: print(word, json.dumps({"id": row, "reached": []}))\nprint(word, json.dumps({"end": len(rows)}))',
    "a failing end": 'import json, sys\nfor row in rows: print(word, json.dumps({"id": row, "reached": []}))\nprint(word, json.dumps({"end": len(rows)}))\nsys.stdout.flush()\nsys.exit(3)',
    "skips": 'import json\nfor row in rows: print(word, json.dumps({"id": row, "skipped": "not today"}))\nprint(word, json.dumps({"end": len(rows)}))',
    "broken probes": 'import json\nfor row in rows: print(word, json.dumps({"id": row, "broken": "KeyError"}))\nprint(word, json.dumps({"end": len(rows)}))',
    "a flood": 'while True: print("x" * 65536)',
    "its own end": "import os\nos.kill(os.getpid(), 9)",
    "no reading": "import os\nos.close(0)",
}  # fmt: skip
# The word and the rows are known to whoever reads the input, a hostile attacker included.
READS = """
import json, sys
data = sys.stdin.buffer.read() if not {quick} else b""
given = json.loads(data[data.rindex(b'{{"home"'):]) if data else {{"word": "", "rows": []}}
word, rows = given["word"], given["rows"]
{body}
"""


@pytest.mark.parametrize("lie", list(LIES))
def test_who_does_not_answer_for_every_row_has_shown_nothing(vetted: Vetting, lie: str) -> None:
    script = READS.format(quick=lie in ("no reading", "its own end"), body=LIES[lie])
    error = refused(vetted, ("/usr/bin/python3", "-c", script))
    assert "could not be shown" in error.what
    assert error.why
    assert "prove.at_start = false" in error.next_step


def test_who_never_ends_is_ended(vetted: Vetting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vetting, "TIMEOUT_S", 0.3)
    mark = f"600.{os.getpid()}"
    error = refused(vetted, ("/usr/bin/sleep", mark))
    assert "did not end within" in error.why
    assert processes_with(mark) == []


def test_who_cannot_be_started_has_shown_nothing(vetted: Vetting, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "could not be shown" in refused(vetted, ("/nonexistent",)).what
    monkeypatch.setattr(piping, "PYTHONS", ("/nonexistent",))
    with pytest.raises(Refused, match="could not be shown") as caught:
        Vetting(plan(), (), "/nonexistent/probes")
    assert "no Python" in caught.value.why


def test_in_an_image_python_is_looked_for_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(plan(), image=Image("sha", Origin("flag", "--image")))
    monkeypatch.setattr(piping, "PYTHONS", ("/nonexistent", os.path.dirname(sys.executable)))
    made = Vetting(own, (), str(tmp_path / "probes"))
    _, trouble = made.attack(outside(made.argv), chosen())
    assert trouble == ()
    made.remove()
    monkeypatch.setattr(piping, "PYTHONS", ("/nonexistent",))
    made = Vetting(own, (), str(tmp_path / "probes"))
    with pytest.raises(Refused, match="could not be shown") as caught:
        made.judge(outside(made.argv))
    assert "there is no Python inside" in caught.value.why
    made.remove()


# In the sandbox of a run


def contents(top: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime) for path in sorted(top.rglob("*"))}


@needs("bubblewrap")
@pytest.mark.parametrize("mode", ["review", "scratch", "readonly"])
def test_a_sandbox_that_holds_starts_the_command_and_nothing_was_written(person: Person, repo: Path, mode: str) -> None:
    policy(person, AT_START)
    before = contents(repo)
    listing = "ls /proc/self/fd; env; ls -A ~ /tmp /run; git status --short"
    plain = person.call("run", "--quiet", "--workspace", mode, "--", "sh", "-c", listing, cwd=repo)
    policy(person, "")
    without = person.call("run", "--quiet", "--workspace", mode, "--", "sh", "-c", listing, cwd=repo)
    assert plain.returncode == 0, plain.stderr
    assert (plain.stdout, plain.stderr) == (without.stdout, without.stderr)
    assert contents(repo) == before
    assert list((person.home / "runtime/paddock").rglob("*")) == [person.home / "runtime/paddock/live"]


@needs("bubblewrap")
def test_the_command_has_its_input_its_terminal_and_its_own_exit_code(person: Person, repo: Path) -> None:
    policy(person, AT_START)
    done = person.call("run", "--", "sh", "-c", "cat; exit 7", cwd=repo, stdin="for the command")
    assert (done.returncode, done.stdout) == (7, "for the command")
    script = ["script", "-qec", " ".join([*person.argv("run", "--quiet", "--"), "tty"]), "/dev/null"]
    seen = subprocess.run(script, cwd=repo, env=person.environ, capture_output=True, text=True, check=False)
    assert "/dev/pts/" in seen.stdout


@needs("bubblewrap")
def test_a_network_with_a_gateway_is_attacked_too(person: Person, repo: Path) -> None:
    policy(person, AT_START)
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        fetch = f"import socket; socket.create_connection(('host', {port})).close(); print('reached')"
        done = person.call("run", "--quiet", "--allow", f"host:{port}", "--", "python3", "-c", fetch, cwd=repo)
    assert (done.returncode, done.stdout) == (0, "reached\n"), done.stderr


@needs("landlock")
@pytest.mark.user
def test_under_landlock_it_is_the_same(person: Person, repo: Path) -> None:
    from paddock.boundary.base import GAPS

    policy(person, AT_START)
    accepted = [word for gap in GAPS for word in ("--accept", gap)]
    words = ("run", "--quiet", "--boundary", "landlock", "--minimum", "landlock", "--workspace", "readonly")
    done = person.call(*words, *accepted, "--", "echo", "started", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr


# One protection taken away, in the process that is Paddock. What is left must not be enough.
BREAKS = {
    "open descriptors": ("FS-14 leaked-file", "from paddock.kernel import confine; confine.close_all_but = lambda *_: None"),
    "no filter": ("PK-08 seccomp-on", "from paddock.kernel import seccomp; seccomp.install = lambda _: None"),
    "the caller's environment": (
        "CR-21 env-canary",
        (
            "from paddock.kernel import confine; become = confine.become_program\n"
            "confine.become_program = lambda argv, environ: become(argv, {**os.environ, **environ})"
        ),
    ),
    "the host's network": (
        "NW-01 host-loopback-tcp",
        (
            "from paddock.kernel import join; real = join.setns\n"
            "join.setns = lambda descriptor, flag: None if flag == join.FLAGS['net'] else real(descriptor, flag)"
        ),
    ),
    "core files": ("RS-04 core-off", "from paddock.kernel import rlimits; rlimits.set_limits = lambda _: None"),
}  # fmt: skip


@needs("bubblewrap")
@pytest.mark.parametrize("what", list(BREAKS))
def test_a_sandbox_that_lacks_one_protection_starts_nothing(person: Person, repo: Path, what: str) -> None:
    policy(person, AT_START)
    name, change = BREAKS[what]
    script = (
        f"import os, resource, sys\nresource.setrlimit(resource.RLIMIT_CORE, (0, 1 << 20)) if {IS_ROOT} else None\n"
        f"{change}\nfrom paddock.cli import main\nsys.argv[:] = ['paddock', 'run', '--json', '--', 'touch', 'ran']\nmain.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 126, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "proof"
    assert name in error["why"]
    assert error["next"] == f"paddock prove --explain {error['what'].split('probe ')[1].split(' ')[0]}"
    assert "touch" not in person.call("diff", cwd=repo).stdout
    assert "ran" not in person.call("changes", cwd=repo).stdout
    assert not (repo / "ran").exists()


def test_where_it_is_not_asked_for_nothing_of_it_is_loaded() -> None:
    script = (
        "import sys, paddock.session, paddock.cli.run; print([n for n in sys.modules if 'vet' in n or 'probe' in n])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
